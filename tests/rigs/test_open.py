"""An opened rig has its roles, tells its health, can always be made safe, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.ports.port_fakes import FakeBoard, FakeCamera, eventually
from tests.roles.role_fakes import Events
from tillrig.drivers.technician import Technician
from tillrig.errors import BlockedError, CameraError, RigFileError, SwitchError
from tillrig.rigs import open_rig


def test_roles_move_the_board_and_tell_the_timeline(rig_file: Path, board: FakeBoard, events: Events) -> None:
    """From a key to the coil, and the witness back."""
    with open_rig(rig_file, events) as rig:
        assert rig.keypad is not None
        before = rig.keypad.counts()
        rig.keypad.press("enter")
        rig.keypad.wait_open()
        assert rig.keypad.witness("enter", before, rig.keypad.counts()) == "clears_rig"
        assert board.closures[11] == 1
    kinds = [event["kind"] for event in events]
    assert kinds == ["rig", "relay", "key", "witness", "rig", "rig"]
    assert [event["action"] for event in events.of("rig")] == ["opened", "safe", "closed"]


def test_instruments_are_found_by_name_and_views_by_camera(rig_file: Path) -> None:
    """What the core needs to read the screen."""
    with open_rig(rig_file) as rig:
        assert (set(rig.cameras), set(rig.switches), set(rig.inputs)) == ({"screen"}, {"board"}, {"sense"})
        view = rig.views["screen"]
        assert (view.size, view.distortion_k1, view.exposure_ms) == ((64, 48), -0.03, 4.0)
        assert view.corners == ((1.0, 2.0), (60.0, 3.0), (61.0, 40.0), (2.0, 41.0))
        assert rig.link is not None and rig.host is not None
        assert rig.host.address == ("127.0.0.1", 6001)
        assert (rig.name, rig.profile, rig.time_scale, rig.simulated) == ("small", "classic", 1.0, False)


def test_the_cameras_exposure_is_locked_at_opening(rig_file: Path, http_camera: FakeCamera) -> None:
    """And a camera that does not obey is no instrument."""
    with open_rig(rig_file):
        assert (http_camera.controls["exposure_ms"], http_camera.controls["auto_exposure"]) == (4.0, False)
    http_camera.controls["exposure_ms"] = 16.0
    http_camera.deaf.add("exposure_ms")
    with pytest.raises(CameraError, match=r"screen: exposure_ms was set to 4\.0 and reads back 16\.0"):
        open_rig(rig_file)


def test_safe_opens_everything_and_the_roles_know_it(rig_file: Path, board: FakeBoard, events: Events) -> None:
    """Card out of the field, paper in, supply on, link up."""
    with open_rig(rig_file, events) as rig:
        rig.need("card").tap("debit-stripe")
        rig.need("paper").out()
        rig.need("power").cut()
        assert board.closed() == {31, 22, 18}
        assert rig.safe() == ()
        assert board.closed() == set()
        assert not rig.need("card").in_field
        assert rig.need("paper").state == "in"


def test_safe_never_raises_and_says_what_failed(rig_file: Path, board: FakeBoard) -> None:
    """A signal handler calls it."""
    with open_rig(rig_file) as rig:
        board.cable.to_near = lambda _: b""
        (problem,) = rig.safe()
        assert "silence" in problem
        board.cable.to_near = lambda data: data


def test_health_names_each_instrument(rig_file: Path, board: FakeBoard, http_camera: FakeCamera) -> None:
    """A dead board blames board, senses and link; a dead camera the camera."""
    with open_rig(rig_file) as rig:
        assert all(item.ok for item in rig.check())
        board.cable.to_near = lambda _: b""
        dead = {item.instrument: item.text for item in rig.check() if not item.ok}
        assert set(dead) == {"board", "sense", "link"}
        assert "silence" in dead["board"]
        board.cable.to_near = lambda data: data
        http_camera.stop()
        assert eventually(lambda: [item.instrument for item in rig.check() if not item.ok] == ["screen"])


def test_a_rig_in_use_is_blocked_with_its_holder(rig_file: Path) -> None:
    """Also within one process; and free again when it is closed."""
    with open_rig(rig_file):
        with pytest.raises(BlockedError, match=r"small\.yaml is in use by pid \d+"):
            open_rig(rig_file)
        other = subprocess.run(
            [sys.executable, "-c", f"from tillrig.rigs import open_rig; open_rig({str(rig_file)!r})"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "BlockedError" in other.stderr and "in use by pid" in other.stderr
    open_rig(rig_file).close()


def test_a_failed_opening_leaves_nothing_open(rig_file: Path, http_camera: FakeCamera, board: FakeBoard) -> None:
    """The camera is refused after the board was opened; then both can be opened."""
    http_camera.refuse = True
    with pytest.raises(CameraError, match="503"):
        open_rig(rig_file)
    http_camera.refuse = False
    open_rig(rig_file).close()


def test_a_missing_board_is_told_by_its_instruments_name(rig_file: Path) -> None:
    """And the lock is given back."""
    rig_file.write_text(rig_file.read_text().replace("/dev/pts/", "/dev/pts/9999"))
    for _ in range(2):
        with pytest.raises(SwitchError, match="board: there is no serial port /dev/pts/9999"):
            open_rig(rig_file)


def test_a_counter_that_the_board_does_not_have_is_told(rig_file: Path) -> None:
    """The keypad's witness would be blind."""
    rig_file.write_text(rig_file.read_text().replace("counter: closures", "counter: presses"))
    with pytest.raises(RigFileError, match=r"roles\.keypad\.sense: sense has no presses\.0, presses\.1, presses\.11"):
        open_rig(rig_file)


