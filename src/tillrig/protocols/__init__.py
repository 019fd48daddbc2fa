"""The languages spoken on the bench's wires, as pure functions from values to bytes and back.

Nothing in this package opens a socket, a port or a file, or asks for the time.
"""
