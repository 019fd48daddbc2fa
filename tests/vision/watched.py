"""Films for the tests of the watch: what a camera sees of a display or a slip while nothing, or something, is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np

from tests.vision.photographs import Bits, frame_of, screen, slip
from tillrig.simulator.optics.grades import Grade
from tillrig.simulator.optics.paper import Paper
from tillrig.simulator.optics.pose import Pose
from tillrig.simulator.optics.scene import bezel_edge, grey_patch
from tillrig.simulator.optics.screen import ScreenRenderer
from tillrig.simulator.optics.sensor import Sensor
from tillrig.simulator.optics.slip import SlipRenderer, slip_marks, slip_patch
from tillrig.vision import Frame
from tillrig.vision.geometry import checked_corners
from tillrig.vision.watch import Area, CameraWatch, Marks, RigCondition

Picture = np.ndarray
Spoiler = Callable[[Picture], Picture]
GRADES = ("clean", "typical", "bad")

ONE = screen(["消费", "请输入金额:", "12.34", ""], inverse=[0], right=[2])
MENU = screen(["1 消费  2 撤销", "3 退货  4 预授权", "5 结算  6 重打", "7 签到  8 签退"])
BLANK = screen(["", "", "", ""])
SLIP = slip([("POS 签购单", "text"), ("商户 12345", "text"), ("12.34", "amount"), ("", "60"), ("金额 RMB", "text")] * 5)


class Studio:
    """One camera in one pose: light in, frames out, with the grade's noise and flicker."""

    def __init__(self, kind: str, grade: str, seed: int) -> None:
        self.kind, self.pose = kind, Pose.draw(grade, seed)
        self.grade: Grade = self.pose.numbers
        if kind == "screen":
            self._screen = ScreenRenderer(self.pose)
            light, size, self.period = self.pose.screen_light, (1280, 720), 1 / 30
        else:
            self._slip = SlipRenderer(self.pose)
            light, size, self.period = self.pose.slip_light, (720, 1920), 1 / 15
        self._sensor = Sensor(self.grade, *size, seed, light.flicker_phase)
        self._number = 0

    def watch(self, *, marks: bool = True, every: int = 1, reference: Frame | None = None) -> CameraWatch:
        if self.kind == "screen":
            patch, edges = grey_patch(self.pose), [bezel_edge(self.pose)]
            area = Area.screen(self.pose.screen_corners)
        else:
            patch, edges = slip_patch(self.pose), slip_marks(self.pose)
            area = Area.paper(self.pose.slip_corners)
        declared = Marks(patch=checked_corners(patch), edges=tuple(checked_corners(edge) for edge in edges))
        return CameraWatch(area, declared if marks else None, every=every, reference=reference)

    def display(self, dots: Bits, *, backlight: bool = True, before: Bits | None = None, ghost: float = 0.0) -> Picture:
        darkness = dots.astype(np.float32)
        if before is not None:
            darkness += np.float32(ghost) * (before.astype(np.float32) - darkness)
        return self._screen.compose(darkness, backlight)

    def paper(self, printed: Bits | None, at: float = 0.0, moving: bool = False) -> Picture:
        """`printed` dot lines hang out of the slot, or are still coming."""
        paper = None
        if printed is not None and len(printed):
            paper = Paper(self.pose, slip=0, since=-1e6)
            paper.advance(printed, at=at + 0.01 if moving else -1e3)
        return self._slip.compose(paper, at, self.grade.exposure_ms / 1e3)

    def shoot(self, light: Picture) -> Frame:
        """The light as a frame of the sensor."""
        at = self._number * self.period
        self._sensor.settle(light)
        exposed = self._sensor.expose(light, 1.0, self._sensor.flicker_step(at))
        exposed[light == 255] = 255  # what clips, clips in every phase of the flicker
        frame = frame_of(self._sensor.read(exposed), self.pose, self._number, self.kind)
        self._number += 1
        return Frame(at, frame.jpeg, self.kind, self._number)


def film(studio: Studio, lights: Sequence[Picture]) -> Iterator[Frame]:
    for light in lights:
        yield studio.shoot(light)


def told(watch: CameraWatch, frames: Iterator[Frame]) -> list[RigCondition | None]:
    """The condition after each frame."""
    return [watch.feed(frame) for frame in frames]


def covered(picture: Picture) -> Picture:
    return np.full_like(picture, 11)


def hand_on_lens(picture: Picture) -> Picture:
    """Skin, out of focus, before the whole lens."""
    height, width = picture.shape[:2]
    shade = np.linspace(60, 110, width, dtype=np.float32)[None, :, None] * np.ones((height, 1, 1), np.float32)
    return np.clip(shade * np.array([0.7, 0.8, 1.1], np.float32), 0, 255).astype(np.uint8)


def black(picture: Picture) -> Picture:
    return np.full_like(picture, 2)


def dimmed(share: float) -> Spoiler:
    return lambda picture: (picture * share).astype(np.uint8)


def blurred(sigma: float) -> Spoiler:
    return lambda picture: cv2.GaussianBlur(picture, (0, 0), sigma)


def moved(x: float, y: float, turn_deg: float = 0.0) -> Spoiler:
    def spoil(picture: Picture) -> Picture:
        height, width = picture.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn_deg, 1.0)
        matrix[:, 2] += (x, y)
        return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)

    return spoil


def lit_up(picture: Picture) -> Picture:
    """A lamp that mirrors in the glass, or shines onto the paper."""
    height, width = picture.shape[:2]
    across = (np.arange(width) / width - 0.5)[None, :] / 0.35
    down = (np.arange(height) / height - 0.5)[:, None] / 0.35
    return cv2.add(picture, cv2.merge([(330 * np.exp(-(across**2 + down**2) / 2)).clip(0, 255).astype(np.uint8)] * 3))


def another_scene(seed: int) -> Spoiler:
    """A desk with things on it, seen by another camera of the same size."""

    def spoil(picture: Picture) -> Picture:
        rng = np.random.default_rng(seed)
        height, width = picture.shape[:2]
        scene = np.full_like(picture, int(rng.integers(40, 160)))
        for _ in range(40):
            x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
            size = (int(rng.integers(20, width // 3)), int(rng.integers(20, height // 3)))
            colour = tuple(int(value) for value in rng.integers(0, 230, 3))
            cv2.rectangle(scene, (x, y), (x + size[0], y + size[1]), colour, int(rng.choice([-1, 2, 5])))
        return cv2.GaussianBlur(scene, (0, 0), 1.2)

    return spoil


def hand_beside(progress: float) -> Spoiler:
    """A hand that comes in from the side as far as `progress` of a third of the frame's width, and goes."""

    def spoil(picture: Picture) -> Picture:
        height, width = picture.shape[:2]
        mask = np.zeros((height, width), np.uint8)
        reach = int(width / 3 * progress)
        for finger in range(4):
            y = int(height * (0.42 + 0.07 * finger))
            cv2.line(mask, (width, y), (width - reach, y - 20), 255, int(height * 0.06))
        soft = cv2.GaussianBlur(mask, (0, 0), 3)[..., None].astype(np.float32) / 255
        return (picture * (1 - soft) + np.array([110, 140, 190], np.float32) * soft).astype(np.uint8)

    return spoil
