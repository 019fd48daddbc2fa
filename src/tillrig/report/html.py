"""The single-file HTML page: opens offline, needs nothing, holds its pictures."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import jinja2
import msgspec
from markupsafe import Markup, escape

from tillrig.report.pictures import Blobs, Picture, inline
from tillrig.report.summary import BrokenFinding, Summary
from tillrig.report.testimony import drawn
from tillrig.verdicts import RANK, Finding, Verdict

WORDS = {
    Verdict.PASS: "Every expectation matched.",
    Verdict.FAIL: "The terminal did other than expected; the findings below prove it.",
    Verdict.RIG_ERROR: "An instrument of the rig failed; nothing is said about the terminal where it did.",
    Verdict.INCONCLUSIVE: "Something could not be read or decided with certainty.",
    Verdict.BLOCKED: "A needed state or a healthy rig could not be had, or not everything was run.",
    Verdict.TEST_ERROR: "A suite, a profile or a rig file is wrong.",
}

#: From this share of common characters on, a reader wants to know which ones differ.
ALIKE = 0.5

GalleryItem = tuple[bytes, str]


def render(summary: Summary, *, sentences: dict[str, str], blob: Blobs, gallery: Sequence[GalleryItem] = ()) -> str:
    """The page. `sentences`: requirement id → sentence. `gallery`: pictures of a sound sale, with captions."""
    return template("page.html.j2").render(
        s=summary,
        words=WORDS,
        ranked=lambda findings: sorted(findings, key=_strongest_first),
        verdict_names=[v.value for v in Verdict],
        cards=[card(finding, sentences, blob) for finding in sorted(summary.findings, key=_strongest_first)],
        tries=dict(Counter(row.id for row in summary.attempts)),
        gallery=[picture for encoded, caption in gallery if (picture := inline(encoded, caption)) is not None],
    )


def _strongest_first(finding: Finding) -> int:
    return -RANK.index(finding.verdict)


def template(name: str) -> jinja2.Template:
    """A template of the report."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tillrig.report", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(name)


def card(finding: BrokenFinding, sentences: dict[str, str], blob: Blobs) -> dict[str, Any]:
    """What the template draws of a finding."""
    drawing = drawn(finding, blob)
    expected, seen = marked(finding.expected, finding.seen)
    return {
        **msgspec.structs.asdict(finding),
        "sentence": sentences.get(finding.requirement, ""),
        "expected_marked": expected,
        "seen_marked": seen,
        "drawing": drawing,
        "shown": _shown(finding, blob) if drawing is None else (),
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
    """Both texts with the characters that differ marked; nothing is marked where the texts have little in common."""
    compared = difflib.SequenceMatcher(None, expected, seen, autojunk=False)
    if compared.ratio() < ALIKE:
        return escape(expected), escape(seen)
    left, right = [], []
    for operation, a0, a1, b0, b1 in compared.get_opcodes():
        one, two = escape(expected[a0:a1]), escape(seen[b0:b1])
        if operation != "equal":
            one = Markup("<mark>{}</mark>").format(one) if one else one
            two = Markup("<mark>{}</mark>").format(two) if two else two
        left.append(one)
        right.append(two)
    return Markup("").join(left), Markup("").join(right)
