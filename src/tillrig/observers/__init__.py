"""The only makers of observations: from camera frames, the host's records and the bytes of the serial lines."""
