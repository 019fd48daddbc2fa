"""Slips: which printed line answers which expected one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tillrig.judge.align import align
from tillrig.judge.findings import Witnesses, drawn, failed, missing, passed, testified, unsure
from tillrig.observations import Line, PaperSeen, Reading, SlipSeen
from tillrig.profiles import LineExpectation, Profile
from tillrig.profiles.screens import alike, bare
from tillrig.profiles.slips import absent, labels_of, slip_lines
from tillrig.steps import Branch, Slip
from tillrig.verdicts import Finding, Verdict

#: Two texts less alike than this are not the same line.
LIKE = 0.5
#: A line read with less is not legible: whether anything stands there at all is open.
LEGIBLE = 0.9
#: Three characters and more that are no rule.
_TEXT = re.compile(r"(?:.*\w){3}", re.DOTALL)
_AMOUNT = re.compile(r"(?:RMB|CNY|¥)?-?[\d,]*\d\.\d\d(?:元)?")


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
    looked: Sequence[PaperSeen] = (),
) -> Iterator[Finding]:
    """Findings of every slip that should come, and of each that should not. Where nobody `looked` at the paper when all
    was over, nothing is said of slips that must not come.
    """
    steps = [step for step in branch.steps if isinstance(step, Slip)]
    pairs = align(
        len(steps),
        len(seen),
        lambda i, j: 2.0 if steps[i].copy == seen[j].copy else 0.5 if not seen[j].copy else 0.2,
        miss=lambda i: 0.1 if steps[i].optional else 1.0,
        extra=lambda _: 1.0,
    )
    for i, j in pairs:
        if i is not None and j is not None:
            yield from _lines(steps[i], seen[j], bindings, profile)
        elif i is not None and not steps[i].optional and gave_up is None:
            yield missing(steps[i].requirement, f"slip.{steps[i].copy}", f"the slip {steps[i].copy}", witnesses)
        elif j is not None:
            yield _unexpected(branch, seen[j])
    for step in branch.forbidden:
        if (
            isinstance(step, Slip)
            and looked
            and gave_up is None
            and all(one.copy not in (step.copy, "") for one in seen)
        ):
            yield passed(step.requirement, f"slip.{step.copy}", "(no slip)", at=looked[-1].at)


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
    unwanted: set[int] = set()
    yield from _forbidden(step, slip, used, unwanted, bindings, profile)
    if slip.complete and len(used) == len(expected) and not any(one.unbound for one in expected):
        yield from _extra(step, slip, expected, places, unwanted)


def _extra(
    step: Slip,
    slip: SlipSeen,
    expected: Sequence[LineExpectation],
    places: Sequence[int | None],
    unwanted: set[int],
) -> Iterator[Finding]:
    """Legible lines of a slip that has all its own and of which nothing was expected."""
    known = {place: one for one, place in zip(expected, places, strict=True) if place is not None}
    for number, line in enumerate(slip.lines):
        if number in known or number in unwanted or line.confidence < LEGIBLE or not _TEXT.match(bare(line.text)):
            continue
        if not _piece_of_a_neighbour(number, slip, known):
            yield _not_expected(step, slip, line)


def _piece_of_a_neighbour(number: int, slip: SlipSeen, known: Mapping[int, LineExpectation]) -> bool:
    """Whether the reader may have parted one printed line in two, or the line before goes on with what nobody knows."""
    text = bare(slip.lines[number].text)
    for other in (number - 1, number + 1):
        one = known.get(other)
        if one is None:
            continue
        if one.prefix and other < number:
            return True
        wanted = bare(one.text)
        if len(text) < len(wanted) and text in wanted and not _stands_whole(one, slip.lines[other]):
            return True
    return False


def _stands_whole(one: LineExpectation, line: Line) -> bool:
    said = line.said_of(one.text)
    return said is not None and said.reading is Reading.MATCH


def _not_expected(step: Slip, slip: SlipSeen, line: Line) -> Finding:
    """FAIL when the eye stands by the line as it was read, from two frames, on money with two readers; a blind reading
    alone accuses nobody.
    """
    money = _AMOUNT.fullmatch(bare(line.text)) is not None
    point = f"slip.{step.copy}.{'amount' if money else 'text'}"
    said = line.said_of(line.text)
    shown = {**drawn(slip.picture, line, said), "money": money, "at": slip.at}
    text = "a line that nothing expects"
    if said is None or said.reading is not Reading.MATCH:
        reason = f"{text}; it was read once, and the eye was not asked to stand by it" if said is None else said.why
        return unsure("SLIP-LINES", point, "(no such line)", line.text, reason, evidence=slip.frames, **shown)
    if len(said.frames) < 2 or (money and len(said.readers) < 2):
        reason = f"{text}; seen by {len(said.readers)} readers in {len(said.frames)} frames only"
        return unsure("SLIP-LINES", point, "(no such line)", line.text, reason, evidence=said.frames, **shown)
    return failed("SLIP-LINES", point, "(no such line)", line.text, text, evidence=said.frames, **shown)


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
                evidence=without.frames, pictures=finding.pictures, boxes=finding.boxes, exhibit=without.exhibit,
                money=one.money, at=slip.at,
            )  # fmt: skip
    return finding


def _labelled(one: LineExpectation, point: str, slip: SlipSeen, line: Line) -> Finding:
    """A line whose value nobody can know: that it is there."""
    if alike(bare(one.text), bare(line.text)[: len(bare(one.text))]) >= 0.7 and len(bare(line.text)) > len(
        bare(one.text)
    ):
        return passed(one.requirement, point, one.text, at=slip.at)
    shown = {**drawn(slip.picture, line, line.said_of(one.text)), "at": slip.at}
    return unsure(one.requirement, point, one.text, line.text, "the label cannot be read", **shown)


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
    step: Slip,
    slip: SlipSeen,
    used: set[int],
    unwanted_lines: set[int],
    bindings: Mapping[str, str],
    profile: Profile,
) -> Iterator[Finding]:
    """Lines of fields that must not be printed, found among those that nothing was expected of; their numbers go into
    `unwanted_lines`.
    """
    unwanted = [
        field for field in (*step.fields, *step.forbidden) if absent(field, bindings) or field in step.forbidden
    ]
    for field in unwanted:
        point = f"slip.{step.copy}.{field.name}"
        for label in labels_of(profile, step, field.name):
            number = _labelled_line(label, slip, used)
            if number is not None:
                found = slip.lines[number]
                unwanted_lines.add(number)
                yield failed(
                    field.requirement, point, "(not printed)", found.text, "a line that must not be there",
                    evidence=slip.frames, at=slip.at, **drawn(slip.picture, found, found.said_of(found.text)),
                )  # fmt: skip
                break
        else:
            yield passed(field.requirement, point, "(not printed)", at=slip.at)


def _labelled_line(label: str, slip: SlipSeen, used: set[int]) -> int | None:
    wanted = bare(label)
    for number, line in enumerate(slip.lines):
        text = bare(line.text)
        if number not in used and (alike(wanted, text[: len(wanted)]) >= 0.75 or alike(wanted, text) >= 0.65):
            return number
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
