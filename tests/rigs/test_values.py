"""Values that no rig can have are told when the rig file is read: file, line, key, what is wrong, what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tillrig.cli import main
from tillrig.errors import ProfileError, RigFileError
from tillrig.rigs import load_rig
from tillrig.verdicts import EXIT_CODES, Verdict

SIMULATED = "name: a\nsimulate:\n  seed: 2\n"
HEAD = "name: a\nprofile: classic\n"
CAMERA = HEAD + "instruments:\n  c:\n    driver: mjpeg\n    url: http://x/\n"
ROLES = "roles: {}\n"
NOTHING = "instruments: {}\n" + ROLES


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rig.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            "faults: [slip-amount, slip-amounts]",
            r":4:\d+: simulate\.faults\.1: there is no fault 'slip-amounts'; did you",
        ),
        ("faults: [zzz]", r":4:\d+: simulate\.faults\.0: there is no fault 'zzz'; known: .*slip-amount"),
        ("model: steam", r":4:3: simulate\.model: invalid choice: 'steam' \(choose from .*classic"),
        ("grade: foul", r":4:3: simulate\.grade: invalid enum value 'foul'"),
        ("cut_at: write", r":4:3: simulate\.cut_at: 'write' is not of the form .*write:.*:byte:"),
        ("cut_at: write:0:byte:1", r":4:3: simulate\.cut_at: 'write:0:byte:1' is not of the form"),
        ("settings: [tid]", r":4:\d+: simulate\.settings\.0: 'tid' is not of the form"),
        (
            "settings: [copies=1, tod=1]",
            r":4:\d+: simulate\.settings\.1: --set tod: no such parameter; known: tid, mid",
        ),
        ("settings: [seconds.idol=1]", r"simulate\.settings\.0: --set seconds\.idol: no such time; known: power_on"),
        ("wear: [five]", r":4:\d+: simulate\.wear\.0: 'five' is not of the form"),
        ("wear: [five:3]", r":4:\d+: simulate\.wear\.0: wants KEY:N with KEY one of 0, 1"),
        (
            "hand: [status, dance]",
            r":4:\d+: simulate\.hand\.1: 'dance' is no command of the bench; allowed: status, .*lid",
        ),
        ("options: [--no-cameras, --nonsense]", r":4:3: simulate\.options: unrecognized arguments: --nonsense"),
        ("options: [--time-scale, '-1']", r":4:3: simulate\.options: argument --time-scale: must be more than 0"),
        ("cards: none.yaml", r":4:3: simulate\.cards: no file /.*none\.yaml"),
        ("terminal: none.json", r":4:3: simulate\.terminal: no file"),
        ("fault_files: [none.py]", r":4:\d+: simulate\.fault_files\.0: no file"),
        ("host: nowhere", r":4:3: simulate\.host: 'nowhere' is not of the form"),
        ("time_scale: .nan", r":4:3: simulate\.time_scale: nan is no number for a rig"),
        ("time_scale: .inf", r":4:3: simulate\.time_scale: inf is no number for a rig"),
        ("time_scale: 0", r":4:3: simulate\.time_scale: expected `float` > 0"),
        ("time_scale: -2", r":4:3: simulate\.time_scale: expected `float` > 0"),
    ],
)
def test_what_no_bench_takes_is_told_before_one_is_started(tmp_path: Path, entry: str, told: str) -> None:
    """By the key and the entry that are to blame."""
    with pytest.raises(RigFileError, match=told):
        load_rig(write(tmp_path, f"{SIMULATED}  {entry}\n"))


def test_a_fault_file_that_is_no_fault_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("\ndef no_such_hook():\n    pass\n")
    with pytest.raises(RigFileError, match=r":4:\d+: simulate\.fault_files\.0: /.*f\.py:2: no_such_hook is no hook"):
        load_rig(write(tmp_path, f"{SIMULATED}  fault_files: [f.py]\n"))


def test_what_a_bench_takes_is_taken(tmp_path: Path) -> None:
    """Every key at once."""
    entries = [
        "faults: [slip-amount]", "cut_at: write:3:byte:0", "settings: [copies=1, seconds.idle=9]", "wear: [enter:50]",
        "hand: [untap, insert 0, lid open]", "options: [--no-cameras]", "host: 127.0.0.1:6001", "model: classic",
    ]  # fmt: skip
    rig = load_rig(write(tmp_path, "\n  ".join([SIMULATED.rstrip(), *entries]) + "\n"))
    assert rig.simulate is not None
    assert rig.simulate.wear == ("enter:50",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "name: a\nprofile: nonesuch\n" + NOTHING,
            r":2:1: profile: no profile 'nonesuch': looked for",
        ),
        ("name: a\nprofile: ../x\n" + NOTHING, r":2:1: profile: '\.\./x' is no name of a profile"),
        (SIMULATED + "profile: nonesuch\n", r":4:1: profile: no profile 'nonesuch'"),
        (
            HEAD + "time_scale: .nan\n" + NOTHING,
            r":3:1: time_scale: nan is no number",
        ),
        (HEAD + "time_scale: -.inf\n" + NOTHING, r":3:1: time_scale: -inf is no"),
        (
            HEAD + "time_scale: -1\n" + NOTHING,
            r":3:1: time_scale: -1\.0 is not above",
        ),
    ],
)
def test_a_profile_that_is_not_there_and_a_wrong_pace_are_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(RigFileError, match=told):
        load_rig(write(tmp_path, text))


def test_a_profile_that_is_wrong_is_told_by_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "profile.yaml").write_text("model: 3\n")
    with pytest.raises(ProfileError, match=r"mine/profile\.yaml:1:1: "):
        load_rig(write(tmp_path, "name: a\nprofile: mine\n" + NOTHING))


def test_a_file_that_a_bench_wrote_may_name_a_profile_that_only_its_starter_has(tmp_path: Path) -> None:
    """The rig that starts the bench brings its own."""
    load_rig(write(tmp_path, "name: a\nprofile: nonesuch\nsimulated: true\n" + NOTHING))


@pytest.mark.parametrize(
    "corners",
    [
        "[[9, 0], [0, 0], [9, 9], [0, 9]]",  # two swapped: the outline crosses itself
        "[[0, 0], [0, 9], [9, 9], [9, 0]]",  # anticlockwise: a mirror image
        "[[0, 0], [9, 0], [9, 0], [0, 9]]",  # three only
        "[[0, 0], [9, 0], [2, 2], [0, 9]]",  # dented
    ],
)
def test_corners_that_enclose_no_picture_are_refused(tmp_path: Path, corners: str) -> None:
    """In the rig file and in the calibration beside it."""
    with pytest.raises(RigFileError, match=r"rig\.yaml:7:5: instruments\.c\.corners: .*clockwise from its top left"):
        load_rig(write(tmp_path, f"{CAMERA}    corners: {corners}\n{ROLES}"))
    (tmp_path / "rig.calibration.yaml").write_text(f"c:\n  corners: {corners}\n")
    with pytest.raises(RigFileError, match=r"calibration\.yaml:2:3: c\.corners: .*clockwise"):
        load_rig(write(tmp_path, CAMERA + ROLES))


def test_corners_of_a_camera_that_hangs_upside_down_are_taken(tmp_path: Path) -> None:
    """Clockwise from the display's top left, wherever in the frame that is."""
    load_rig(write(tmp_path, f"{CAMERA}    corners: [[9, 8], [0, 9], [0, 0], [9, 1]]\n{ROLES}"))


