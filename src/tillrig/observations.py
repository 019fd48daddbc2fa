"""What was seen at one point, referring to the frames or bytes that prove it. Made only by observers; frozen."""

from __future__ import annotations

import enum
from typing import Literal

import msgspec


class Reading(enum.StrEnum):
    """What the eye says of one expected text."""

    MATCH = "MATCH"
    MISMATCH = "MISMATCH"
    UNREADABLE = "UNREADABLE"


class Testimony(msgspec.Struct, frozen=True, kw_only=True):
    """The eye's word on one expected text: how many distinct frames and which readers stand behind it."""

    expected: str
    reading: Reading
    seen: str
    why: str = ""
    margin: float = 0.0
    frames: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of text, read blind; `testimonies` answer the expectations put to it."""

    text: str
    confidence: float
    box: tuple[float, float, float, float]
    inverse: bool = False
    blank: bool = False
    crop: str = ""
    testimonies: tuple[Testimony, ...] = ()


class ScreenSeen(msgspec.Struct, frozen=True, kw_only=True, tag="screen"):
    """A settled screen. `kind` as recognised by the profile ("" when it is none of the profile's screens)."""

    seq: int
    at: float
    kind: str
    fields: dict[str, str]
    lines: tuple[Line, ...]
    frames: tuple[str, ...]
    settled: bool = True


class SlipSeen(msgspec.Struct, frozen=True, kw_only=True, tag="slip"):
    """A slip at rest: its lines in order and the fields that the profile's layout finds in them."""

    seq: int
    at: float
    copy: str
    fields: dict[str, str]
    field_lines: dict[str, tuple[int, ...]]
    lines: tuple[Line, ...]
    frames: tuple[str, ...]
    complete: bool = True


class HostSeen(msgspec.Struct, frozen=True, kw_only=True, tag="host"):
    """One exchange at the host: the request's fields, what the host found in it and did. Masked fields hold masked text."""

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


class EcrSeen(msgspec.Struct, frozen=True, kw_only=True, tag="ecr"):
    """An answer on the cash-register line; `fields` tag number → text. `acked`: an ACK came before it."""

    seq: int
    at: float
    function: str
    fields: dict[str, str]
    acked: bool
    problems: tuple[str, ...] = ()
    raw: str = ""


class ConsoleSeen(msgspec.Struct, frozen=True, kw_only=True, tag="console"):
    """An answer on the service console."""

    seq: int
    at: float
    command: str
    fields: dict[str, str]
    text: str


class Absent(msgspec.Struct, frozen=True, kw_only=True, tag="absent"):
    """Nothing came in time at `point`; `witness` says whether the instrument proved itself afterwards."""

    seq: int
    at: float
    point: str
    waited: float
    witness: Literal["clears_rig", "blames_rig", "none"]
    why: str


Observation = ScreenSeen | SlipSeen | HostSeen | EcrSeen | ConsoleSeen | Absent
