"""What an action gave to judge, in numbers and pictures."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tillrig.observations import HostSeen, Observation, ScreenSeen, SlipSeen


class Counts(msgspec.Struct, frozen=True):
    """What an action gave to judge."""

    frames: int = 0
    slip_lines: int = 0
    host_messages: int = 0


def counted(observations: Sequence[Observation], screen_frames: int) -> Counts:
    """`screen_frames`: frames in which the eye was asked about a screen."""
    slips = [one for one in observations if isinstance(one, SlipSeen)]
    frames = {frame for one in slips for frame in one.frames}
    return Counts(
        frames=screen_frames + len(frames),
        slip_lines=sum(len(one.lines) for one in slips),
        host_messages=sum(isinstance(one, HostSeen) for one in observations),
    )


def gallery(observations: Sequence[Observation]) -> list[tuple[str, str]]:
    """Pictures for a reader, (blob, name): each screen that asked or told something, and the slips."""
    shown = []
    for one in observations:
        if isinstance(one, ScreenSeen | SlipSeen) and one.picture:
            name = (one.kind or "unknown screen") if isinstance(one, ScreenSeen) else f"slip, {one.copy} copy"
            shown.append((one.picture, name))
    return shown
