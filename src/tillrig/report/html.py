"""The single-file HTML page: opens offline, needs nothing, holds its pictures."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any

import jinja2
import msgspec
from markupsafe import Markup, escape

from tillrig.report.pictures import Picture, inline
from tillrig.report.summary import BrokenFinding, Summary
from tillrig.verdicts import Verdict

WORDS = {
    Verdict.PASS: "Every expectation matched.",
    Verdict.FAIL: "The terminal did other than expected; the findings below prove it.",
    Verdict.RIG_ERROR: "An instrument of the rig failed; nothing is said about the terminal where it did.",
    Verdict.INCONCLUSIVE: "Something could not be read or decided with certainty.",
    Verdict.BLOCKED: "A needed state or a healthy rig could not be had, or not everything was run.",
    Verdict.TEST_ERROR: "A suite, a profile or a rig file is wrong.",
}

#: blob id → encoded picture, or None when it is not kept.
Blobs = Callable[[str], bytes | None]
GalleryItem = tuple[bytes, str]


def render(summary: Summary, *, sentences: dict[str, str], blob: Blobs, gallery: Sequence[GalleryItem] = ()) -> str:
    """The page. `sentences`: requirement id → sentence. `gallery`: pictures of a sound sale, with captions."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tillrig.report", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html.j2").render(
        s=summary,
        words=WORDS,
        verdict_names=[v.value for v in Verdict],
        cards=[_card(finding, sentences, blob) for finding in summary.findings],
        gallery=[picture for encoded, caption in gallery if (picture := inline(encoded, caption)) is not None],
    )


def _card(finding: BrokenFinding, sentences: dict[str, str], blob: Blobs) -> dict[str, Any]:
    expected, seen = marked(finding.expected, finding.seen)
    return {
        **msgspec.structs.asdict(finding),
        "sentence": sentences.get(finding.requirement, ""),
        "expected_marked": expected,
        "seen_marked": seen,
        "shown": _shown(finding, blob),
    }


def _shown(finding: BrokenFinding, blob: Blobs) -> list[Picture]:
    shown = []
    for number, reference in enumerate(finding.pictures):
        encoded = blob(reference)
        if encoded is None:
            continue
        box = finding.boxes[number] if number < len(finding.boxes) else None
        picture = inline(encoded, f"{finding.point}, as the camera saw it", box)
        if picture is not None:
            shown.append(picture)
    return shown


def marked(expected: str, seen: str) -> tuple[Markup, Markup]:
    """Both texts with the characters that differ marked."""
    if not expected or not seen:
        return escape(expected), escape(seen)
    left, right = [], []
    for operation, a0, a1, b0, b1 in difflib.SequenceMatcher(None, expected, seen, autojunk=False).get_opcodes():
        one, two = escape(expected[a0:a1]), escape(seen[b0:b1])
        if operation != "equal":
            one = Markup("<mark>{}</mark>").format(one) if one else one
            two = Markup("<mark>{}</mark>").format(two) if two else two
        left.append(one)
        right.append(two)
    return Markup("").join(left), Markup("").join(right)
