"""A wrong rig file is told with file, line, column, key and what is allowed, before anything is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from tillrig.errors import RigFileError, UsageError
from tillrig.rigs import load_rig

HEAD = "name: small\nprofile: classic\n"
BOARD = "  board: {driver: modbus-rtu, port: /dev/x}\n"
SENSE = "  sense: {driver: modbus-rtu-inputs, board: board}\n"
GOOD = HEAD + "instruments:\n" + BOARD + "roles:\n  keypad: {board: board, keys: {0: 0}}\n"
REPOSITORY = Path(__file__).parents[2]


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rig.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: [", r"rig\.yaml:\d+:\d+: no valid YAML"),
        ("- a\n", r"rig\.yaml:1:1: a rig file is a mapping"),
        ("name: a\nname: b\n", r"rig\.yaml:2:1: no valid YAML: found duplicate key"),
        ("name: a\nprofile: b\ncolour: red\n", r":3:1: colour: unknown key; allowed: name, profile, time_scale"),
        ("profile: b\ninstruments: {}\nroles: {}\n", r":1:1: the key 'name' is missing"),
        ("name: a\ninstruments: {}\nroles: {}\n", r"the key 'profile' is missing"),
        (HEAD + "roles: {}\n", r"the key 'instruments' is missing"),
        (HEAD + "instruments: 3\nroles: {}\n", r":3:1: instruments: must be a mapping, not 3"),
        (HEAD + "time_scale: 0\ninstruments: {}\nroles: {}\n", r":3:1: time_scale: 0\.0 is not above 0"),
        (HEAD + "instruments:\n  b: {port: x}\nroles: {}\n", r":4:3: instruments\.b: needs a driver; known: .*mjpeg"),
        (
            HEAD + "instruments:\n  b: {driver: modbus, port: x}\nroles: {}\n",
            r":4:7: instruments\.b\.driver: there is no driver 'modbus'; known: .*modbus-rtu",
        ),
        (
            HEAD + "instruments:\n  board: {driver: modbus-rtu, prot: x}\nroles: {}\n",
            r":4:\d+: instruments\.board\.prot: unknown key; allowed: port, baud, unit, channels",
        ),
        (
            HEAD + "instruments:\n  board: {driver: modbus-rtu}\nroles: {}\n",
            r":4:3: instruments\.board: the key 'port' is missing",
        ),
        (
            HEAD + "instruments:\n  board:\n    driver: modbus-rtu\n    port: x\n    baud: fast\nroles: {}\n",
            r":7:5: instruments\.board\.baud: expected `int`, got `str`",
        ),
        (
            HEAD
            + "instruments:\n  c: {driver: mjpeg, url: 'http://x', corners: [[1, 2], [3, 4], [5, 6]]}\nroles: {}\n",
            r":4:\d+: instruments\.c\.corners: expected `array` of length 4, got 3",
        ),
        (
            HEAD + "instruments:\n  c: {driver: opencv, device: 0, url: 'rtsp://x'}\nroles: {}\n",
            r"instruments\.c: needs exactly one of device, url, file",
        ),
        (
            HEAD + "instruments:\n" + BOARD + SENSE.replace("board: board", "board: bord") + "roles: {}\n",
            r":5:38: instruments\.sense\.board: 'bord' is no instrument that gives switches; allowed: board",
        ),
        (
            HEAD + "instruments:\n" + BOARD + "  link: {driver: switched-link, board: board, channel: 32}\nroles: {}\n",
            r"instruments\.link\.channel: board has no channel 32; allowed: 0 to 31",
        ),
        (
            HEAD + "instruments:\n" + BOARD + "roles:\n  keybad: {board: board, keys: {}}\n",
            r":6:3: roles\.keybad: unknown key; allowed: keypad, card, power, paper",
        ),
        (
            GOOD.replace("{0: 0}", "{0: 0, enter: eleven}"),
            r":6:\d+: roles\.keypad\.keys\.enter: expected `int`, got `str`",
        ),
        (GOOD.replace("{0: 0}", "{0: 0, enter: 40}"), r"roles\.keypad\.keys\.enter: board has no channel 40"),
        (
            GOOD.replace("{0: 0}", "{0: 3, 1: 3}"),
            r"roles\.keypad\.keys\.1: channel 3 is roles\.keypad\.keys\.0's already",
        ),
        (GOOD.replace("keys: {0: 0}", "keys: {0: 0}, chords: [[0, 9]]"), r"chords"),
        (
            GOOD.replace("keys: {0: 0}", "keys: {0: 0}, hold: 40"),
            r"roles\.keypad\.hold: unknown key; allowed: .*hold_ms",
        ),
        (
            GOOD + "  power: {board: board, mains: {channel: 18, energised: maybe}}\n",
            r":7:\d+: roles\.power\.mains\.energised: invalid enum value 'maybe'",
        ),
        (
            GOOD.replace("keys: {0: 0}", "keys: {0: 0}, sense: {inputs: eyes}"),
            r"roles\.keypad\.sense\.inputs: 'eyes' is no instrument that gives inputs; allowed: none",
        ),
        (GOOD + "host: {listen: here}\n", r":7:1: host: 'here' is no HOST:PORT"),
        ("name: a\nsimulate: {grade: foul}\n", r":2:12: simulate\.grade: invalid enum value 'foul'"),
        ("name: a\nsimulate: {}\ninstruments: {}\n", r":3:1: instruments: the simulated bench describes this itself"),
    ],
)
def test_each_mistake_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    """One mistake, one line of text that leads to it."""
    with pytest.raises(RigFileError, match=told) as caught:
        load_rig(write(tmp_path, text))
    assert str(tmp_path / "rig.yaml") in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With its whole path."""
    with pytest.raises(RigFileError, match=r"none\.yaml: the rig file cannot be read: No such file"):
        load_rig(tmp_path / "none.yaml")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    """GBK is not UTF-8."""
    path = tmp_path / "rig.yaml"
    path.write_bytes("name: 收银\n".encode("gbk"))
    with pytest.raises(RigFileError, match=r"not UTF-8 \(byte 6\)"):
        load_rig(path)


