"""Calibration of a camera before a display or a slip: corners, lens term, score, and whether they still hold."""

from tillrig.vision.calibration.display import Candidate, find_display, mean_picture
from tillrig.vision.calibration.shown import KnownRow, KnownScreen, known_screen, screens_of

__all__ = ["Candidate", "KnownRow", "KnownScreen", "find_display", "known_screen", "mean_picture", "screens_of"]
