"""The profile's values, as they stand in profile.yaml. Frozen; unknown keys are refused."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Font(_Part, frozen=True, kw_only=True):
    """`path` absolute, or relative to the profile's directory; `size` in dots; `index` the face of a collection; `kind`
    "learned" for what `tillrig learn` wrote."""

    path: str
    size: int
    index: int = 0
    kind: Literal["", "learned"] = ""


class Icon(_Part, frozen=True, kw_only=True):
    """A picture on the display that is always at one place: `box` x, y, width, height in dots; `states` name → pictures
    of that box in that state, absolute or relative to the profile's directory, at any scale."""

    name: str
    box: tuple[int, int, int, int]
    states: dict[str, tuple[str, ...]]


class Display(_Part, frozen=True, kw_only=True):
    """`cell` is one half-width character in dots; rows and columns count such cells. `kind` "colour": rows of smooth
    text, `cell[1]` dots high."""

    kind: Literal["mono", "colour"] = "mono"
    width: int
    height: int
    rows: int
    columns: int
    cell: tuple[int, int]
    fonts: tuple[Font, ...] = ()
    icons: tuple[Icon, ...] = ()


class Printer(_Part, frozen=True, kw_only=True):
    """Heights in dots; columns of half-width characters that each kind of line holds."""

    dots: int
    text_height: int
    small_height: int
    amount_height: int
    gap: int = 100
    columns: int
    small_columns: int
    amount_columns: int
    fonts: tuple[Font, ...] = ()


class Times(_Part, frozen=True, kw_only=True):
    """The terminal's own times in seconds at time scale 1 (terminal, Times). `print_mm_s` never scales."""

    boot: float
    answer: float = 60
    connect: float = 10
    idle: float = 60
    result: float = 3
    message: float = 3
    copy: float = 2
    chip: float = 1.5
    contactless: float = 0.5
    reversal_done: float = 1
    paper: float = 30
    backlight: float = 30
    sleep: float = 300
    print_mm_s: float = 60
    slip_mm: float = 140


class Formats(_Part, frozen=True, kw_only=True):
    """How values are written. `thousands`: separator of amounts on slips and on screens; "" for none."""

    screen_thousands: str = ""
    slip_thousands: str = ","
    expiry: str = "{yyyy}/{mm}"
    screen_datetime: str = "{yyyy}/{mm}/{dd} {HH}:{MM}"
    slip_datetime: str = "{yyyy}/{mm}/{dd} {HH}:{MM}:{SS}"
    century: str = "20"


class ScreenLayout(_Part, frozen=True, kw_only=True):
    """Rows from the top. `{field}` stands for what the field shows, `{field*}` runs on to the last row. A mark before
    the text: `#` centred and inverse, `^` centred, `>` right-aligned, none: left.

    texts   field → keys of texts it may show; a key may end in `*`
    patterns field → regular expression that its values obey, as read (recognition only)
    """

    rows: tuple[str, ...]
    texts: dict[str, tuple[str, ...]] = {}
    patterns: dict[str, str] = {}


class SlipLine(_Part, frozen=True, kw_only=True):
    """One template line of a slip. `{field}` stands for a printed value; a line is left out when a field it names is
    absent, or empty and not `keep_empty`. `size` text, small or amount. `rule` lines are drawn with dashes.

    field   the field whose presence the line proves (presence fields; default: the first that the text names)
    lines   the line's value goes on: all of them belong to `field`
    """

    text: str = ""
    size: str = "text"
    align: str = "left"
    field: str = ""
    keep_empty: bool = False
    rule: bool = False
    each: bool = False


class Parameters(_Part, frozen=True, kw_only=True):
    """What the acquirer set up in terminals of this model; amounts in fen."""

    copies: int = 2
    free_limit: int = 100_000
    batch_limit: int = 500
    near_full: int = 480
    pin_tries: int = 3
    reversal_tries: int = 3
    network_code: str = "003"
    contactless: bool = True
    partial_approval: bool = True
    extra_fields: tuple[str, ...] = ()


class Profile(_Part, frozen=True, kw_only=True, dict=True):
    """A terminal model. `directory` is where profile.yaml lies. Texts may hold `|` where they break (rules T2)."""

    name: str
    model: str
    version: str | None = None
    display: Display
    printer: Printer
    times: Times
    formats: Formats = Formats()
    keys: dict[str, str] = {}
    menus: dict[str, tuple[str, ...]] = {}
    parameters: Parameters = Parameters()
    ecr: dict[str, Any] = {}
    texts: dict[str, str]
    responses: dict[str, str]
    response_text: str = "[{code}]{text}"
    response_unknown: str = "交易失败|错误码:[{code}]"
    approvals: tuple[str, ...] = ("00", "10", "11", "A2", "A4", "A5", "A6")
    issuers: dict[str, str] = {}
    screens: dict[str, ScreenLayout]
    slips: dict[str, tuple[SlipLine, ...]]
    directory: Path = Path()

    @cached_property
    def recogniser(self) -> Any:
        """Tells screens apart; built once."""
        from tillrig.profiles.screens import ScreenRecogniser

        return ScreenRecogniser(self)

    def key(self, name: str) -> str:
        """The keypad's name of a key: `enter`, `cancel`, a digit …"""
        return self.keys.get(name, name)

    def menu_keys(self, path: str) -> tuple[str, ...]:
        """Keys that lead from the main menu to `path` ("7-6")."""
        return self.menus.get(path) or tuple(self.key(part) for part in path.split("-"))
