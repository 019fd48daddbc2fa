"""The desk that reads a list's entries: profiles, networks, glyphs and fitted grids are kept between them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tillrig.cli.read_entry import Entry, Expectation, entry_of, image_of
from tillrig.errors import TillrigError, UsageError

if TYPE_CHECKING:
    from tillrig.profiles import Profile
    from tillrig.vision import Corners, Frame, Readers, ScreenReader
    from tillrig.vision.hearing import Verdict
    from tillrig.vision.sheet_reading import Sheet

# Rigs whose fitted grids are kept.
_KEPT = 32
# Places where displays were found before that are looked at first.
_LOOKED_AT = 2


class Desk:
    """Answers one line after another; relative paths are looked up in `beside`, then in the working directory."""

    def __init__(self, beside: Path) -> None:
        self._beside = beside
        self._profiles: dict[str, Profile] = {}
        self._readers: dict[tuple[str, str], Readers] = {}
        self._screens: OrderedDict[str, ScreenReader] = OrderedDict()
        self._found: dict[str, list[Corners]] = {}

    def answer(self, number: int, line: bytes) -> dict[str, Any]:
        """One answer, whatever is wrong with the line: the others are still read."""
        image = image_of(line)
        where = f"line {number} of the list"
        try:
            entry = entry_of(number, line)
        except (TillrigError, ValueError) as problem:
            names = image if isinstance(image, str) else "; ".join(image or ())
            text = str(problem).replace(where, f"{where} ({names})", 1) if names else str(problem)
            return {"image": image, "lines": [], "error": _printable(text)}
        try:
            return {"image": image, **self._read(entry)}
        except Exception as problem:  # noqa: BLE001 - a bug must not keep the others from being read
            text = str(problem)
            if not isinstance(problem, (TillrigError, OSError, ValueError)):
                text = f"tillrig failed at it, please report it: {type(problem).__name__}: {text}"
            named = any(Path(name).name in text for name in entry.images)
            about = where if named else f"{where}: {', '.join(entry.images)}"
            empty: dict[str, Any] = {"amounts": []} if entry.kind == "photo" else {}
            return {"image": image, "lines": [], **empty, "error": _printable(f"{about}: {text}")}

    def _read(self, entry: Entry) -> dict[str, Any]:
        from tillrig.vision import Frame

        frames = [Frame.from_file(self._path(name), sequence=place) for place, name in enumerate(entry.images)]
        frames = list({frame.sha256: frame for frame in frames}.values())  # the same picture twice is one picture
        if entry.kind == "photo":
            from tillrig.cli.read_photo import photo_answer

            return photo_answer(frames, entry, self._photo_readers())
        sheet = self._screen(entry, frames) if entry.kind == "screen" else self._slip(entry, frames)
        answer: dict[str, Any] = {"lines": [_line(line) for line in sheet.lines]}
        if entry.corners is None:
            answer["corners"] = [[round(x, 2), round(y, 2)] for x, y in sheet.corners]
        if sheet.misfit:
            answer["error"] = f"{', '.join(entry.images)}: {sheet.misfit}"
        if not entry.asks:
            return answer
        heard = [_hear(sheet, one) for one in entry.expect]
        answer["expect"] = [
            {"name": one.name, "verdict": word.answer.name, "seen": word.seen, "reason": word.reason}
            for one, word in zip(entry.expect, heard, strict=True)
        ]
        lacking = [text for one in entry.expect if (text := sheet.lacks(one))]
        if lacking:
            answer["error"] = (
                f"{', '.join(entry.images)}: the fonts of profile {entry.profile} lack {', '.join(lacking)}, "
                "which is expected; correct the expectation or the profile's fonts"
            )
        return answer

    def _photo_readers(self) -> Readers:
        from tillrig.vision import Readers

        return self._readers.setdefault(("", "photo"), Readers())

    def _screen(self, entry: Entry, frames: Sequence[Frame]) -> Sheet:
        from tillrig.vision import ScreenReader, checked_corners, display_geometry
        from tillrig.vision.screen import screen_readers
        from tillrig.vision.sheet_reading import read_display

        assert entry.profile is not None
        geometry = display_geometry(self._profile(entry.profile))
        readers = self._readers.get((entry.profile, "screen"))
        if readers is None:
            readers = self._readers[entry.profile, "screen"] = screen_readers(geometry)
        if entry.corners is None:
            from tillrig.vision.find_screen import find_screen

            before = self._found.setdefault(entry.profile, [])
            corners = find_screen(frames[0], geometry, readers, before)
            before.append(corners)
            del before[:-_LOOKED_AT]
        else:
            corners = checked_corners(entry.corners, "corners")
            _check_within(corners, frames)
        key = f"{entry.profile} {corners} {frames[0].grey().shape}"
        reader = self._screens.get(key)
        if reader is None:
            reader = self._screens[key] = ScreenReader(geometry, corners, readers=readers)
        self._screens.move_to_end(key)
        while len(self._screens) > _KEPT:
            self._screens.popitem(last=False)
        return read_display(reader, frames)

    def _slip(self, entry: Entry, frames: Sequence[Frame]) -> Sheet:
        from tillrig.vision import PrintAtlas, Readers, SlipReader, checked_corners, paper_geometry
        from tillrig.vision.sheet_reading import read_paper

        assert entry.profile is not None
        geometry = paper_geometry(self._profile(entry.profile))
        readers = self._readers.get((entry.profile, "slip"))
        if readers is None:
            atlas = PrintAtlas(geometry) if geometry.fonts else None
            readers = self._readers[entry.profile, "slip"] = Readers(print_atlas=atlas)
        if entry.corners is None:
            from tillrig.vision.find_paper import find_paper

            corners = find_paper(frames[0], geometry, readers)
        else:
            corners = checked_corners(entry.corners, "corners")
            _check_within(corners, frames)
        # A reader of slips remembers the print head; pictures of a list may come from different printers.
        return read_paper(SlipReader(geometry, corners, readers=readers), frames)

    def _profile(self, name: str) -> Profile:
        from tillrig.profiles.load import load_profile, read_profile

        if name not in self._profiles:
            path = self._path(name)
            if path.is_dir() and (path / "profile.yaml").is_file():
                path = path / "profile.yaml"
            if "/" in name and not path.is_file():
                raise UsageError(f"there is no profile at {path}: neither a file nor a folder with profile.yaml")
            self._profiles[name] = read_profile(path) if path.is_file() else load_profile(name, self._beside)
        return self._profiles[name]

    def _path(self, name: str) -> Path:
        beside = self._beside / name
        return beside if beside.exists() else Path(name)


def _hear(sheet: Sheet, asked: Expectation) -> Verdict:
    """The word on one field; a text that the fonts cannot show accuses nobody."""
    from tillrig.observations import Reading

    word, lacking = sheet.hear(asked), sheet.lacks(asked)
    if not lacking or word.answer is not Reading.MISMATCH:
        return word
    return msgspec.structs.replace(word, answer=Reading.UNREADABLE, reason=f"the profile's fonts lack {lacking}")


def _printable(text: str) -> str:
    """Half a surrogate pair in a name cannot be printed."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _line(line: Any) -> dict[str, Any]:
    across, down = [point[0] for point in line.box], [point[1] for point in line.box]
    box = [min(across), min(down), max(across), max(down)]
    polygon = [list(point) for point in line.box]
    told = {"text": line.text, "confidence": line.confidence, "box": box, "polygon": polygon}
    return told if line.vouched else {**told, "doubtful": True}


def _check_within(corners: Any, frames: Sequence[Frame]) -> None:
    """Raise UsageError when a corner lies farther outside the picture than a tenth of its size, or when the pictures
    of one entry differ in size."""
    height, width = frames[0].grey().shape[:2]
    for frame in frames[1:]:
        if frame.grey().shape[:2] != (height, width):
            raise UsageError(f"the pictures of one entry differ in size: {frame.camera} is not {width}x{height}")
    for x, y in corners:
        if not (-0.1 * width <= x <= 1.1 * width and -0.1 * height <= y <= 1.1 * height):
            raise UsageError(f"the corner ({x:g}, {y:g}) lies outside the picture of {width} x {height} pixels")
