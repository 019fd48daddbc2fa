"""Seeded fault: the text of code 51 is shown with a similar but wrong character."""

from __future__ import annotations


def result_text(text: str, code: str) -> str:
    """A look-alike character."""
    return text.replace("余", "佘") if code == "51" else text