def test_words_that_other_yaml_takes_for_switches_stay_words(tmp_path: Path) -> None:
    """YAML 1.2: off and on are text, and a key may be called ON."""
    text = GOOD.replace("{0: 0}", "{0: 0, ON: 1}") + "  power: {board: board, mains: {channel: 18, energised: off}}\n"
    rig = load_rig(write(tmp_path, text))
    assert rig.roles.power is not None and rig.roles.power.mains is not None
    assert rig.roles.power.mains.energised == "off"
    assert rig.roles.keypad is not None
    assert set(rig.roles.keypad.keys) == {"0", "ON"}


def test_calibration_beside_the_rig_file_is_used(tmp_path: Path) -> None:
    """It overrides the camera's entry."""
    text = HEAD + "instruments:\n  screen: {driver: mjpeg, url: 'http://x', px_per_dot: 2.0}\nroles: {}\n"
    path = write(tmp_path, text)
    beside = tmp_path / "rig.calibration.yaml"
    beside.write_text("screen: {corners: [[0, 0], [9, 0], [9, 9], [0, 9]], distortion_k1: -0.02}\n")
    options = load_rig(path).instruments["screen"].options
    assert options.corners == ((0, 0), (9, 0), (9, 9), (0, 9))
    assert (options.distortion_k1, options.px_per_dot) == (-0.02, 2.0)
    beside.write_text("slip: {distortion_k1: 1}\n")
    with pytest.raises(
        RigFileError, match=r"calibration\.yaml:1:1: slip: is no camera of rig\.yaml; its cameras: screen"
    ):
        load_rig(path)


def test_a_simulated_rig_takes_changes_and_an_ordinary_one_does_not(tmp_path: Path) -> None:
    """Faults are seeded into firmware that is ours, never into a terminal on a bench."""
    simulated = load_rig(write(tmp_path, "name: a\nsimulate: {time_scale: 4}\n"))
    changed = simulated.with_simulation(faults=["slip-amount"], time_scale=2, fault_files=[tmp_path / "f.py"])
    assert changed.simulate is not None
    assert changed.simulate.faults == ("slip-amount",)
    assert changed.simulate.fault_files == (str(tmp_path / "f.py"),)
    assert changed.time_scale == 2
    with pytest.raises(UsageError, match="grade"):
        simulated.with_simulation(grade="foul")
    with pytest.raises(UsageError, match="only a rig file with `simulate:` takes faults"):
        load_rig(write(tmp_path, GOOD)).with_simulation(faults=["slip-amount"])


@pytest.mark.parametrize("name", ["virtual", "example-bench", "example-manual"])
def test_the_rig_files_of_the_repository_are_sound(name: str) -> None:
    """Examples that do not load teach nothing."""
    rig = load_rig(REPOSITORY / "rigs" / f"{name}.yaml")
    assert rig.simulate is not None or {"keypad", "power"} <= {
        role for role in ("keypad", "power") if getattr(rig.roles, role) is not None
    }
