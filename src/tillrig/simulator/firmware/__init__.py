"""The terminal's processor, model *classic*: one process driven by nothing but its hardware messages."""
