"""A picture file of any common form is read as a viewer shows it; what is none is refused with its name."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tillrig.errors import UsageError
from tillrig.vision import Frame


@pytest.fixture
def picture() -> Image.Image:
    """Grey steps with a dark corner top left, so that any turn or inversion shows."""
    values = np.full((80, 120, 3), 200, np.uint8)
    values[:20, :30] = 30
    return Image.fromarray(values)


def shown(path: Path) -> tuple[int, int, int, int]:
    grey = Frame.from_file(path).grey()
    return grey.shape[1], grey.shape[0], int(grey[8, 8]), int(grey[60, 100])


@pytest.mark.parametrize(
    "name", ["a.jpg", "a.png", "a.bmp", "a.tif", "a.webp", "grey.png", "deep.png", "cmyk.jpg", "pal.png", "alpha.png"]
)
def test_every_form_is_the_same_picture(tmp_path: Path, picture: Image.Image, name: str) -> None:
    """Depth, colour model and container make no difference."""
    made = {
        "grey.png": lambda: picture.convert("L"),
        "deep.png": lambda: Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257),
        "cmyk.jpg": lambda: picture.convert("CMYK"),
        "pal.png": lambda: picture.convert("P"),
        "alpha.png": lambda: picture.convert("RGBA"),
    }.get(name, lambda: picture)()
    made.save(tmp_path / name)
    width, height, corner, middle = shown(tmp_path / name)
    assert (width, height) == (120, 80) and corner < 60 and middle > 170


@pytest.mark.parametrize("name", ["turned.jpg", "turned.png"])
def test_the_orientation_that_a_camera_noted_is_applied(tmp_path: Path, picture: Image.Image, name: str) -> None:
    """As a viewer would."""
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.rotate(90, expand=True).save(tmp_path / name, exif=exif)
    width, height, corner, middle = shown(tmp_path / name)
    assert (width, height) == (120, 80) and corner < 60 and middle > 170


def test_what_is_no_single_whole_picture_is_refused_with_name_and_cause(tmp_path: Path, picture: Image.Image) -> None:
    """Text, nothing, half a file, several pictures, one pixel, far too large, a directory."""
    stored = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (300, 300, 3), np.uint8)
    Image.fromarray(noise).save(stored, "JPEG")
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "half.jpg").write_bytes(stored.getvalue()[: len(stored.getvalue()) // 2])
    picture.save(tmp_path / "moving.gif", save_all=True, append_images=[picture.rotate(5)])
    Image.new("L", (1, 1)).save(tmp_path / "dot.png")
    Image.new("1", (12_001, 20)).save(tmp_path / "long.png")
    (tmp_path / "folder.jpg").mkdir()
    causes = {
        "text.jpg": "no known format",
        "empty.png": "empty",
        "half.jpg": "truncated",
        "moving.gif": "2 pictures",
        "dot.png": "1x1",
        "long.png": "12001x20",
        "folder.jpg": "directory",
        "absent.jpg": "cannot be read",
    }
    for name, cause in causes.items():
        with pytest.raises(UsageError) as told:
            Frame.from_file(tmp_path / name)
        assert name in str(told.value) and cause in str(told.value)


def jpeg_of(picture: Image.Image, **options: int) -> bytes:
    stored = io.BytesIO()
    picture.save(stored, "JPEG", quality=90, **options)
    return stored.getvalue()


def test_a_pipe_is_refused_and_nothing_waits_for_it(tmp_path: Path) -> None:
    """Nor is a device read until memory is full."""
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "device.jpg").symlink_to("/dev/zero")
    for name in ("pipe.jpg", "device.jpg"):
        with pytest.raises(UsageError, match=f"{name} is a pipe or a device"):
            Frame.from_file(tmp_path / name)


@pytest.mark.parametrize("options", [{}, {"restart_marker_rows": 1}])
def test_a_jpeg_that_lost_data_before_its_end_is_refused(tmp_path: Path, options: dict[str, int]) -> None:
    """Decoders fill it up with grey, in which nobody may look for an amount."""
    noise = np.random.default_rng(2).integers(0, 255, (160, 160, 3), np.uint8)
    whole = jpeg_of(Image.fromarray(noise), **options)
    middle = len(whole) // 2
    broken = {
        "ended.jpg": whole[:middle] + b"\xff\xd9",
        "next.jpg": whole[:middle] + whole,
        "hole.jpg": whole[:middle] + whole[middle + middle // 2 :],
    }
    for name, data in broken.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UsageError, match=f"{name} is (damaged|not a picture)"):
            Frame.from_file(tmp_path / name)
    (tmp_path / "whole.jpg").write_bytes(whole)
    assert Frame.from_file(tmp_path / "whole.jpg").grey().shape == (160, 160)


@pytest.mark.parametrize("grey", [127, 128, 129])
def test_an_even_grey_picture_has_lost_nothing(tmp_path: Path, grey: int) -> None:
    """Nor has one that a camera wrote something behind."""
    data = jpeg_of(Image.new("RGB", (120, 80), (grey,) * 3))
    (tmp_path / "grey.jpg").write_bytes(data)
    (tmp_path / "longer.jpg").write_bytes(data + b"a camera's own notes" * 20)
    assert abs(int(Frame.from_file(tmp_path / "grey.jpg").grey().mean()) - grey) <= 2
    assert Frame.from_file(tmp_path / "longer.jpg").grey().shape == (80, 120)
