"""What was seen at one point, referring to the frames or bytes that prove it. Made only by observers; frozen.

`exposed`: masks of the card numbers of which more was legible than the first six and last four digits. Texts are
masked.
"""

from __future__ import annotations

import enum

import msgspec

from tillrig.exhibits import Exhibit
from tillrig.verdicts import Witness


class Reading(enum.StrEnum):
    """What the eye says of one expected text."""

    MATCH = "MATCH"
    MISMATCH = "MISMATCH"
    UNREADABLE = "UNREADABLE"


class Testimony(msgspec.Struct, frozen=True, kw_only=True):
    """The eye's word on one expected text: how many distinct frames and which readers stand behind it.

    `exhibit`: who said what, for people; `crops`: blobs of the rectified line, of `exhibit.frames` in their order.
    """

    expected: str
    reading: Reading
    seen: str
    why: str = ""
    margin: float = 0.0
    frames: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    exhibit: Exhibit | None = None
    crops: tuple[str, ...] = ()


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of text, read blind; `testimonies` answer the expectations put to it.

    `box` x0, y0, x1, y1 in camera pixels; `height` of a slip's line: text, small or amount.
    """

    text: str
    confidence: float
    box: tuple[float, float, float, float]
    inverse: bool = False
    blank: bool = False
    height: str = ""
    testimonies: tuple[Testimony, ...] = ()

    def said_of(self, expected: str) -> Testimony | None:
        """The testimony on `expected`, or None when nobody was asked."""
        return next((one for one in self.testimonies if one.expected == expected), None)


class ScreenSeen(msgspec.Struct, frozen=True, kw_only=True, tag="screen"):
    """A screen from `at` to `until`, as it was last. `kind` as recognised by the profile ("dark" when nothing is shown,
    "" when it is none of the profile's screens); `keys`: keys of the profile's texts that it seems to show, by field.

    `frames` distinct frames of its last state, `picture` the blob of one of them; `settled` False: it was too short to
    be read with certainty.
    """

    seq: int
    at: float
    kind: str
    fields: dict[str, str]
    lines: tuple[Line, ...]
    frames: tuple[str, ...]
    settled: bool = True
    keys: dict[str, str] = {}
    until: float = 0.0
    picture: str = ""
    exposed: tuple[str, ...] = ()

    @property
    def legible(self) -> bool:
        """Whether the eye stands by every row that is not blank, as it was read."""
        said = [line.said_of(line.text) for line in self.lines if not line.blank]
        return bool(said) and all(one is not None and one.reading is Reading.MATCH for one in said)


class SlipSeen(msgspec.Struct, frozen=True, kw_only=True, tag="slip"):
    """A slip at rest: its lines in order and the fields that the profile's layout finds in them.

    `complete`: blank paper was seen above and below it, so that what is missing was not merely out of view.
    """

    seq: int
    at: float
    copy: str
    fields: dict[str, str]
    field_lines: dict[str, tuple[int, ...]]
    lines: tuple[Line, ...]
    frames: tuple[str, ...]
    complete: bool = True
    picture: str = ""
    exposed: tuple[str, ...] = ()


class PaperSeen(msgspec.Struct, frozen=True, kw_only=True, tag="paper"):
    """The paper was looked at when the action was over: no slip hung there but those that were observed."""

    seq: int
    at: float


class HostSeen(msgspec.Struct, frozen=True, kw_only=True, tag="host"):
    """One exchange at the host: the request's fields, what the host found in it and did; secrets are masked."""

    seq: int
    at: float
    message: str
    fields: dict[str, str]
    mac_ok: bool | None
    pin_ok: bool | None
    problems: tuple[str, ...]
    outcome: str
    code: str
    answer: dict[str, str]
    secret_checks: dict[str, bool] = {}
    played: str = ""
    at_answer: float | None = None
    raw: str = ""
    card: str = ""
    booked: int = 0


class EcrSeen(msgspec.Struct, frozen=True, kw_only=True, tag="ecr"):
    """An answer on the cash-register line; `fields` tag number → text. `acked`: an ACK came before it."""

    seq: int
    at: float
    function: str
    fields: dict[str, str]
    acked: bool
    problems: tuple[str, ...] = ()
    raw: str = ""
    exposed: tuple[str, ...] = ()


class ConsoleSeen(msgspec.Struct, frozen=True, kw_only=True, tag="console"):
    """An answer on the service console."""

    seq: int
    at: float
    command: str
    fields: dict[str, str]
    text: str
    exposed: tuple[str, ...] = ()


class Absent(msgspec.Struct, frozen=True, kw_only=True, tag="absent"):
    """Nothing came in time at `point`; `witness` says whether the instrument proved itself afterwards."""

    seq: int
    at: float
    point: str
    waited: float
    witness: Witness
    why: str


class Abandoned(msgspec.Struct, frozen=True, kw_only=True, tag="abandoned"):
    """The operator gave the action up at `point` and cancelled: what should have come later was not waited for.
    `witness`: whether the contacts of the keys pressed before it are known to have closed."""

    seq: int
    at: float
    point: str
    why: str
    witness: Witness = "clears_rig"


Observation = ScreenSeen | SlipSeen | PaperSeen | HostSeen | EcrSeen | ConsoleSeen | Absent | Abandoned
