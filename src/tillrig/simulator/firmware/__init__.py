"""The terminal's processor, model *classic*: one process behind two pipes, driven by nothing but its hardware messages."""
