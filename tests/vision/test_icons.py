"""Icons: every state of the profile's examples is told through the optics, an unknown one is not; none is guessed."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.profiles.test_profile_files import CLASSIC
from tests.vision.codes import BATTERY, BOXES, SIGNAL, UNKNOWN, example, icon_specs, photographed, with_icons
from tests.vision.photographs import screen
from tillrig.errors import ProfileError, UsageError
from tillrig.profiles.load import read_profile
from tillrig.vision import Answer, DisplayGeometry, Frame, IconReader, display_geometry, icon_example

TEXT = screen(["", "余额:12.34", "请刷卡/插卡/挥卡", "1234567890"])
TFT = DisplayGeometry(width=320, height=240, rows=15, columns=40)


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, IconReader]:
    folder = tmp_path_factory.mktemp("icons")
    return {
        "lcd": IconReader(DisplayGeometry(icons=icon_specs(folder))),
        "tft": IconReader(msgspec.structs.replace(TFT, icons=icon_specs(folder, "tft"))),
    }


def read(reader: IconReader, surface: str, grade: str, seed: int, **shown: np.ndarray) -> dict[str, str]:
    frames, pose = photographed(with_icons(TEXT, surface, **shown), surface, grade, seed, 1)
    return {name: one.state for name, one in reader.read(frames[0], pose.corners, pose.told_k1).items()}


@pytest.mark.parametrize("number", range(5))
def test_every_state_is_told_on_a_typical_camera(readers: dict[str, IconReader], number: int) -> None:
    """One bar more or less, a sign, and nothing at all."""
    charge, bars = list(BATTERY)[number], list(SIGNAL)[4 - number]
    shown = {"battery": BATTERY[charge], "signal": SIGNAL[bars]}
    for surface, seed in (("lcd", 1100 + number), ("tft", 1120 + number)):
        assert read(readers[surface], surface, "typical", seed, **shown) == {"battery": charge, "signal": bars}


@pytest.mark.parametrize(("surface", "seed"), [("lcd", 1130), ("lcd", 1131), ("tft", 1132)])
def test_on_a_bad_camera_none_is_told_wrong(readers: dict[str, IconReader], surface: str, seed: int) -> None:
    for charge, bars in (("0 bars", "none"), ("2 bars", "1 bars"), ("charging", "3 bars")):
        said = read(readers[surface], surface, "bad", seed, battery=BATTERY[charge], signal=SIGNAL[bars])
        assert said["battery"] in (charge, "") and said["signal"] in (bars, "")


@pytest.mark.parametrize(("surface", "number"), [("lcd", 0), ("lcd", 1), ("lcd", 2), ("tft", 0), ("tft", 2)])
def test_a_state_without_an_example_is_unreadable(readers: dict[str, IconReader], surface: str, number: int) -> None:
    """A battery with a cross, one that charges with three bars, a signal crossed out: a few dots beside a known one."""
    shown = {"battery": UNKNOWN["battery"][number], "signal": UNKNOWN["signal"][0]}
    assert read(readers[surface], surface, "typical", 1140 + number, **shown) == {"battery": "", "signal": ""}


def test_testimony_needs_two_frames_and_one_state(readers: dict[str, IconReader]) -> None:
    frames, pose = photographed(
        with_icons(TEXT, battery=BATTERY["2 bars"], signal=SIGNAL["4 bars"]), "lcd", "typical", 1150
    )
    other, _ = photographed(
        with_icons(TEXT, battery=BATTERY["3 bars"], signal=SIGNAL["4 bars"]), "lcd", "typical", 1150, 4
    )
    eye, where = readers["lcd"], (pose.corners, pose.told_k1)
    assert eye.testify(frames, "battery", "2 bars", *where).answer is Answer.MATCH
    wrong = eye.testify(frames, "battery", "3 bars", *where)
    assert (wrong.answer, wrong.seen) == (Answer.MISMATCH, "2 bars")
    assert eye.testify(frames[:1] * 2, "battery", "2 bars", *where).answer is Answer.UNREADABLE
    changing = eye.testify([*frames, other[2], other[3]], "battery", "3 bars", *where)
    assert changing.answer is Answer.UNREADABLE and "different states" in changing.reason
    with pytest.raises(UsageError, match="no icon 'sim'"):
        eye.testify(frames, "sim", "in", *where)
    with pytest.raises(UsageError, match="no state 'half'"):
        eye.testify(frames, "battery", "half", *where)


def test_a_blank_display_and_clipped_glare_tell_nothing(readers: dict[str, IconReader]) -> None:
    """Not "none": the contrast is unknown."""
    dark, pose = photographed(np.zeros((64, 128), np.bool_), "lcd", "clean", 1160, 1)
    assert {one.state for one in readers["lcd"].read(dark[0], pose.corners).values()} == {""}
    lit, pose = photographed(with_icons(TEXT, battery=BATTERY["1 bars"]), "lcd", "clean", 1160, 1)
    picture = lit[0].image().copy()
    box = readers["lcd"].read(lit[0], pose.corners)["battery"].box
    left, top = (int(value) for value in box[0])
    picture[top : int(box[2][1]), left + 40 : int(box[2][0])] = 255
    hidden = readers["lcd"].read(Frame.from_array(picture), pose.corners)["battery"]
    assert hidden.state == "" and "saturated" in hidden.reason


def test_examples_taken_from_the_display_serve_as_well_as_drawn_ones(tmp_path: Path) -> None:
    """What a camera saw once is told from the others in another pose."""
    drawn = icon_specs(tmp_path)[0]
    states = {}
    for state, dots in BATTERY.items():
        frames, pose = photographed(with_icons(TEXT, battery=dots), "lcd", "clean", 1170)
        path = tmp_path / f"seen-{state}.png"
        path.write_bytes(icon_example(frames, drawn, DisplayGeometry(), pose.corners, pose.told_k1))
        states[state] = (str(path),)
    eye = IconReader(DisplayGeometry(icons=(msgspec.structs.replace(drawn, states=states),)))
    for number, (state, dots) in enumerate(BATTERY.items()):
        assert read(eye, "lcd", "typical", 1171 + number, battery=dots) == {"battery": state}


def test_wrong_icons_are_refused(tmp_path: Path) -> None:
    drawn = icon_specs(tmp_path)[0]
    with pytest.raises(UsageError, match="not on a display"):
        IconReader(DisplayGeometry(icons=(msgspec.structs.replace(drawn, box=(120, 2, 18, 10)),)))
    same = {**drawn.states, "half": drawn.states["2 bars"]}
    with pytest.raises(UsageError, match="shows half as 2 bars is shown"):
        IconReader(DisplayGeometry(icons=(msgspec.structs.replace(drawn, states=same),)))
    point = np.zeros((10, 18), np.bool_)
    point[4, 4] = True
    (tmp_path / "point.png").write_bytes(example(point))
    with pytest.raises(UsageError, match="not told from an empty box"):
        IconReader(
            DisplayGeometry(icons=(msgspec.structs.replace(drawn, states={"a": (str(tmp_path / "point.png"),)}),))
        )
    (tmp_path / "empty.png").write_bytes(example(np.zeros((10, 18), np.bool_)))
    empty = {"none": (str(tmp_path / "empty.png"),)}
    with pytest.raises(UsageError, match="no state has an example that shows"):
        IconReader(DisplayGeometry(icons=(msgspec.structs.replace(drawn, states=empty),)))


ICONS = "\n  icons:\n    - {name: battery, box: [108, 2, 18, 10], states: {full: [full.png], low: [low.png]}}\n"


def test_a_profile_names_icons_and_their_examples(tmp_path: Path) -> None:
    text = CLASSIC.read_text(encoding="utf-8")
    fonts = "    - {path: /usr/share/fonts/opentype/unifont/unifont.otf, size: 16}\n"
    path = tmp_path / "profile.yaml"
    path.write_text(text.replace(fonts, fonts.rstrip("\n") + ICONS, 1), encoding="utf-8")
    with pytest.raises(ProfileError, match=r"icon battery: .*full.png is not there"):
        read_profile(path)
    for name, bars in (("full", 3), ("low", 1)):
        (tmp_path / f"{name}.png").write_bytes(example(list(BATTERY.values())[bars]))
    geometry = display_geometry(read_profile(path))
    assert geometry.icons[0].box == BOXES["battery"]
    assert set(IconReader(geometry).icons["battery"].states) == {"full", "low"}
    for wrong, problem in (("[120, 2, 18, 10]", "not on the display"), ("[108, 2, 18]", "box")):
        path.write_text(text.replace(fonts, fonts.rstrip("\n") + ICONS.replace("[108, 2, 18, 10]", wrong), 1), "utf-8")
        with pytest.raises(ProfileError, match=problem):
            read_profile(path)
