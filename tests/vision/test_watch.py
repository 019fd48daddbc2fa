"""Every trouble of a camera is named soon after it began, in every pose and grade, and ends when it has ended."""

from __future__ import annotations

import numpy as np
import pytest

from tests.poses import POSES
from tests.vision.watched import (
    GRADES,
    MENU,
    ONE,
    SLIP,
    Picture,
    Spoiler,
    Studio,
    another_scene,
    black,
    blurred,
    covered,
    dimmed,
    hand_on_lens,
    lit_up,
    moved,
)
from tillrig.vision import Frame, RigCondition

#: Seven poses a grade, 21 in all, drawn apart from those of the sound sequences.
DRAWN = [(grade, 3000 + seed) for grade in GRADES for seed in range(POSES)]
TROUBLES: list[tuple[str, Spoiler, RigCondition]] = [
    ("covered", covered, RigCondition.COVERED),
    ("hand on the lens", hand_on_lens, RigCondition.COVERED),
    ("black", black, RigCondition.BLACK),
    ("dark", dimmed(0.12), RigCondition.DARK),
    ("dimmed", dimmed(0.33), RigCondition.DARK),
    ("saturated", lit_up, RigCondition.SATURATED),
    ("defocused", blurred(9), RigCondition.BLURRED),
    ("a little out of focus", blurred(4.5), RigCondition.BLURRED),
    ("moved by 3 px", moved(2.4, -1.8), RigCondition.MOVED),
    ("moved by 12 px", moved(-7, 10, 0.2), RigCondition.MOVED),
    ("moved by 22 px", moved(-13, -18), RigCondition.MOVED),
    ("moved by 30 px", moved(27, 14), RigCondition.MOVED),
    ("moved by 60 px", moved(48, -36), RigCondition.MOVED),
    ("turned", moved(0, 0, 0.8), RigCondition.MOVED),
    ("another scene", another_scene(1), RigCondition.WRONG_DEVICE),
]


def _light(studio: Studio) -> Picture:
    return studio.display(ONE) if studio.kind == "screen" else studio.paper(SLIP)


@pytest.mark.parametrize("kind", ["screen", "slip"])
@pytest.mark.parametrize(("grade", "seed"), DRAWN)
def test_each_trouble_is_named_within_three_measurements(kind: str, grade: str, seed: int) -> None:
    """And not before it began; with it the time after which it began."""
    studio = Studio(kind, grade, seed)
    watch = studio.watch()
    light = _light(studio)
    assert [watch.feed(studio.shoot(light)) for _ in range(7)] == [None] * 7
    wrong = []
    for name, spoil, condition in TROUBLES:
        sound_at, spoilt = watch.sound_at, spoil(light)
        named = [watch.feed(studio.shoot(spoilt)) for _ in range(3)]
        if named != [None, None, condition] or sound_at is None or watch.since != sound_at:
            wrong.append((name, named, watch.detail))
        assert [watch.feed(studio.shoot(light)) for _ in range(3)][-1] is None, name
    assert wrong == []


@pytest.mark.parametrize("kind", ["screen", "slip"])
@pytest.mark.parametrize("grade", GRADES)
def test_without_declared_marks_the_surroundings_serve(kind: str, grade: str) -> None:
    """A rig file need not declare anything: the corners that are there are found."""
    studio = Studio(kind, grade, 3100)
    watch = studio.watch(marks=False)
    light = _light(studio)
    assert [watch.feed(studio.shoot(light)) for _ in range(6)] == [None] * 6
    for spoil, condition in ((moved(2.5, 1.7), RigCondition.MOVED), (blurred(6), RigCondition.BLURRED)):
        spoilt = spoil(light)
        assert [watch.feed(studio.shoot(spoilt)) for _ in range(3)][-1] is condition
        assert [watch.feed(studio.shoot(light)) for _ in range(3)][-1] is None


def test_a_frozen_stream_is_named_by_its_bytes() -> None:
    """The same bytes again and again are no witness: real sensors never repeat. The next new picture ends it."""
    studio = Studio("screen", "typical", 3200)
    watch, light = studio.watch(), studio.display(ONE)
    for _ in range(6):
        last = studio.shoot(light)
        watch.feed(last)
    again = [watch.feed(Frame(last.time + number / 30, last.jpeg, "screen", 100 + number)) for number in range(1, 8)]
    assert again == [None] * 4 + [RigCondition.FROZEN] * 3
    assert watch.since == last.time
    assert watch.no_frames(last.time + 7 / 30 + 1.5) is RigCondition.NO_FRAMES
    assert watch.no_frames(last.time + 7 / 30 + 0.5) is None
    assert [watch.feed(studio.shoot(light)) for _ in range(3)][-1] is None


def test_one_bad_measurement_is_no_condition() -> None:
    """A door that slams, one torn frame: what does not stay is not named, but it is doubtful meanwhile."""
    studio = Studio("screen", "typical", 3201)
    watch, light = studio.watch(), studio.display(ONE)
    for _ in range(6):
        watch.feed(studio.shoot(light))
    sound = watch.sound_at
    assert [watch.feed(studio.shoot(moved(6, 0)(light))) for _ in range(2)] == [None, None]
    assert watch.sound_at == sound
    assert watch.feed(studio.shoot(light)) is None
    assert watch.sound_at is not None and sound is not None and watch.sound_at > sound


def test_frames_of_another_size_are_another_device() -> None:
    """Told at the first measurement: no camera changes its size by itself."""
    studio = Studio("screen", "typical", 3202)
    watch, light = studio.watch(), studio.display(ONE)
    for _ in range(6):
        watch.feed(studio.shoot(light))
    small = Frame.from_array(np.ascontiguousarray(light[::2, ::2]), time=9.0, sequence=99)
    assert watch.feed(small) is RigCondition.WRONG_DEVICE
    assert "640x360 px instead of 1280x720" in watch.detail


def test_a_frame_that_ends_early_is_torn() -> None:
    """A decoder fills in one colour; a sensor never gives that."""
    studio = Studio("screen", "typical", 3203)
    watch, light = studio.watch(), studio.display(MENU)
    for _ in range(6):
        watch.feed(studio.shoot(light))
    cut = []
    for _ in range(3):
        whole = studio.shoot(light)
        cut.append(Frame(whole.time, whole.jpeg[: len(whole.jpeg) // 2] + b"\xff\xd9", "screen", whole.sequence))
    assert [watch.feed(frame) for frame in cut][-1] is RigCondition.TORN


def test_a_rig_that_begins_in_the_dark_is_told_so() -> None:
    """Without any sound frame there is no reference; black and saturated need none."""
    studio = Studio("screen", "typical", 3204)
    watch, light = studio.watch(), studio.display(ONE)
    assert [watch.feed(studio.shoot(black(light))) for _ in range(3)][-1] is RigCondition.BLACK
    assert watch.sound_at is None and not watch.learned
