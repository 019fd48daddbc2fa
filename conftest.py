"""Suites and tests run from this folder; what they share is the plugin `tillrig`, installed with the package."""
