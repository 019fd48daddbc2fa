"""Screens: which sighting answers which step, and what each row says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tillrig.judge.align import align
from tillrig.judge.findings import PASSING_BY, TOO_SELDOM, Witnesses, failed, missing, passed, testified, unsure
from tillrig.observations import ScreenSeen
from tillrig.profiles import Profile
from tillrig.profiles.screens import render_screen
from tillrig.steps import Branch, Screen, Symbol
from tillrig.verdicts import Finding, Verdict

DARK = "dark"
#: Screens that ask nothing and that no step has to announce.
PASSING = frozenset({"reading", DARK, "announcement", "printing", "busy", "reversing", "settling"})
#: What an unexpected screen breaks, where the branch does not say.
UNEXPECTED = {
    "ask_pin": "PIN-ASKED",
    "result": "SALE-RESULT",
    "refused": "SALE-PROMPTS",
    "reversal_done": "REVERSAL-ONCE",
}


Pair = tuple[int | None, int | None]


def is_passing(kind: str) -> bool:
    """Whether a screen may come and go without being expected."""
    return kind in PASSING or kind.startswith("menu_")


def pair(steps: Sequence[Screen], seen: Sequence[ScreenSeen]) -> list[Pair]:
    """Align steps with sightings: the same kind, at best with the same texts; an unknown screen may stand for any."""

    def gain(i: int, j: int) -> float:
        step, screen = steps[i], seen[j]
        if step.kind == screen.kind:
            return 4.0 + _agreement(step, screen)
        return 0.6 if screen.kind == "" else 0.0

    return align(
        len(steps),
        len(seen),
        gain,
        miss=lambda i: 0.1 if steps[i].optional else 1.0,
        extra=lambda j: 0.1 if is_passing(seen[j].kind) else 1.0,
    )


def _agreement(step: Screen, screen: ScreenSeen) -> float:
    """-1 … 1: do the texts that were recognised have the keys that the step tells?"""
    total = 0.0
    for field in step.fields:
        key = screen.keys.get(field.name)
        if field.kind != "key" or key is None or isinstance(field.value, Symbol):
            continue
        total += 0.5 if key == f"{field.prefix}{field.value}" else -0.5
    return max(-1.0, min(1.0, total))


def compare(
    branch: Branch,
    seen: Sequence[ScreenSeen],
    bindings: Mapping[str, str],
    profile: Profile,
    witnesses: Witnesses,
    gave_up: float | None,
) -> Iterator[Finding]:
    """Findings of every step and of every screen that no step announced. After `gave_up` nothing is missed."""
    steps = [step for step in branch.steps if isinstance(step, Screen)]
    pairs = pair(steps, seen)
    last = max((j for i, j in pairs if i is not None and j is not None), default=-1)
    for i, j in pairs:
        if i is not None and j is not None:
            yield from _rows(steps[i], seen[j], bindings, profile)
        elif i is not None and not steps[i].optional:
            later = any(k is not None and k > i and m is not None for k, m in pairs)
            point = f"screen.{steps[i].kind}"
            if later and steps[i].give == "none" and PASSING_BY in witnesses:
                yield unsure(steps[i].requirement, point, point, "(not seen)", TOO_SELDOM)
            elif gave_up is None or later:
                yield missing(steps[i].requirement, point, f"the screen {steps[i].kind}", witnesses)
        elif j is not None and not is_passing(seen[j].kind):
            yield from _unexpected(branch, seen[j], j <= last)
    for step in branch.forbidden:
        if isinstance(step, Screen) and gave_up is None and seen and all(one.kind != step.kind for one in seen):
            yield passed(step.requirement, f"screen.{step.kind}", "(no such screen)", at=seen[-1].at)


def _rows(step: Screen, seen: ScreenSeen, bindings: Mapping[str, str], profile: Profile) -> Iterator[Finding]:
    if step.kind == DARK:
        yield passed(step.requirement, f"screen.{DARK}", "(nothing shown)", at=seen.at)
    for row in render_screen(profile, step, bindings):
        point = f"screen.{step.kind}.{row.part}"
        if row.row >= len(seen.lines):
            continue
        line = seen.lines[row.row]
        if row.unbound:
            if not step.optional:
                yield unsure(
                    row.requirement, point, f"(unknown: {row.unbound})", line.text, "what is right was never observed"
                )
            continue
        finding = testified(
            row.requirement, point, row.text, line, line.said_of(row.text),
            picture=seen.picture, money=row.money, at=seen.at,
        )  # fmt: skip
        # An optional screen may be too short to be read with certainty: that is why it is optional.
        if not (finding.verdict is Verdict.INCONCLUSIVE and step.optional):
            yield finding


def _unexpected(branch: Branch, screen: ScreenSeen, amid: bool) -> Iterator[Finding]:
    kind = screen.kind or "unknown"
    forbidden = next((step for step in branch.forbidden if isinstance(step, Screen) and step.kind == screen.kind), None)
    requirement = forbidden.requirement if forbidden else UNEXPECTED.get(kind, "SALE-PROMPTS")
    text = " | ".join(line.text for line in screen.lines).strip(" |")
    shown = {"pictures": (screen.picture,) if screen.picture else (), "at": screen.at}
    if not screen.settled:
        return
    if screen.kind == "menu" and not amid:
        return
    if not screen.kind and not screen.legible:
        why = "it is none of the profile's screens, and it cannot be read with certainty"
        yield unsure(requirement, f"screen.{kind}", "(no such screen)", text, why, **shown)
        return
    yield failed(requirement, f"screen.{kind}", "(no such screen)", text, "a screen that should not come", **shown)
