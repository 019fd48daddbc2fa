"""From named values to lines, from lines to dots (rules R1, R2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tillrig.simulator import wire
from tillrig.simulator.firmware.hardware.fonts import SMALL_FONT, TEXT_FONT, columns, wrap

DOTS = 384
FEED = 120
"""Blank dot lines after every copy."""


@dataclass
class SlipLine:
    """One printed line. ``font``: text (24 dots), small (16), amount (48 high), rule, space (``text`` = dot lines)."""

    field: str
    text: str
    font: str = "text"
    align: str = "left"


WIDTH = {"text": 32, "small": 48, "amount": 16}
_PITCH = {"text": 30, "small": 20, "amount": 60}


def lay_out(template: Iterable[dict[str, Any]], values: dict[str, Any]) -> list[SlipLine]:
    """Lines of a template: a value on its label's line when it fits, else below; an empty value leaves its line out."""
    lines: list[SlipLine] = []
    for entry in template:
        if "when" in entry and not values.get(entry["when"]):
            continue
        if entry.get("rule"):
            lines.append(SlipLine("rule", "-" * WIDTH["text"], "rule"))
        elif "space" in entry:
            lines.append(SlipLine("space", str(entry["space"]), "space"))
        else:
            lines += _field_lines(entry, values.get(entry["field"], ""))
    return lines


def _field_lines(entry: dict[str, Any], value: Any) -> list[SlipLine]:
    name, label = entry["field"], entry.get("label", "")
    font, align = entry.get("font", "text"), entry.get("align", "left")
    parts = [str(part) for part in value] if isinstance(value, (list, tuple)) else [str(value)]
    parts = [part for part in parts if part]
    if not parts and not entry.get("keep_empty"):
        return []
    lines: list[SlipLine] = []
    beside = not entry.get("below") and len(parts) <= 1 and columns(label + "".join(parts)) <= WIDTH[font]
    if beside:
        return [SlipLine(name, label + "".join(parts), font, align)]
    if label:
        lines.append(SlipLine(name, label, "text"))
    return lines + [SlipLine(name, row, font, align) for part in parts for row in wrap(part, WIDTH[font])]


def rasterise(lines: Iterable[SlipLine]) -> list[bytes]:
    """Dot lines of 48 bytes each, leftmost dot first, without the feed."""
    dots: list[bytes] = []
    for line in lines:
        if line.font == "space":
            dots += [bytes(wire.DOT_BYTES)] * int(line.text)
        else:
            dots += [row.to_bytes(wire.DOT_BYTES) for row in _rows(line)]
    return dots


def _rows(line: SlipLine) -> list[int]:
    text = line.text
    width = WIDTH.get(line.font, WIDTH["text"])
    if line.align == "centre":
        text = " " * ((width - columns(text)) // 2) + text
    elif line.align == "right":
        text = " " * (width - columns(text)) + text
    if line.font == "small":
        rows = SMALL_FONT.rows(text, DOTS)
    elif line.font == "amount":
        rows = [bits for row in TEXT_FONT.rows(text, DOTS // 2) for bits in [_double(row)] * 2]
    else:
        rows = TEXT_FONT.rows(text, DOTS)
    pitch = _PITCH.get(line.font, _PITCH["text"])
    return rows + [0] * (pitch - len(rows))


def _double(row: int) -> int:
    digits = f"{row:0{DOTS // 2}b}"
    return int("".join(bit * 2 for bit in digits), 2)
