"""`tillrig read`: read pictures of screens and slips."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tillrig.errors import TillrigError, UsageError

if TYPE_CHECKING:
    from tillrig.profiles import Profile
    from tillrig.vision import Readers

_KINDS = ("screen", "slip")


@click.command()
@click.option(
    "--list",
    "listing",
    required=True,
    type=click.File("rb"),
    metavar="LIST.jsonl",
    help="One JSON object a line; `-` for standard input.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each picture, in order.")
def read(listing: Any, as_json: bool) -> None:
    """Read pictures of terminals' screens and slips.

    Each line of the list: {"image": PATH, "kind": "screen" | "slip", "profile": NAME or PATH, "corners": [[x, y] x
    4]}, corners in pixels of the picture from top-left clockwise: of the display's dot matrix, or of the printed
    width of the paper. Relative image paths are looked up beside the list, then in the working directory.

    Each answer: {"image", "lines": [{"text", "confidence", "box"}]} with box = [x0, y0, x1, y1], upright, in pixels
    of the picture, and "polygon", the four exact corners. A picture that cannot be read gets "error" and no lines;
    the others are still read, and the exit code is 1 at the end.
    """
    beside = Path(listing.name).parent if listing.name not in ("-", "<stdin>") else Path()
    desk = _Desk(beside)
    failed = False
    for number, line in enumerate(listing, 1):
        if not line.strip():
            continue
        answer = desk.answer(number, line)
        failed |= "error" in answer
        _show(answer, as_json)
    if failed:
        sys.exit(1)


class _Desk:
    """Loads profiles and networks once for all pictures."""

    def __init__(self, beside: Path) -> None:
        self._beside = beside
        self._profiles: dict[str, Profile] = {}
        self._readers: dict[tuple[str, str], Readers] = {}

    def answer(self, number: int, line: bytes) -> dict[str, Any]:
        image = _image_of(line)
        try:
            return {"image": image, "lines": self._lines(self._entry(number, line))}
        except (TillrigError, OSError, ValueError) as problem:
            # Whatever is wrong with one picture, the others are still read.
            where = f"line {number} of the list"
            text = str(problem)
            return {"image": image, "lines": [], "error": text if text.startswith(where) else f"{where}: {text}"}

    def _entry(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            entry = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as problem:
            raise UsageError(f"line {number} of the list is not UTF-8: byte {problem.start + 1}") from problem
        except ValueError as problem:
            raise UsageError(f"line {number} of the list is not JSON: {problem}") from problem
        except RecursionError as problem:
            raise UsageError(f"line {number} of the list is nested too deeply") from problem
        if not isinstance(entry, dict):
            raise UsageError(f"line {number} of the list is not a JSON object")
        missing = [key for key in ("image", "kind", "profile", "corners") if key not in entry]
        if missing:
            raise UsageError(f"line {number} of the list lacks {', '.join(missing)}")
        if entry["kind"] not in _KINDS:
            raise UsageError(f"line {number} of the list: kind {entry['kind']!r} is not one of {', '.join(_KINDS)}")
        if not isinstance(entry["image"], str) or not isinstance(entry["profile"], str):
            raise UsageError(f"line {number} of the list: image and profile must be texts")
        return entry

    def _lines(self, entry: dict[str, Any]) -> list[dict[str, Any]]:
        from tillrig.vision import Frame, checked_corners

        corners = checked_corners(entry["corners"], "corners")
        frame = Frame.from_file(self._path(entry["image"]))
        _check_within(corners, frame.grey().shape)
        found = (
            self._slip(entry["profile"], frame, corners)
            if entry["kind"] == "slip"
            else self._screen(entry["profile"], frame, corners)
        )
        return [_line(text, confidence, polygon) for text, confidence, polygon in found]

    def _path(self, image: str) -> Path:
        beside = self._beside / image
        return beside if beside.exists() else Path(image)

    def _screen(self, profile: str, frame: Any, corners: Any) -> list[tuple[str, float, Any]]:
        from tillrig.vision import Atlas, Readers, ScreenReader, display_geometry

        geometry = display_geometry(self._profile(profile))
        readers = self._readers.get((profile, "screen"))
        if readers is None:
            readers = self._readers[profile, "screen"] = Readers(
                atlas=Atlas(geometry.fonts, geometry.cell) if geometry.fonts else None
            )
        reading = ScreenReader(geometry, corners, readers=readers).read_screen(frame)
        return [(row.text, row.confidence, row.box) for row in reading.rows if not row.blank]

    def _slip(self, profile: str, frame: Any, corners: Any) -> list[tuple[str, float, Any]]:
        from tillrig.vision import Readers, SlipReader, paper_geometry

        readers = self._readers.setdefault((profile, "slip"), Readers())
        reading = SlipReader(paper_geometry(self._profile(profile)), corners, readers=readers).read_slip(frame)
        return [(line.text, line.confidence, line.box) for line in reading.lines]

    def _profile(self, name: str) -> Profile:
        from tillrig.profiles.load import load_profile, read_profile

        if name not in self._profiles:
            path = self._path(name)
            if path.is_dir() and (path / "profile.yaml").is_file():
                path = path / "profile.yaml"
            self._profiles[name] = read_profile(path) if path.is_file() else load_profile(name, self._beside)
        return self._profiles[name]


def _line(text: str, confidence: float, polygon: Any) -> dict[str, Any]:
    across, down = [point[0] for point in polygon], [point[1] for point in polygon]
    box = [min(across), min(down), max(across), max(down)]
    return {"text": text, "confidence": confidence, "box": box, "polygon": [list(point) for point in polygon]}


def _image_of(line: bytes) -> str | None:
    """The picture that a line names, as far as it can be told."""
    try:
        image = json.loads(line).get("image")
        return image if isinstance(image, str) and image.encode() else None
    except (ValueError, AttributeError, RecursionError):
        return None


def _check_within(corners: Any, shape: Sequence[int]) -> None:
    """Raise UsageError when a corner lies farther outside the picture (rows, columns) than a tenth of its size."""
    height, width = shape[0], shape[1]
    for x, y in corners:
        if not (-0.1 * width <= x <= 1.1 * width and -0.1 * height <= y <= 1.1 * height):
            raise UsageError(f"the corner ({x:g}, {y:g}) lies outside the picture of {width} x {height} pixels")


def _show(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    click.echo(
        f"{answer['image']}: {answer.get('error', '')}".rstrip(": ") if "error" in answer else f"{answer['image']}:"
    )
    for line in answer["lines"]:
        click.echo(f"  {line['confidence']:.2f}  {line['text']}")