def test_a_role_that_the_rig_lacks_blocks_what_needs_it(rig_file: Path) -> None:
    """With the file to be changed."""
    text = rig_file.read_text()
    rig_file.write_text("\n".join(line for line in text.splitlines() if not line.startswith("  paper:")))
    with open_rig(rig_file) as rig:
        assert rig.paper is None
        with pytest.raises(BlockedError, match=r"the rig small has no paper: .*small\.yaml names none under roles"):
            rig.need("paper")


def test_a_secret_reaches_neither_events_nor_the_technicians_log(tmp_path: Path, events: Events) -> None:
    """By hand, too: the console says which key, the timeline does not."""
    path = tmp_path / "hand.yaml"
    path.write_text(
        "name: hand\nprofile: classic\ninstruments:\n  hands: {driver: manual-switches, labels: {7: key 7}}\n"
        "roles:\n  keypad: {board: hands, keys: {7: 7}}\n"
    )
    asked: list[str] = []
    technician = Technician(ask=lambda question: asked.append(question) or "", attended=True)
    with open_rig(path, events, technician=technician) as rig, rig.need("keypad").secret():
        rig.need("keypad").press("7")
    assert "key 7" in asked[0]
    told = [
        {key: value for key, value in event.items() if "at" not in key} for event in events if event["kind"] != "rig"
    ]
    assert [event["kind"] for event in told] == ["technician", "relay", "key"]
    assert "7" not in str(told)


def test_an_unattended_manual_rig_is_blocked_at_its_first_act(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It opens, because nothing needs doing yet; it is safe, because nothing is closed."""
    monkeypatch.setenv("TILLRIG_UNATTENDED", "1")
    path = tmp_path / "hand.yaml"
    path.write_text(
        "name: hand\nprofile: classic\ninstruments:\n  hands: {driver: manual-switches}\n"
        "roles:\n  keypad: {board: hands, keys: {7: 7}}\n"
    )
    with open_rig(path) as rig:
        with pytest.raises(BlockedError, match="nobody is here to do it: press switch 7"):
            rig.need("keypad").press("7")
        assert rig.safe() == ()
