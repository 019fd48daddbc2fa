"""One finding in plain words: what was expected, what was seen, who said so, why this verdict, what to do."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterator, Sequence

import msgspec

from tillrig.errors import UsageError
from tillrig.exhibits import Word
from tillrig.report.html import card, template
from tillrig.report.pictures import Blobs, is_picture
from tillrig.report.summary import BrokenFinding, Summary
from tillrig.report.testimony import NAMES, VOTES
from tillrig.verdicts import RANK, Verdict

#: Findings named where the id is not known.
NEAR = 5
#: Points whose texts are known to the byte.
TO_THE_BYTE = ("host", "ecr", "console", "money")
#: What helps where the eye gave such a reason.
REMEDIES = {
    "saturated": "Take the glare away: a hood, a polariser, another angle, a shorter exposure.",
    "distinct frame": "The text was shown too short, or the camera gives too few frames: look at its rate.",
    "font": "Compare the profile's fonts with the display; `tillrig learn` takes the font from the terminal itself.",
    "contrast": "The display is dark or dim: look at its lamp and at the exposure.",
    "blank": "The display is dark or dim: look at its lamp and at the exposure.",
    "missing ink": "Poor print: clean the print head, change the paper, give small print two camera pixels a dot.",
    "more ink": "Something else is printed or lies on this line: look at the crop.",
    "not wholly in view": "Let the slip come to rest wholly in view of the camera.",
    "witness": "The rig cannot say whose fault it is: give it a witness (manual: Verdicts, Blame needs witnesses).",
}
CHECK = "Look whether the cameras are in tune: `tillrig calibrate --check --rig RIG`."


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Each part in plain sentences or lines; empty where there is nothing to say."""

    finding: BrokenFinding
    requirement: str
    differs: tuple[str, ...]
    voices: tuple[str, ...]
    why: tuple[str, ...]
    advice: tuple[str, ...]


def find(summary: Summary, wanted: str) -> BrokenFinding:
    """The finding of that id, or of the only id that begins so. Raises UsageError, which lists near ones."""
    wanted = wanted.lower()
    hits = [one for one in summary.findings if one.id == wanted] or [
        one for one in summary.findings if wanted and one.id.startswith(wanted)
    ]
    if len(hits) == 1:
        return hits[0]
    if not summary.findings:
        raise UsageError(f"there is no finding {wanted!r}: this run has none that is not PASS")
    near = hits or _near(summary.findings, wanted)
    listed = "\n".join(f"  {one.id}  {one.verdict.value}  {one.point}  {one.attempt_id}" for one in near[:NEAR])
    more = "" if len(summary.findings) <= len(near[:NEAR]) else f"\n({len(summary.findings)} in all, in the report)"
    problem = "several findings begin with" if hits else "there is no finding"
    return _refuse(f"{problem} {wanted!r}; {'they are' if hits else 'near ones'}:\n{listed}{more}")


def _refuse(text: str) -> BrokenFinding:
    raise UsageError(text)


def _near(findings: Sequence[BrokenFinding], wanted: str) -> list[BrokenFinding]:
    """By id, by words of point and requirement, the strongest first; of nothing like it the strongest ones."""
    ranked = sorted(findings, key=lambda one: -RANK.index(one.verdict))
    alike = difflib.get_close_matches(wanted, [one.id for one in ranked], NEAR, 0.5)
    words = wanted.replace(".", " ").split()
    named = [one for one in ranked if words and all(word in f"{one.point} {one.requirement}".lower() for word in words)]
    found = [*(one for one in ranked if one.id in alike), *named]
    return list({one.id: one for one in found}.values()) or ranked


def explain(
    finding: BrokenFinding, summary: Summary, sentences: dict[str, str], blob: Blobs | None = None
) -> Explanation:
    """Everything that is to say of `finding`; `sentences`: requirement id → sentence. With `blob` it says too which
    pictures are gone."""
    gone = sum(blob is not None and not is_picture(blob(one)) for one in finding.pictures)
    words = finding.exhibit.words if finding.exhibit is not None else ()
    return Explanation(
        finding=finding,
        requirement=sentences.get(finding.requirement, ""),
        differs=tuple(_differs(finding)),
        voices=tuple(map(_voice, words)),
        why=(*_why(finding), *_missing(gone, len(finding.pictures))),
        advice=tuple(_advice(finding, summary, drawn=gone < len(finding.pictures))),
    )


def _differs(finding: BrokenFinding) -> Iterator[str]:
    if finding.exhibit is None or not finding.seen:
        return
    compared = difflib.SequenceMatcher(None, finding.expected, finding.seen, autojunk=False)
    if compared.ratio() < 0.5:
        yield "the two have little in common"
        return
    for operation, a0, a1, b0, b1 in compared.get_opcodes():
        ours, theirs = finding.expected[a0:a1], finding.seen[b0:b1]
        if operation == "replace":
            yield f"from character {a0 + 1}: {ours!r} expected, {theirs!r} seen"
        elif operation == "delete":
            yield f"from character {a0 + 1}: {ours!r} is missing"
        elif operation == "insert":
            yield f"after character {a0}: {theirs!r} is too much"


