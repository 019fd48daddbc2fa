"""The rig that is not there: bench, terminal processor and cameras. Imports nothing of tillrig outside itself."""
