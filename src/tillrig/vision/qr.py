"""QR codes on displays and slips, by zxing-cpp.

A code carries its own check symbols, so a decoded text needs no second reader; nothing decoded is UNREADABLE, never a
guess. As with every testimony, one frame alone decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import msgspec
import numpy as np

from tillrig.observations import Reading as Answer
from tillrig.vision.frame import Frame
from tillrig.vision.geometry import Corners, Grey, Point, checked_corners
from tillrig.vision.testimony import MOST_FRAMES, Testimony
from tillrig.vision.witness import Vote, Witness

READER = "zxing"
# Share of the area's size that a code may reach beyond it: corners are a dot or two off.
_BEYOND = 0.03
# So large (pixels of the longer side) a picture is enlarged to twice its size: small modules are seen better so.
_SMALL = 1400
# Side of the picture that tells the light.
_COARSE = 48
# Decoded by one look and by another, two codes whose middles are so near (share of their size) are one.
_SAME_PLACE = 0.5


class QrCode(msgspec.Struct, frozen=True, kw_only=True):
    """`text` as decoded, `format` "QRCode", `corners` camera points from the code's own top-left on, clockwise as it is
    printed, `frame` the picture's name."""

    text: str
    format: str
    corners: tuple[Point, ...]
    frame: str = ""


def read_qr(picture: Frame | Grey, within: Sequence[Sequence[float]] | None = None) -> tuple[QrCode, ...]:
    """Every QR code that can be decoded, from top to bottom; () for none.

    `picture`: a frame, or pixels (grey or BGR uint8). `within`: four points (camera pixels, as a reader's `corners`)
    beyond which nothing is looked for. Raises CameraError when the frame cannot be decoded, UsageError for corners that
    are none.
    """
    frame = picture.id if isinstance(picture, Frame) else ""
    grey = picture.grey() if isinstance(picture, Frame) else picture
    if grey.ndim == 3:
        grey = np.asarray(cv2.cvtColor(grey, cv2.COLOR_BGR2GRAY), np.uint8)
    corners = None if within is None else checked_corners(within)
    part, left, top = _part(grey, corners)
    found: list[QrCode] = []
    for look, scale in _looks(part):
        for code in _decoded(look):
            at = tuple((round(left + x / scale, 1), round(top + y / scale, 1)) for x, y in _corners_of(code))
            one = QrCode(text=code.text, format="QRCode", corners=at, frame=frame)
            if _inside(one, corners) and not any(_same(one, other) for other in found):
                found.append(one)
        if found:
            break
    return tuple(sorted(found, key=lambda one: min(y for _, y in one.corners)))


def testify_qr(frames: Sequence[Frame], expected: str, within: Sequence[Sequence[float]] | None = None) -> Testimony:
    """What distinct frames say about a code of the text `expected` being shown `within`.

    MATCH: decoded so in two frames, otherwise in none. MISMATCH: the same other text in two frames, a code of the
    expected text in none, and never two codes side by side. Else UNREADABLE. Raises as `read_qr`.
    """
    distinct = list({frame.jpeg: frame for frame in frames}.values())[:MOST_FRAMES]
    heard = [(frame, read_qr(frame, within)) for frame in distinct]
    witnesses = tuple(_witness(frame, codes, expected) for frame, codes in heard)
    box = next((codes[0].corners for _, codes in heard if codes), ())

    def say(answer: Answer, seen: str, reason: str) -> Testimony:
        return Testimony(
            answer=answer,
            expected=expected,
            kind="qr",
            seen=seen,
            reason=reason,
            witnesses=witnesses,
            frames=tuple(frame.id for frame in distinct),
            box=box,
        )

    confirmed = [one for one in witnesses if one.vote is Vote.FOR]
    others = [one for one in witnesses if one.vote is Vote.AGAINST]
    texts = {one.text for one in others}
    seen = next(iter(texts)) if len(texts) == 1 else ""
    if len(confirmed) >= 2 and not others:
        return say(Answer.MATCH, expected, "")
    if len(others) >= 2 and len(texts) == 1 and not confirmed:
        return say(Answer.MISMATCH, seen, f"{READER} decoded {seen!r} in {len(others)} frames")
    if (confirmed and others) or len(texts) > 1:
        return say(Answer.UNREADABLE, seen, "the frames show different codes")
    reasons = dict.fromkeys(one.reason for one in witnesses if one.vote is Vote.SILENT)
    if confirmed or others:
        reasons["it was decoded in one frame only"] = None
    return say(Answer.UNREADABLE, expected if confirmed else seen, "; ".join(reasons) or "no frame was offered")


