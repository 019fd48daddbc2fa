"""The watch sees each change when it comes, and calls a screen settled only when the glass is at rest."""

from __future__ import annotations

from tests.vision.photographs import DISPLAY, frame_of, screen
from tillrig.simulator.optics.pose import Pose
from tillrig.simulator.optics.still import render_screen
from tillrig.vision import Agreement, Frame, Readers, RigCondition, ScreenReader, ScreenWatch

ONE = screen(["消费", "请输入金额:", "12.34", ""], inverse=[0], right=[2])
OTHER = screen(["消费", "请输入金额:", "12.35", ""], inverse=[0], right=[2])


def _film(seed: int, first: int = 12, second: int = 16) -> tuple[list[Frame], Pose]:
    pose = Pose.draw("typical", seed)
    frames = [frame_of(render_screen(ONE, pose, frame=number), pose, number) for number in range(first)]
    for number in range(first, first + second):
        picture = render_screen(OTHER, pose, frame=number, before=ONE, after_s=(number - first) / 30 + 0.005)
        frames.append(frame_of(picture, pose, number))
    return frames, pose


def test_one_digit_is_one_change_and_settles_within_ten_frames() -> None:
    """A single changed digit is seen in its first frame; settled comes after the ghost has gone, and not before."""
    frames, pose = _film(700)
    watch = ScreenWatch(DISPLAY, pose.screen_corners)
    states = [watch.feed(frame) for frame in frames]
    assert states[11].settled and states[11].generation == 0
    assert [state.generation for state in states[12:]] == [1] * 16
    assert states[12].changed_at == frames[12].time
    first = next(number for number, state in enumerate(states) if number >= 12 and state.settled)
    assert 12 + 8 <= first <= 12 + 10
    assert {cell[0] for state in states[12:20] for cell in state.changed_cells} == {2}
    assert all(state.condition is None for state in states)


def test_two_frames_that_read_the_same_agree(readers: Readers) -> None:
    """The fast path gives rows at the second distinct frame with the same reading, never for one frame twice."""
    frames, pose = _film(701, first=2, second=3)
    agreement = Agreement(ScreenReader(DISPLAY, pose.screen_corners, readers=readers))
    seen = [agreement.feed(frame) for frame in (frames[0], frames[0], frames[1], frames[2], frames[3])]
    assert [None if rows is None else rows[2].text for rows in seen] == [None, None, "12.34", None, "12.35"]


def test_a_frozen_stream_is_named() -> None:
    """The same bytes again and again are no witness: real sensors never repeat."""
    frames, pose = _film(702, first=1, second=0)
    watch = ScreenWatch(DISPLAY, pose.screen_corners)
    states = [watch.feed(Frame(number / 30, frames[0].jpeg, "screen", number)) for number in range(8)]
    assert states[-1].condition is RigCondition.FROZEN
    assert watch.no_frames(7 / 30 + 1.5) is RigCondition.NO_FRAMES
    assert watch.no_frames(7 / 30 + 0.5) is None
