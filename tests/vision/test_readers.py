"""Every reader keeps the one interface, and the recogniser's likelihoods are those of CTC."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vision.photographs import DISPLAY, photographed, screen
from tillrig.errors import ProfileError, UsageError
from tillrig.vision import Atlas, FontSpec, LineImage, Reader, Readers, ScreenReader
from tillrig.vision.readers.base import fold, squeeze
from tillrig.vision.readers.recogniser import ctc_likelihood


@pytest.fixture(scope="module")
def line(readers: Readers) -> LineImage:
    frames, corners = photographed(screen(["", "1234.56", "", ""]), seed=800, count=1)
    return ScreenReader(DISPLAY, corners, readers=readers).line_image(frames[0], 1)


@pytest.mark.parametrize("name", ["rapidocr", "atlas", "tesseract"])
def test_a_reader_reads_a_line_and_scores_an_expectation(name: str, readers: Readers, line: LineImage) -> None:
    """Contract: a name, a blind reading with confidences, and a margin that is higher for what is shown than for
    another text."""
    reader = {"rapidocr": readers.recogniser, "atlas": readers.atlas, "tesseract": readers.tesseract}[name]
    assert isinstance(reader, Reader)
    assert reader.name == name
    reading = reader.read_line(line, "0123456789.")
    assert 0.0 <= reading.confidence <= 1.0
    if name != "tesseract":  # too weak on LCD to be held to a text
        assert reading.text.strip() == "1234.56"
        assert reader.score(line, "1234.56") > 0 > reader.score(line, "1234.58")


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.text("ab", max_size=3), st.integers(0, 2**16))
def test_ctc_likelihood_is_the_sum_over_all_paths(steps: int, text: str, seed: int) -> None:
    """The forward algorithm equals the sum of all alignments that collapse to the text."""
    rng = np.random.default_rng(seed)
    table = rng.random((steps, 3)) + 0.01
    table /= table.sum(axis=1, keepdims=True)
    total = 0.0
    for path in itertools.product(range(3), repeat=steps):
        collapsed = "".join("-ab"[number] for number, _ in itertools.groupby(path)).replace("-", "")
        if collapsed == text:
            total += float(np.prod([table[step, number] for step, number in enumerate(path)]))
    log = np.log(table)
    got = ctc_likelihood(log[:, 0], [log[:, "-ab".index(char)] for char in text], text)
    assert np.exp(got) == pytest.approx(total, abs=1e-9)


def test_spellings_that_count_as_one_fold_together() -> None:
    """Full-width forms, 帐 and 账, and runs of spaces are one to the readers; digits never fold into letters."""
    assert fold("对帐:１２") == fold("对账:12")
    assert squeeze("  1 消费   2 撤销 ") == "1 消费 2 撤销"
    assert fold("O") != fold("0")


def test_a_missing_font_is_named() -> None:
    """A font that is not there is the profile's fault and is named."""
    with pytest.raises(ProfileError, match=r"nowhere\.ttf"):
        Atlas((FontSpec("/nowhere.ttf", 16),))


def test_a_crop_must_be_a_picture(readers: Readers) -> None:
    """A crop without pixels is refused with its shape."""
    with pytest.raises(UsageError, match=r"\(0, 10\)"):
        readers.recogniser.read_crop(np.zeros((0, 10), np.uint8))


def test_importing_the_eye_loads_nothing_heavy_and_telemetry_is_off_before_onnxruntime() -> None:
    """tillrig.vision imports neither OpenCV nor onnxruntime; onnxruntime is imported with its telemetry switched
    off."""
    code = (
        "import sys, os, tillrig.vision as v; assert not {'cv2', 'onnxruntime', 'rapidocr', 'PIL'} & set(sys.modules); "
        "v.Recogniser(); assert os.environ['ORT_DISABLE_TELEMETRY'] == '1' and 'onnxruntime' in sys.modules"
    )
    environment = {key: value for key, value in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=60)
