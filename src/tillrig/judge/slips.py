"""Slips: which printed line answers which expected one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tillrig.judge.align import align
from tillrig.judge.findings import Witnesses, failed, missing, passed, testified, unsure
from tillrig.observations import Line, Reading, SlipSeen
from tillrig.profiles import LineExpectation, Profile
from tillrig.profiles.screens import alike, bare
from tillrig.profiles.slips import absent, labels_of, slip_lines
from tillrig.steps import Branch, Slip
from tillrig.verdicts import Finding, Verdict

#: Two texts less alike than this are not the same line.
LIKE = 0.5


def align_lines(expected: Sequence[LineExpectation], printed: Sequence[str]) -> list[int | None]:
    """For each expected line the number of the printed one, None when it is not there."""
    wanted = [bare(one.text) for one in expected]
    there = [bare(text) for text in printed]

    def gain(i: int, j: int) -> float:
        likeness = alike(wanted[i], there[j])
        if expected[i].prefix:
            likeness = max(likeness, alike(wanted[i], there[j][: len(wanted[i])]))
        return likeness * 2 - 0.2 if likeness >= LIKE else 0.0

    pairs = align(len(wanted), len(there), gain, miss=lambda _: 0.3, extra=lambda _: 0.3)
    found: list[int | None] = [None] * len(wanted)
    for i, j in pairs:
        if i is not None:
            found[i] = j
    return found


def compare(
    branch: Branch,
    seen: Sequence[SlipSeen],
    bindings: Mapping[str, str],
    profile: Profile,
    witnesses: Witnesses,
    gave_up: float | None,
) -> Iterator[Finding]:
    """Findings of every slip that should come, and of each that should not."""
    steps = [step for step in branch.steps if isinstance(step, Slip)]
    pairs = align(
        len(steps),
        len(seen),
        lambda i, j: 2.0 if steps[i].copy == seen[j].copy else 0.5 if not seen[j].copy else 0.2,
        miss=lambda _: 1.0,
        extra=lambda _: 1.0,
    )
    for i, j in pairs:
        if i is not None and j is not None:
            yield from _lines(steps[i], seen[j], bindings, profile)
        elif i is not None and gave_up is None:
            yield missing(steps[i].requirement, f"slip.{steps[i].copy}", f"the slip {steps[i].copy}", witnesses)
        elif j is not None:
            yield _unexpected(branch, seen[j])


def _lines(step: Slip, slip: SlipSeen, bindings: Mapping[str, str], profile: Profile) -> Iterator[Finding]:
    expected = slip_lines(profile, step, bindings)
    places = align_lines(expected, [line.text for line in slip.lines])
    read = sum(place is not None for place in places)
    for number, (one, place) in enumerate(zip(expected, places, strict=True)):
        point = f"slip.{step.copy}.{one.field}"
        if one.unbound:
            yield unsure(one.requirement, point, f"(unknown: {one.unbound})", "", "what is right was never observed")
        elif place is None:
            yield _not_printed(one, point, slip, places, number, read)
        elif one.prefix:
            yield _labelled(one, point, slip, slip.lines[place])
        else:
            yield _line(one, point, slip, slip.lines[place])
    used = {place for place in places if place is not None}
    yield from _forbidden(step, slip, used, bindings, profile)


def _line(one: LineExpectation, point: str, slip: SlipSeen, line: Line) -> Finding:
    said = line.said_of(one.text)
    finding = testified(
        one.requirement, point, one.text, line, said, picture=slip.picture, money=one.money, at=slip.at
    )  # fmt: skip
    if finding.verdict is Verdict.INCONCLUSIVE and one.empty.strip():
        # A value that is not printed at all is no misread one: the line without it is what the eye confirms.
        without = line.said_of(one.empty)
        if without is not None and without.reading is Reading.MATCH and bare(line.text) == bare(one.empty):
            return failed(
                one.requirement, point, one.text, line.text, "the value is not printed",
                evidence=without.frames, pictures=finding.pictures, boxes=finding.boxes, money=one.money, at=slip.at,
            )  # fmt: skip
    return finding


def _labelled(one: LineExpectation, point: str, slip: SlipSeen, line: Line) -> Finding:
    """A line whose value nobody can know: that it is there."""
    if alike(bare(one.text), bare(line.text)[: len(bare(one.text))]) >= 0.7 and len(bare(line.text)) > len(
        bare(one.text)
    ):
        return passed(one.requirement, point, one.text, at=slip.at)
    return unsure(one.requirement, point, one.text, line.text, "the label cannot be read", at=slip.at)


def _not_printed(
    one: LineExpectation, point: str, slip: SlipSeen, places: Sequence[int | None], number: int, read: int
) -> Finding:
    """The paper around the place was read, so the line is not there; else it may have been out of view."""
    before = next((place for place in reversed(places[:number]) if place is not None), None)
    after = next((place for place in places[number + 1 :] if place is not None), None)
    surely = slip.complete and read >= max(3, len(places) // 2) and (before is not None or after is not None)
    near = slip.lines[before].box if before is not None else slip.lines[after].box if after is not None else None
    shown = {
        "pictures": (slip.picture,) if slip.picture and near else (),
        "boxes": (near,) if slip.picture and near else (),
    }
    more = {**shown, "evidence": slip.frames, "money": one.money, "at": slip.at}
    if surely:
        return failed(one.requirement, point, one.text, "(not printed)", "the lines around it were read", **more)
    return unsure(one.requirement, point, one.text, "(not found)", "the slip was not wholly in view", **more)


def _forbidden(
    step: Slip, slip: SlipSeen, used: set[int], bindings: Mapping[str, str], profile: Profile
) -> Iterator[Finding]:
    """Lines of fields that must not be printed, found among those that nothing was expected of."""
    unwanted = [
        field for field in (*step.fields, *step.forbidden) if absent(field, bindings) or field in step.forbidden
    ]
    for field in unwanted:
        point = f"slip.{step.copy}.{field.name}"
        for label in labels_of(profile, step, field.name):
            found = _labelled_line(label, slip, used)
            if found is not None:
                yield failed(
                    field.requirement, point, "(not printed)", found.text, "a line that must not be there",
                    pictures=(slip.picture,) if slip.picture else (), boxes=(found.box,) if slip.picture else (),
                    evidence=slip.frames, at=slip.at,
                )  # fmt: skip
                break
        else:
            yield passed(field.requirement, point, "(not printed)", at=slip.at)


def _labelled_line(label: str, slip: SlipSeen, used: set[int]) -> Line | None:
    wanted = bare(label)
    for number, line in enumerate(slip.lines):
        text = bare(line.text)
        if number not in used and (alike(wanted, text[: len(wanted)]) >= 0.75 or alike(wanted, text) >= 0.65):
            return line
    return None


def _unexpected(branch: Branch, slip: SlipSeen) -> Finding:
    copy = slip.copy or "unknown"
    forbidden = [step for step in branch.forbidden if isinstance(step, Slip)]
    same = [step for step in forbidden if step.copy == slip.copy] or forbidden
    requirement = same[0].requirement if same else "SLIP-COPIES"
    text = " / ".join(line.text for line in slip.lines[:4])
    if not slip.lines:
        return unsure(
            requirement, f"slip.{copy}", "(no slip)", "(nothing legible)", "paper at rest without a line", at=slip.at
        )
    return failed(
        requirement, f"slip.{copy}", "(no slip)", text, "a slip that should not be printed",
        pictures=(slip.picture,) if slip.picture else (), evidence=slip.frames, at=slip.at,
    )  # fmt: skip
