"""The eye: calibrate, settle, read, testify. Usable without the rest of tillrig; nothing heavy is imported before it
is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tillrig.observations import Reading as Answer
    from tillrig.vision.frame import Frame
    from tillrig.vision.geometry import (
        Corners,
        DisplayGeometry,
        FontSpec,
        IconSpec,
        PaperGeometry,
        checked_corners,
        display_geometry,
        paper_geometry,
    )
    from tillrig.vision.grammar import KINDS, MONEY, Kind
    from tillrig.vision.gridfit import GridFit, fit_grid
    from tillrig.vision.icons import IconReader, IconReading, icon_example
    from tillrig.vision.qr import QrCode, read_qr, testify_qr
    from tillrig.vision.readers.atlas import Atlas
    from tillrig.vision.readers.base import LineImage, LineReading, Reader
    from tillrig.vision.readers.colour_atlas import ColourAtlas
    from tillrig.vision.readers.figure_reader import FigureReader
    from tillrig.vision.readers.print_atlas import PrintAtlas
    from tillrig.vision.readers.recogniser import Recogniser
    from tillrig.vision.readers.tesseract import Tesseract
    from tillrig.vision.rectify import Rectifier
    from tillrig.vision.row import RowReading, ScreenReading
    from tillrig.vision.screen import ScreenReader
    from tillrig.vision.settle import Agreement, ScreenWatch, WatchState
    from tillrig.vision.slip import SlipReader
    from tillrig.vision.slip_line import SlipLine, SlipReading
    from tillrig.vision.testimony import Readers, Testimony, testify
    from tillrig.vision.watch import RigCondition
    from tillrig.vision.witness import Vote, Witness

_HOME = {
    "Answer": "tillrig.observations:Reading",
    "Frame": "frame",
    **dict.fromkeys(
        (
            "Corners",
            "checked_corners",
            "DisplayGeometry",
            "FontSpec",
            "IconSpec",
            "PaperGeometry",
            "display_geometry",
            "paper_geometry",
        ),
        "geometry",
    ),
    **dict.fromkeys(("KINDS", "MONEY", "Kind"), "grammar"),
    **dict.fromkeys(("GridFit", "fit_grid"), "gridfit"),
    **dict.fromkeys(("IconReader", "IconReading", "icon_example"), "icons"),
    **dict.fromkeys(("QrCode", "read_qr", "testify_qr"), "qr"),
    "Atlas": "readers.atlas",
    "ColourAtlas": "readers.colour_atlas",
    "FigureReader": "readers.figure_reader",
    "PrintAtlas": "readers.print_atlas",
    **dict.fromkeys(("LineImage", "LineReading", "Reader"), "readers.base"),
    "Recogniser": "readers.recogniser",
    "Tesseract": "readers.tesseract",
    "Rectifier": "rectify",
    **dict.fromkeys(("RowReading", "ScreenReading"), "row"),
    "ScreenReader": "screen",
    **dict.fromkeys(("Agreement", "ScreenWatch", "WatchState"), "settle"),
    "SlipReader": "slip",
    **dict.fromkeys(("SlipLine", "SlipReading"), "slip_line"),
    **dict.fromkeys(("Readers", "Testimony", "testify"), "testimony"),
    "RigCondition": "watch",
    **dict.fromkeys(("Vote", "Witness"), "witness"),
}
__all__ = [
    "KINDS",
    "MONEY",
    "Agreement",
    "Answer",
    "Atlas",
    "ColourAtlas",
    "Corners",
    "DisplayGeometry",
    "FigureReader",
    "FontSpec",
    "Frame",
    "GridFit",
    "IconReader",
    "IconReading",
    "IconSpec",
    "Kind",
    "LineImage",
    "LineReading",
    "PaperGeometry",
    "PrintAtlas",
    "QrCode",
    "Reader",
    "Readers",
    "Recogniser",
    "Rectifier",
    "RigCondition",
    "RowReading",
    "ScreenReader",
    "ScreenReading",
    "ScreenWatch",
    "SlipLine",
    "SlipReader",
    "SlipReading",
    "Tesseract",
    "Testimony",
    "Vote",
    "WatchState",
    "Witness",
    "checked_corners",
    "display_geometry",
    "fit_grid",
    "icon_example",
    "paper_geometry",
    "read_qr",
    "testify",
    "testify_qr",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"tillrig.vision has no {name!r}")
    if ":" in home:
        module, _, name = home.partition(":")
        return getattr(import_module(module), name)
    return getattr(import_module(f"tillrig.vision.{home}"), name)
