"""Corners, frames, grammars: what is wrong is refused by name, what is right maps back and forth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillrig.errors import CameraError, UsageError
from tillrig.vision import DisplayGeometry, Frame, Rectifier, checked_corners, testify
from tillrig.vision.grammar import alphabet, obeys

SQUARE = [[100, 100], [500, 110], [490, 310], [105, 300]]


@pytest.mark.parametrize(
    "corners",
    [
        [[0, 0], [10, 0], [10, 10]],
        [[0, 0], [10, 10], [10, 0], [0, 10]],
        [[0, 0], [0, 10], [10, 10], [10, 0]],
        [[0, 0], [5, 5], [10, 10], [15, 15]],
        [[0, 0], [10, 0], [float("nan"), 10], [0, 10]],
    ],
    ids=["three", "crossed", "anticlockwise", "collinear", "not a number"],
)
def test_corners_that_enclose_nothing_are_refused(corners: list[list[float]]) -> None:
    """Four corners clockwise from the top-left, or an error that shows them."""
    with pytest.raises(UsageError, match="corners"):
        checked_corners(corners)


@given(st.floats(-0.1, 0.1))
def test_the_corners_of_the_dots_are_seen_at_the_given_corners(k1: float) -> None:
    """Whatever the lens term, the dot matrix's corners map to the calibrated points."""
    rectifier = Rectifier(SQUARE, 128, 64, 4, k1=k1)
    seen = rectifier.to_camera([(0, 0), (128, 0), (128, 64), (0, 64)], (640, 480))
    assert np.allclose(seen, SQUARE, atol=0.11)


def test_a_grid_that_does_not_fit_is_refused() -> None:
    """Rows and columns must fit on the display's dots."""
    with pytest.raises(UsageError, match="128x64"):
        DisplayGeometry(rows=5)


def test_bytes_that_are_no_picture_are_a_camera_error_and_a_file_is_named(tmp_path: Path) -> None:
    """A broken frame is the camera's fault; a broken file is named."""
    with pytest.raises(CameraError, match="screen-000007"):
        Frame(0.0, b"\xff\xd8 torn", "screen", 7).grey()
    (tmp_path / "torn.jpg").write_bytes(b"")
    with pytest.raises(UsageError, match=r"torn\.jpg"):
        Frame.from_file(tmp_path / "torn.jpg")
    with pytest.raises(UsageError, match=r"none\.jpg"):
        Frame.from_file(tmp_path / "none.jpg")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (
            "amount",
            ["12.34", "RMB 1,234.56", "RMB -1,234.56", "0.01", "金额:50000.00"],
            ["1234", "12.3", "1,23.45", "12.345", "12,34"],
        ),
        ("digits", ["000123", "凭证号:1"], ["", "O"]),
        ("masked_pan", ["990012******1234 /I", "****"], ["9900121234", "kkk"]),
        ("date", ["2026/11/20", "11/20", "2026/11"], ["//", "x"]),
        ("time", ["12:34:56", "12:34"], ["1234", "12.34"]),
        ("text", ["消费"], ["", "  "]),
    ],
)
def test_a_reading_obeys_its_fields_grammar_or_not(kind: str, good: list[str], bad: list[str]) -> None:
    """A field's grammar accepts what a terminal writes and nothing that merely looks like it."""
    assert all(obeys(kind, text) for text in good)
    assert not any(obeys(kind, text) for text in bad)


def test_an_alphabet_holds_the_fields_own_characters_and_the_expected_ones() -> None:
    """Labels may stand beside a number."""
    assert set("金额:0123456789.,-") <= set(alphabet("amount", "金额:1.00") or "")
    assert alphabet("text", "消费") is None


def test_an_unknown_kind_and_no_frames_are_refused(readers: object) -> None:
    """A testimony names its kind and rests on frames."""
    with pytest.raises(UsageError, match="money"):
        testify([], "1", "money", readers)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="frame"):
        testify([], "1", "text", readers)  # type: ignore[arg-type]
