"""`tillrig host`: listens, plays what it is told, writes masked events, ends politely, and refuses nonsense."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tillrig.cli import main
from tillrig.cli.host import parse_scenario
from tillrig.host import scenarios as play
from tillrig.protocols.iso8583 import decode, encode

CARDS = str(Path(__file__).parents[2] / "fixtures" / "cards.yaml")
ECHO = {41: "10000001", 42: "898111153110001", 60: "00000001301"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("any=NoAnswer", ("any", 1, play.NoAnswer())),
        ("NoAnswer", ("any", 1, play.NoAnswer())),
        ("sale*2=Decline:code=51", ("sale", 2, play.Decline("51"))),
        ("sale=WrongField:field=4,value=000000000001", ("sale", 1, play.WrongField(4, "000000000001"))),
        ("WrongField:field=4", ("any", 1, play.WrongField(4))),
        ("sale=Late:seconds=1.5", ("sale", 1, play.Late(1.5))),
        ("settlement=SettlementSays:result=2", ("settlement", 1, play.SettlementSays(2))),
        ("sale=ResetAfterRequest:processed=true", ("sale", 1, play.ResetAfterRequest(True))),
    ],
)
def test_a_scenario_is_spelled_in_one_word(text: str, expected: tuple[str, int, play.AnyScenario]) -> None:
    """Message, count, name and values."""
    assert parse_scenario(text) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sale=Nothing", "there is no scenario 'Nothing'; use one of Decline, Partial, NoAnswer"),
        ("", "there is no scenario ''; use one of Decline"),
        ("sale=Decline", "missing required field `code`; Decline takes code=(str)"),
        ("sale*x=NoAnswer", "'x' is no number of times"),
        ("sale=Late:seconds=soon", "Expected `float`, got `str` - at `$.seconds`; Late takes seconds=(float)"),
        ("sale=Decline:code=51,x=1", "no value is called 'x'; Decline takes code=(str)"),
        ("Twice:x=1", "no value is called 'x'; Twice takes no values"),
        ("Late:1", "'1' is not KEY=VALUE; Late takes seconds=(float)"),
        ("settlement=SettlementSays:result=9", "SettlementSays takes result=1|2|3, foreign=0|1|2|3"),
    ],
)
def test_a_scenario_that_is_none_is_refused(text: str, told: str) -> None:
    """With what is wrong in it, and what there is."""
    with pytest.raises(click.BadParameter) as caught:
        parse_scenario(text)
    assert told in str(caught.value)
    assert CliRunner().invoke(main, ["host", "--cards", CARDS, "--scenario", text]).exit_code == 2


def test_the_host_answers_until_it_is_told_to_end(tmp_path: Path) -> None:
    """It says where it listens, plays its scenario, writes each event as JSON, and ends with 0 on SIGTERM."""
    log = tmp_path / "events.jsonl"
    command = [sys.executable, "-m", "tillrig", "host", "--cards", CARDS, "--json", str(log)]
    process = subprocess.Popen(
        [*command, "--scenario", "echo=Decline:code=96"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("listening on ").strip()
        host, port = address.split(":")
        codes = []
        for _ in range(2):
            with socket.create_connection((host, int(port)), 10) as sock:
                sock.sendall(encode("0820", ECHO))
                codes.append(decode(sock.recv(4096)).fields[39])
        assert codes == ["96", "00"]
        assert "echo" in process.stdout.readline()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        process.communicate()
    exchanges = [event for event in map(json.loads, log.read_text().splitlines()) if event["type"] == "host_exchange"]
    assert [event["decision"] for event in exchanges] == ["96", "00"]


def test_an_address_that_is_taken_ends_with_twenty() -> None:
    """The rig is to blame, and the address is named."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        result = CliRunner().invoke(main, ["host", "--cards", CARDS, "--listen", address])
    assert result.exit_code == 20 and address in result.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--cards", "nowhere.yaml"], "nowhere.yaml"),
        (["--cards", CARDS, "--listen", "here"], "address:port"),
        (["--cards", CARDS, "--tmk", "00"], "16 bytes"),
        (["--cards", CARDS, "--scenario", "sail=NoAnswer"], "sail"),
        (["--cards", CARDS, "--time-scale", "0"], "time-scale"),
        (["--cards", CARDS, "--time-scale", "nan"], "time scale nan is no number above zero"),
        (["--cards", CARDS, "--scenario", "Late:seconds=nan"], "seconds nan is no time"),
        (["--cards", CARDS, "--scenario", "Late:seconds=-1"], "seconds -1.0 is no time"),
        (["--cards", CARDS, "--json", "/nowhere/events"], "--json /nowhere/events: cannot be written: No such file"),
        (["--cards", CARDS, "--json", "/dev"], "--json /dev: cannot be written: Is a directory"),
    ],
)
def test_wrong_options_end_with_two(arguments: list[str], text: str) -> None:
    """And say which."""
    result = CliRunner().invoke(main, ["host", *arguments])
    assert result.exit_code == 2 and text in result.stderr
    assert "Traceback" not in result.stderr


def test_a_disk_that_fills_up_ends_the_host_with_twenty() -> None:
    """Evidence that cannot be kept is the rig's fault; the terminal is answered all the same."""
    command = [sys.executable, "-m", "tillrig", "host", "--cards", CARDS, "--json", "/dev/full"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        host, port = process.stdout.readline().removeprefix("listening on ").strip().split(":")
        with socket.create_connection((host, int(port)), 10) as sock:
            sock.sendall(encode("0820", ECHO))
            assert process.wait(10) == 20
    finally:
        process.kill()
        errors = process.communicate()[1]
    assert errors.strip() == "Error: --json /dev/full: cannot be written: No space left on device"