def test_a_number_that_is_none_is_told_wherever_it_stands(tmp_path: Path) -> None:
    with pytest.raises(RigFileError, match=r":7:\d+: instruments\.c\.corners\.1\.0: nan is no number"):
        load_rig(write(tmp_path, f"{CAMERA}    corners: [[0, 0], [.nan, 0], [9, 9], [0, 9]]\n{ROLES}"))


@pytest.mark.parametrize(
    ("driver", "wrong"),
    [
        ("mjpeg", {"url": "ftp://x/"}),
        ("mjpeg", {"url": "x"}),
        ("mjpeg", {"url": "http://x/", "controls": "file:///x"}),
        ("opencv", {"url": "gopher://x/"}),
    ],
)
def test_an_address_that_the_driver_cannot_read_is_refused(tmp_path: Path, driver: str, wrong: dict[str, str]) -> None:
    entries = {"driver": driver, **wrong}
    text = HEAD + "instruments:\n  c:\n"
    text += "".join(f"    {key}: {value}\n" for key, value in entries.items())
    key, address = list(wrong.items())[-1]
    with pytest.raises(RigFileError, match=rf":\d:5: instruments\.c\.{key}: '{address}' is not of the form .*http"):
        load_rig(write(tmp_path, text + ROLES))


@pytest.mark.parametrize("character", ["\0", "\x07", "\x1b"])
def test_a_character_that_yaml_forbids_is_told_with_its_place(tmp_path: Path, character: str) -> None:
    """Editors do not show it."""
    with pytest.raises(RigFileError, match=rf"rig\.yaml:2:10: no valid YAML: the character U\+{ord(character):04X}"):
        load_rig(write(tmp_path, f"name: a\nprofile: {character}classic\n"))


def test_a_wrong_rig_file_is_a_test_error(tmp_path: Path) -> None:
    """Not a fault of the rig: nothing was opened."""
    path = write(tmp_path, f"{SIMULATED}  faults: [zzz]\n")
    for command in (["rig", str(path)], ["run", "--rig", str(path)]):
        done = CliRunner().invoke(main, command)
        assert done.exit_code == EXIT_CODES[Verdict.TEST_ERROR]
        assert "simulate.faults.0: there is no fault 'zzz'" in done.output
