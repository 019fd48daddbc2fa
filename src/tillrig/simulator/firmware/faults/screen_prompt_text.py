"""Seeded fault: the card prompt's text is wrong."""

from __future__ import annotations


def screen_rows(rows: list[str], step: str) -> list[str]:
    """One word of the prompt is wrong."""
    return [row.replace("挥卡", "换卡") for row in rows] if step == "ask_card" else rows
