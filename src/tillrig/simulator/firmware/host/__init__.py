"""The acquirer's side: codec, keys, one exchange, checks, reversal."""
