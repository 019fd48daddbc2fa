"""What a terminal, a printer and people do before a sound camera is never called a trouble of the camera."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from tests.poses import POSES
from tests.vision.photographs import fields, screen, slip
from tests.vision.watched import GRADES, MENU, SLIP, Bits, Picture, Studio, hand_beside, moved
from tillrig.vision import RigCondition

#: Measurements of one film; the first ones make the reference.
LEARNING = 5


def _screens(rng: random.Random, count: int) -> list[Bits]:
    return [screen([text for text, _ in fields(rng)], inverse=[0]) for _ in range(count)]


def _typing(studio: Studio, rng: random.Random) -> Iterator[Picture]:
    """An amount that grows key by key, each state with the ghost of the one before."""
    digits = f"{rng.randrange(10**5, 10**7)}"
    before = screen(["消费", "请输入金额:", "", ""], inverse=[0])
    for length in range(1, 5):
        now = screen(["消费", "请输入金额:", f"{int(digits[:length]) / 100:.2f}", ""], inverse=[0], right=[2])
        yield studio.display(now, before=before, ghost=studio.grade.ghost)
        yield studio.display(now)
        before = now


def _screens_change(studio: Studio, rng: random.Random) -> Iterator[Picture]:
    """Other screens, wholly blank and nearly black ones among them, each over the fading ghost of the last."""
    shown = [*_screens(rng, 2), np.zeros((64, 128), bool), np.ones((64, 128), bool), MENU]
    rng.shuffle(shown)
    before = MENU
    for dots in shown:
        for left in (1.0, 0.4):
            yield studio.display(dots, before=before, ghost=studio.grade.ghost * left)
        before = dots


def _sleeps(studio: Studio, rng: random.Random) -> Iterator[Picture]:
    """The display's own lamp goes out, then its controller: the glass fades to blank; then all comes back."""
    dots = _screens(rng, 1)[0]
    yield studio.display(dots)
    for _ in range(3):
        yield studio.display(dots, backlight=False)
    blank = np.zeros((64, 128), bool)
    for left in (0.6, 0.2, 0.0, 0.0):
        yield studio.display(blank, backlight=False, before=dots, ghost=left)
    yield studio.display(dots)


def _shakes(studio: Studio, rng: random.Random) -> Iterator[Picture]:
    """The bench trembles by up to one pixel."""
    still = studio.display(MENU) if studio.kind == "screen" else studio.paper(SLIP)
    for _ in range(6):
        yield moved(rng.uniform(-0.7, 0.7), rng.uniform(-0.7, 0.7))(still)


def _hand_passes(studio: Studio, rng: random.Random) -> Iterator[Picture]:
    """A hand at the keys or at the paper, and away again."""
    still = studio.display(MENU) if studio.kind == "screen" else studio.paper(SLIP)
    for progress in (0.3, 0.7, 1.0, 1.0, 0.9, 0.4):
        yield hand_beside(progress * rng.uniform(0.7, 1.0))(still)


def _prints(studio: Studio, rng: random.Random) -> Iterator[Picture]:
    """Paper comes out line by line, smeared while it moves."""
    dots = slip([(text, "text") for _ in range(8) for text, _ in fields(rng)])
    for share in (0.05, 0.2, 0.45, 0.7, 1.0):
        yield studio.paper(dots[: int(share * len(dots))], moving=share < 1.0)


def _paper_is_taken(studio: Studio, rng: random.Random) -> Iterator[Picture]:
    """A full slip, then none, then another."""
    for printed in (SLIP, SLIP, None, None, SLIP[: rng.randrange(60, 500)], SLIP):
        yield studio.paper(printed)


FILMS = {
    "screen": [_typing, _screens_change, _sleeps, _shakes, _hand_passes],
    "slip": [_prints, _paper_is_taken, _shakes, _hand_passes],
}


@pytest.mark.parametrize("kind", ["screen", "slip"])
@pytest.mark.parametrize("grade", GRADES)
@pytest.mark.parametrize("seed", range(5000, 5000 + POSES // 2))
def test_nothing_sound_is_a_trouble(kind: str, grade: str, seed: int) -> None:
    """Each film of the kind, one after the other before the same camera: 108 sound sequences in 24 poses. A hand may
    raise a doubt for a moment; nothing else does."""
    studio, rng = Studio(kind, grade, seed), random.Random(seed)
    watch = studio.watch(marks=seed % 2 == 0)
    still = studio.display(MENU) if kind == "screen" else studio.paper(None)
    for _ in range(LEARNING):
        assert watch.feed(studio.shoot(still)) is None
    assert watch.learned and not watch.blind
    told: list[tuple[str, RigCondition, str]] = []
    for play in FILMS[kind]:
        for light in play(studio, rng):
            condition = watch.feed(studio.shoot(light))
            if condition is not None or (watch.doubtful and play is not _hand_passes):
                told.append((play.__name__, condition or RigCondition.MOVED, watch.detail))
    assert told == []