testify_qr.__test__ = False  # type: ignore[attr-defined]  # pytest would take its name for a test


def _witness(frame: Frame, codes: Sequence[QrCode], expected: str) -> Witness:
    texts = {code.text for code in codes}
    vote, text, reason = Vote.SILENT, "", "no code could be decoded"
    if len(codes) > 1:
        text, reason = " | ".join(sorted(texts)), f"{len(codes)} codes are shown"
    elif codes:
        text = codes[0].text
        vote, reason = (Vote.FOR, "") if text == expected else (Vote.AGAINST, f"read {text!r}")
    sure = vote is not Vote.SILENT
    return Witness(
        reader=READER, frame=frame.id, vote=vote, text=text, confidence=float(sure), strong=sure, reason=reason
    )


def _part(grey: Grey, corners: Corners | None) -> tuple[Grey, int, int]:
    """The part of the picture around the corners, and where it begins."""
    if corners is None:
        return grey, 0, 0
    points = np.asarray(corners)
    beyond = 4 + 2 * _BEYOND * np.ptp(points, axis=0)
    low = np.clip(np.floor(points.min(axis=0) - beyond), 0, [grey.shape[1] - 1, grey.shape[0] - 1]).astype(int)
    high = np.ceil(points.max(axis=0) + beyond).astype(int)
    return grey[low[1] : high[1] + 1, low[0] : high[0] + 1], int(low[0]), int(low[1])


def _looks(part: Grey) -> Iterator[tuple[Grey, float]]:
    """The picture as it is; smoothed, so that a display's dots run together; enlarged; under even light."""
    yield np.ascontiguousarray(part), 1.0
    scale = 2.0 if max(part.shape) <= _SMALL else 1.0
    large = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    for sigma in (1.0, 1.8):
        yield np.asarray(cv2.GaussianBlur(large, (0, 0), sigma * scale / 2), np.uint8), scale
    coarse = cv2.resize(part, (_COARSE, _COARSE), interpolation=cv2.INTER_AREA)
    light = cv2.resize(cv2.GaussianBlur(coarse, (0, 0), _COARSE / 12), large.shape[::-1]).astype(np.float32)
    even = np.clip(large / np.maximum(light, 1.0) * 128, 0, 255).astype(np.uint8)
    yield np.asarray(cv2.GaussianBlur(even, (0, 0), 0.6 * scale), np.uint8), scale


def _decoded(look: Grey) -> list[Any]:
    import zxingcpp

    return [code for code in zxingcpp.read_barcodes(look, formats=zxingcpp.BarcodeFormat.QRCode) if code.valid]


def _corners_of(code: Any) -> tuple[Point, ...]:
    place = code.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    return tuple((float(corner.x), float(corner.y)) for corner in corners)


def _inside(code: QrCode, corners: Corners | None) -> bool:
    if corners is None:
        return True
    area = np.asarray(corners, np.float32)
    beyond = _BEYOND * float(np.ptp(area, axis=0).max())
    return all(cv2.pointPolygonTest(area, point, True) >= -beyond for point in code.corners)


def _same(one: QrCode, other: QrCode) -> bool:
    ours, theirs = np.asarray(one.corners), np.asarray(other.corners)
    near = _SAME_PLACE * float(np.ptp(theirs, axis=0).max())
    return float(np.hypot(*(ours.mean(axis=0) - theirs.mean(axis=0)))) < near
