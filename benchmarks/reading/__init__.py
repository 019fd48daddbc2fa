"""How well the eye reads: a corpus of screens and slips drawn with truth, what the eye makes of it, and the report."""
