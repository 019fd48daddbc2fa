"""A manual driver asks, logs who and when, and is BLOCKED when nobody is there."""

from __future__ import annotations

import io
import os
import pty
from pathlib import Path
from typing import Any

import pytest

from tillrig.drivers.manual import ManualLink, ManualSwitches, SwitchOptions
from tillrig.drivers.registry import Secrecy
from tillrig.drivers.technician import Technician, ask_terminal
from tillrig.errors import BlockedError

Log = list[dict[str, Any]]


def test_who_was_asked_what_and_when_is_logged() -> None:
    """The two times bracket the act."""
    log: Log = []
    technician = Technician(ask=lambda _: "", log=lambda **entry: log.append(entry), who="wang", attended=True)
    ManualSwitches("board", SwitchOptions(labels={22: "paper out"}), technician, Secrecy()).set({22: True})
    (entry,) = log
    assert entry["who"] == "wang"
    assert entry["port"] == "board"
    assert "close switch 22 (paper out)" in entry["asked"]
    assert entry["asked_at"] <= entry["at"]


def test_the_log_of_a_secret_says_nothing() -> None:
    """The console must say which key is meant; what is kept does not."""
    log: Log = []
    asked: list[str] = []
    secrecy = Secrecy()
    technician = Technician(
        ask=lambda question: asked.append(question) or "", log=lambda **entry: log.append(entry), attended=True
    )
    switches = ManualSwitches("board", SwitchOptions(labels={7: "key 7"}), technician, secrecy)
    with secrecy():
        switches.pulse(7, 40)
    assert "key 7" in asked[0]
    assert "7" not in f"{log[0]['asked']}{log[0]['answered']}"


def test_unattended_is_blocked_and_says_what_was_to_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when a console is there: the lab says that nobody looks at it."""
    monkeypatch.setenv("TILLRIG_UNATTENDED", "1")
    technician = Technician(ask=lambda _: "")
    with pytest.raises(BlockedError, match=r"link is worked by hand and nobody is here to do it: pull .*cable out"):
        ManualLink("link", technician, lambda *_, **__: None).down()


def test_without_a_terminal_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job in the background has no /dev/tty."""
    monkeypatch.delenv("TILLRIG_UNATTENDED", raising=False)
    monkeypatch.setattr("tillrig.drivers.technician._has_terminal", lambda: False)
    assert not Technician().attended


def test_what_the_technician_cannot_do_is_blocked() -> None:
    """An honest no is no failure of the terminal."""
    technician = Technician(ask=lambda _: "no", attended=True)
    with pytest.raises(BlockedError, match="the technician could not do it"):
        ManualLink("link", technician, lambda *_, **__: None).down()


def test_an_unattended_rig_with_all_contacts_open_can_be_made_safe() -> None:
    """Nobody is asked to open what is open."""
    switches = ManualSwitches("board", SwitchOptions(), Technician(attended=False), Secrecy())
    switches.open_all()
    switches.close()


def test_questions_also_go_to_a_stream() -> None:
    """A lab's screen beside the bench."""
    out = io.StringIO()
    Technician(ask=lambda _: "1", out=out, attended=True).ask("sense", "Is the lamp on?")
    assert out.getvalue() == "[tillrig] sense: Is the lamp on?\n"


def test_the_terminal_is_asked_directly() -> None:
    """Standard input may belong to pytest or robot."""
    master, slave = pty.openpty()
    os.write(master, b"done\n")
    assert ask_terminal("close switch 3", 2.0, Path(os.ttyname(slave))) == "done"
    shown = b""
    while b"close switch 3" not in shown:
        shown += os.read(master, 4096)
    os.close(slave)
    os.close(master)


def test_an_answer_that_does_not_come_is_blocked_in_bounded_time() -> None:
    """A technician who went home does not hang a night's run."""
    master, slave = pty.openpty()
    with pytest.raises(BlockedError, match=r"nobody answered within 0\.2 s: close switch 3"):
        ask_terminal("close switch 3", 0.2, Path(os.ttyname(slave)))
    os.close(slave)
    os.close(master)
