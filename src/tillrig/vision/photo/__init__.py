"""Photographs of receipts and displays that no profile describes: lines found by a network, amounts given only when
independent looks agree and the pixels bear them out."""

from __future__ import annotations

from tillrig.vision.photo.reading import Amount, PhotoLine, PhotoReading, read_photo

__all__ = ["Amount", "PhotoLine", "PhotoReading", "read_photo"]
