"""How findings are worded, and what may be called a FAIL."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tillrig.observations import Line, Reading, Testimony
from tillrig.verdicts import Finding, Verdict, Witness

#: What the instrument behind a point said after it was asked to prove itself: by the point's first word.
Witnesses = Mapping[str, Witness]

#: Whose word a point stands on where its first word does not say.
BEHIND = {"money": "host"}


def passed(requirement: str, point: str, expected: str, **more: object) -> Finding:
    """A match."""
    return _finding(requirement, point, Verdict.PASS, expected, expected, **more)


def failed(requirement: str, point: str, expected: str, seen: str, reason: str, **more: object) -> Finding:
    """A proven difference."""
    return _finding(requirement, point, Verdict.FAIL, expected, seen, reason=reason, **more)


def unsure(requirement: str, point: str, expected: str, seen: str, reason: str, **more: object) -> Finding:
    """Not certain enough to say either."""
    return _finding(requirement, point, Verdict.INCONCLUSIVE, expected, seen, reason=reason, **more)


def _finding(requirement: str, point: str, verdict: Verdict, expected: str, seen: str, **more: object) -> Finding:
    return Finding(requirement=requirement, point=point, verdict=verdict, expected=expected, seen=seen, **more)  # type: ignore[arg-type]


def compared(
    requirement: str, point: str, expected: str, seen: str | None, *, money: bool = False, at: float = 0.0
) -> Finding:
    """Two texts that are known to the byte."""
    if seen == expected:
        return passed(requirement, point, expected, money=money, at=at)
    return failed(requirement, point, expected, "(absent)" if seen is None else seen, "differs", money=money, at=at)


def testified(
    requirement: str,
    point: str,
    expected: str,
    line: Line,
    said: Testimony | None,
    *,
    picture: str,
    money: bool,
    at: float,
) -> Finding:
    """The eye's word as a finding. A FAIL needs two distinct frames, on money two readers as well (eye)."""
    shown = {**drawn(picture, line, said), "money": money, "at": at}
    if said is None:
        return unsure(requirement, point, expected, line.text, "this text was not put to the eye", **shown)
    evidence = {"evidence": said.frames, **shown}
    if said.reading is Reading.MATCH:
        return passed(requirement, point, expected, **{**evidence, "exhibit": None})
    if said.reading is Reading.UNREADABLE:
        return unsure(requirement, point, expected, said.seen, f"unreadable: {said.why}", **evidence)
    if len(said.frames) < 2:
        return unsure(requirement, point, expected, said.seen, "seen in one frame only", **evidence)
    if money and len(said.readers) < 2:
        return unsure(requirement, point, expected, said.seen, "only one reader saw the difference", **evidence)
    return failed(requirement, point, expected, said.seen, said.why or "another text is shown", **evidence)


def drawn(picture: str, line: Line, said: Testimony | None = None) -> dict[str, object]:
    """What a person is shown of a line: the frame with its box, the crops of the frames that were asked, who said
    what."""
    crops = () if said is None else said.crops
    return {
        "pictures": (picture, *crops) if picture else crops,
        "boxes": ((line.box,) if picture else ()) + (None,) * len(crops),
        "exhibit": None if said is None else said.exhibit,
    }


#: Told among the witnesses when the eye did not look often enough to have seen a screen that only passed by.
PASSING_BY = "screen.passing_by"
TOO_SELDOM = "the camera's frames came too seldom to tell"


def missing(requirement: str, point: str, what: str, witnesses: Witnesses, reason: str = "", **more: object) -> Finding:
    """Something did not come. FAIL only when the instrument that would have seen it has proved itself."""
    place = point.partition(".")[0]
    word = witnesses.get(place, "none")
    text = reason or "it did not come"
    # What is printed is announced by a screen, which may have passed by unseen as well.
    if word == "clears_rig" and place in ("screen", "slip") and PASSING_BY in witnesses:
        return unsure(requirement, point, what, "(absent)", f"{text}; {TOO_SELDOM}", **more)
    if word == "clears_rig":
        return failed(requirement, point, what, "(absent)", f"{text}; the instrument proved itself afterwards", **more)
    if word == "blames_rig":
        return _finding(
            requirement,
            point,
            Verdict.RIG_ERROR,
            what,
            "(absent)",
            reason=f"{text}; the instrument failed its check",
            **more,
        )
    return unsure(requirement, point, what, "(absent)", f"{text}; no witness says whose fault it is", **more)


def judged_again(finding: Finding, witnesses: Witnesses) -> Finding:
    """A FAIL whose instrument failed its check afterwards is void: a rig error (design, Blame needs witnesses)."""
    place = finding.point.partition(".")[0]
    if finding.verdict is Verdict.FAIL and witnesses.get(BEHIND.get(place, place)) == "blames_rig":
        reason = f"{finding.reason}; void: the instrument failed its check afterwards"
        return msgspec.structs.replace(finding, verdict=Verdict.RIG_ERROR, reason=reason)
    return finding
