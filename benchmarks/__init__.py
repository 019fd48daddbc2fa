"""Measurements. Each prints what it measured and, where a bar exists, whether it is met; none is a test."""
