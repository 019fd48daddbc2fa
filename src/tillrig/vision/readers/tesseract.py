"""tesseract through pytesseract: the third witness, for Latin lines and where no atlas exists."""

from __future__ import annotations

import os

import cv2

from tillrig.errors import BlockedError
from tillrig.vision.readers.base import CharReading, LineImage, LineReading

_PAGE_MODE = 7
_HEIGHT = 48
_BORDER = 12
_LIMIT_SECONDS = 10


class Tesseract:
    """`languages` as installed; a limited alphabet of ASCII characters reads with `eng` alone."""

    name = "tesseract"

    def __init__(self, languages: str = "chi_sim+eng") -> None:
        self._languages = languages

    def read_line(self, line: LineImage, alphabet: str | None = None) -> LineReading:
        import pytesseract

        # Its own threads fight each other on one line: 75 ms against 137.
        os.environ.setdefault("OMP_THREAD_LIMIT", "1")
        scale = _HEIGHT / line.grey.shape[0]
        crop = cv2.resize(line.grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        crop = cv2.copyMakeBorder(crop, _BORDER, _BORDER, _BORDER, _BORDER, cv2.BORDER_REPLICATE)
        config = f"--psm {_PAGE_MODE}"
        languages = self._languages
        if alphabet and alphabet.isascii():
            # Its command line takes quotes and backslashes for its own.
            allowed = "".join(char for char in alphabet if char not in " '\"\\")
            config += f" -c tessedit_char_whitelist={allowed}"
            languages = "eng"
        try:
            data = pytesseract.image_to_data(
                crop, lang=languages, config=config, output_type=pytesseract.Output.DICT, timeout=_LIMIT_SECONDS
            )
        except pytesseract.TesseractNotFoundError as problem:
            raise BlockedError(
                "the program tesseract is not installed; install tesseract-ocr with chi_sim and eng"
            ) from problem
        except RuntimeError:
            return LineReading("", 0.0)
        words = [
            (text, float(share) / 100) for text, share in zip(data["text"], data["conf"], strict=True) if text.strip()
        ]
        chars = tuple(CharReading(char, share) for text, share in words for char in text)
        return LineReading(" ".join(text for text, _ in words), min((share for _, share in words), default=0.0), chars)

    def score(self, line: LineImage, expected: str) -> float:
        """It gives no likelihoods: plus or minus its confidence."""
        reading = self.read_line(line)
        same = "".join(reading.text.split()) == "".join(expected.split())
        return (5.0 if same else -5.0) * reading.confidence
