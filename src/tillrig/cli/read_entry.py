"""One line of a reading list: checked, with errors that name what is wrong in it."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import msgspec

from tillrig.errors import UsageError

KINDS = ("screen", "slip", "photo")
_KEYS = ("image", "images", "kind", "profile", "corners", "expect", "id", "note")
_EXPECT_KEYS = ("name", "type", "text")
_BOM = b"\xef\xbb\xbf"
# Farther from a picture no corner of anything in it lies.
_FARTHEST = 1e6


class Expectation(msgspec.Struct, frozen=True):
    """`kind` is the reader's; `name` comes back in the answer."""

    name: str
    kind: str
    text: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be read: one or more pictures of the same thing. `corners` None: to be found in the picture."""

    images: tuple[str, ...]
    kind: str
    profile: str | None
    corners: Any
    expect: tuple[Expectation, ...]
    asks: bool


def entry_of(number: int, line: bytes) -> Entry:
    """The checked entry. Raises UsageError; its text begins with the line's number."""
    where = f"line {number} of the list"
    entry = _object(where, line)
    unknown = [key for key in entry if key not in _KEYS]
    if unknown:
        raise UsageError(f"{where}: key {unknown[0]!r} is not one of {', '.join(_KEYS)}")
    kind = entry.get("kind")
    needed = ["kind"] if kind == "photo" else ["kind", "profile", "corners"]
    missing = [key for key in needed if key not in entry]
    if "image" not in entry and "images" not in entry:
        missing.insert(0, "image")
    if missing:
        raise UsageError(f"{where} lacks {', '.join(missing)}")
    if not isinstance(kind, str) or kind not in KINDS:
        raise UsageError(f"{where}: kind {kind!r} is not one of {', '.join(KINDS)}")
    profile = entry.get("profile")
    if not isinstance(profile, str) and not (profile is None and kind == "photo"):
        raise UsageError(f"{where}: profile must be a text, the name or the path of a profile")
    return Entry(
        images=_images(where, entry),
        kind=kind,
        profile=profile,
        corners=None if kind == "photo" else _corners(where, entry.get("corners")),
        expect=_expectations(where, entry.get("expect")),
        asks=entry.get("expect") is not None,
    )


def image_of(line: bytes) -> Any:
    """The picture that a line names, as far as it can be told."""
    try:
        entry = json.loads(line.removeprefix(_BOM))
        image = entry.get("image", entry.get("images"))
        for name in image if isinstance(image, list) else [image]:
            name.encode()
        return image
    except (ValueError, AttributeError, RecursionError):
        return None


def _object(where: str, line: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line.removeprefix(_BOM).decode("utf-8"))
    except UnicodeDecodeError as problem:
        raise UsageError(f"{where} is not UTF-8: byte {problem.start + 1}") from problem
    except ValueError as problem:
        raise UsageError(f"{where} is not JSON: {problem}") from problem
    except RecursionError as problem:
        raise UsageError(f"{where} is nested too deeply") from problem
    if not isinstance(entry, dict):
        raise UsageError(f"{where} is not a JSON object")
    return entry


def _images(where: str, entry: dict[str, Any]) -> tuple[str, ...]:
    if "image" in entry and "images" in entry:
        raise UsageError(f"{where} has both image and images; give one of them")
    given = entry.get("image", entry.get("images"))
    names = given if isinstance(given, list) else [given]
    if not names or not all(isinstance(name, str) and name for name in names):
        raise UsageError(f"{where}: image must be a text, the path of a picture, or a list of such")
    return tuple(names)


def _corners(where: str, given: Any) -> Any:
    points = given if isinstance(given, list) else []
    if given is None or (len(points) == 4 and all(_is_point(point) for point in points)):
        return given
    shown = json.dumps(given)
    raise UsageError(
        f"{where}: corners must be four points [x, y] in pixels from top-left clockwise, or null to have them found; "
        f"got {shown if len(shown) < 100 else shown[:100] + ' …'}"
    )


def _is_point(point: Any) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 2
        and all(type(value) in (int, float) and abs(value) <= _FARTHEST for value in point)
    )


def _expectations(where: str, given: Any) -> tuple[Expectation, ...]:
    from tillrig.vision.fields import kind_of

    if given is None:
        return ()
    if not isinstance(given, list):
        raise UsageError(f"{where}: expect must be a list of {{name, type, text}}")
    found = []
    for place, one in enumerate(given, 1):
        here = f"{where}: expect {place}"
        if not isinstance(one, dict):
            raise UsageError(f"{here} is not an object {{name, type, text}}")
        unknown = [key for key in one if key not in _EXPECT_KEYS]
        if unknown:
            raise UsageError(f"{here}: key {unknown[0]!r} is not one of {', '.join(_EXPECT_KEYS)}")
        for key in _EXPECT_KEYS:
            if not isinstance(one.get(key), str):
                raise UsageError(f"{here}: {key} must be a text")
        if not one["text"].strip():
            raise UsageError(f"{here} ({one['name']}): text is empty; expect what is shown")
        for char in one["name"] + one["text"]:
            if unicodedata.category(char) in ("Cc", "Cf", "Cs") and not char.isspace():
                raise UsageError(f"{here} ({one['name']}): U+{ord(char):04X} can be neither shown nor printed")
        try:
            found.append(Expectation(one["name"], kind_of(one["type"]), one["text"]))
        except UsageError as problem:
            raise UsageError(f"{here} ({one['name']}): {problem}") from problem
    return tuple(found)
