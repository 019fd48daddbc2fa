"""No card number is shown, printed or exported further than its mask (receipts, Masking; rules R8)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tillrig.judge.findings import failed, passed
from tillrig.observations import ConsoleSeen, EcrSeen, Observation, ScreenSeen, SlipSeen
from tillrig.protocols.mis import LINE
from tillrig.verdicts import Finding

NEED = "SECRECY"


def compare(observations: Sequence[Observation]) -> Iterator[Finding]:
    """A FAIL for everything that exposes a card number; a PASS for each slip and line that could have."""
    for one in observations:
        if not isinstance(one, ScreenSeen | SlipSeen | EcrSeen | ConsoleSeen):
            continue
        if isinstance(one, EcrSeen) and one.function == LINE:
            continue
        point, picture = _point(one), getattr(one, "picture", "")
        pictures = (picture,) if picture else ()
        for mask in one.exposed:
            yield failed(
                NEED,
                point,
                mask,
                "more digits of it are legible",
                "a card number is shown",
                pictures=pictures,
                at=one.at,
            )
        if not one.exposed and not isinstance(one, ScreenSeen):
            yield passed(NEED, point, "(no card number)", at=one.at)


def _point(one: ScreenSeen | SlipSeen | EcrSeen | ConsoleSeen) -> str:
    if isinstance(one, ScreenSeen):
        return f"screen.{one.kind or 'unknown'}"
    if isinstance(one, SlipSeen):
        return f"slip.{one.copy or 'unknown'}"
    if isinstance(one, EcrSeen):
        return f"ecr.{one.function}"
    return f"console.{one.command.partition(' ')[0]}"
