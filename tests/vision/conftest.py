"""One recogniser and one set of fonts for all tests of the eye."""

from __future__ import annotations

import pytest

from tests.vision.photographs import DISPLAY, PAPER
from tillrig.vision import Atlas, PrintAtlas, Readers


@pytest.fixture(scope="session")
def readers() -> Readers:
    return Readers(atlas=Atlas(DISPLAY.fonts, DISPLAY.cell))


@pytest.fixture(scope="session")
def paper_readers(readers: Readers) -> Readers:
    return Readers(recogniser=readers.recogniser, print_atlas=PrintAtlas(PAPER), tesseract=readers.tesseract)