def _voice(word: Word) -> str:
    name = NAMES.get(word.reader, word.reader)
    told = f"{name} ({word.reader}), frame {word.frame}: {VOTES.get(word.vote, word.vote)}"
    read = f", read {word.text!r}" if word.text else ""
    text = f"{told}{read}, margin {word.margin:+.1f} nats"
    weakest = min(word.cells, key=lambda cell: cell.margin, default=None)
    if weakest is not None and weakest.char:
        rival = f" against {weakest.rival!r}" if weakest.rival else ""
        text += f", weakest character {weakest.char!r} {weakest.margin:+.2f}{rival}"
    return text + (f"; {word.reason}" if word.reason and word.reason != f"read {word.text!r}" else "")


def _why(finding: BrokenFinding) -> Iterator[str]:
    exhibit = finding.exhibit
    if finding.reason:
        yield f"The judge says: {finding.reason}."
    if finding.verdict is Verdict.FAIL and exhibit is not None and exhibit.answer == "MISMATCH":
        readers, frames = " and ".join(exhibit.readers) or "the readers", len(exhibit.frames)
        yield f"FAIL, because {readers} saw the same other text in {frames} distinct frames."
        yield "The camera proved itself afterwards."
    elif finding.verdict is Verdict.FAIL and exhibit is not None:
        yield "FAIL, because the eye stands by the line as it was read, and it is not what must stand there."
    elif finding.verdict is Verdict.FAIL and finding.point.partition(".")[0] in TO_THE_BYTE:
        yield "FAIL, because what came over the line is known to the byte, and it is not what was expected."
    elif finding.verdict is Verdict.FAIL:
        yield "FAIL, because the instrument that would have seen it proved itself afterwards."
    elif finding.verdict is Verdict.INCONCLUSIVE and exhibit is not None:
        yield (
            "INCONCLUSIVE: what is not read for certain accuses nobody, and what nobody confirmed is no PASS. "
            "It may run again."
        )
    elif finding.verdict is Verdict.INCONCLUSIVE:
        yield "INCONCLUSIVE: it is not certain enough to say either. It may run again."
    elif finding.verdict is Verdict.RIG_ERROR:
        yield "RIG_ERROR: proof from an instrument that fails its own check is void, whatever it says."
    else:
        yield f"{finding.verdict.value}: it says nothing of the terminal."


def _missing(gone: int, kept: int) -> Iterator[str]:
    if gone:
        yield f"{gone} of its {kept} pictures are gone from the run directory or damaged: they cannot be drawn."


def _advice(finding: BrokenFinding, summary: Summary, *, drawn: bool) -> Iterator[str]:
    suite = shlex.quote(finding.attempt_id.partition("::")[0])
    if finding.verdict is Verdict.FAIL:
        if finding.exhibit is not None and drawn:
            yield (
                "Look at the crops. Do they show what was seen, it is the terminal: its maker wants this page. "
                "Do they show what was expected, the eye erred: keep the run directory and report it."
            )
        else:
            yield f"Look at the attempt's timeline: {summary.attempts[finding.attempt].directory}/timeline.jsonl."
    elif finding.verdict is Verdict.INCONCLUSIVE:
        words = finding.exhibit.words if finding.exhibit is not None else ()
        told = " ".join((finding.reason, *(word.reason for word in words)))
        yield from dict.fromkeys(remedy for sign, remedy in REMEDIES.items() if sign in told)
        yield CHECK
    elif finding.verdict is Verdict.RIG_ERROR:
        yield "Let each instrument prove itself: `tillrig rig RIG`. " + CHECK
    yield f"Again: `tillrig run {suite} --requirement {finding.requirement}`, with --rig as before."


def as_text(one: Explanation) -> Iterator[str]:
    """Lines for a terminal."""
    finding = one.finding
    yield f"{finding.verdict.value} {finding.id} · {finding.point} · {finding.requirement}"
    if one.requirement:
        yield f"  required  {one.requirement}"
    yield f"  test      {finding.attempt_id}"
    yield f"  expected  {finding.expected}"
    yield f"  seen      {finding.seen or '(nothing)'}"
    for line in one.differs:
        yield f"            {line}"
    for heading, lines in (("who said so", one.voices), ("why", one.why), ("what to do", one.advice)):
        if lines:
            yield f"{heading}:"
            yield from (f"  {line}" for line in lines)
    if finding.exhibit is not None and finding.exhibit.withheld:
        yield f"texts, characters and crops are left out: {finding.exhibit.withheld}"


def as_page(one: Explanation, summary: Summary, blob: Blobs) -> str:
    """The drawn testimony alone, a page that opens offline."""
    finding = one.finding
    return template("explain.html.j2").render(
        s=summary,
        f=card(finding, {finding.requirement: one.requirement}, blob),
        one=one,
        alone=True,
        ran=summary.attempts[finding.attempt],
        tries={finding.attempt_id: sum(row.id == finding.attempt_id for row in summary.attempts)},
    )
