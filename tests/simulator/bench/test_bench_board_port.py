"""Independent Modbus masters, one after the other, read and write the board of a running bench through its PTY."""

from __future__ import annotations

import os
import select
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
import serial
from pymodbus.client import ModbusSerialClient

from tests.simulator.bench.bench_support import RunningBench, ask_board, exchange, until
from tillrig.simulator.bench import rtu

MBPOLL = shutil.which("mbpoll")


@pytest.fixture(autouse=True)
def _all_open(bench: RunningBench) -> None:
    ask_board(bench, "0F0000002004 00000000")
    until(lambda: bench.do("status")["keys_closed"] == [], "all keys to open")


def _mbpoll(bench: RunningBench, *words: str) -> str:
    assert MBPOLL
    command = [MBPOLL, "-m", "rtu", "-a", "1", "-b", "115200", "-P", "none", "-0", "-1", "-q"]
    done = subprocess.run(
        [*command, *words[:-1], str(bench.directory / "board"), *words[-1].split()],
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )
    return done.stdout


@pytest.mark.skipif(MBPOLL is None, reason="mbpoll (Debian package) is not installed")
def test_mbpoll_reads_and_writes_coils(bench: RunningBench) -> None:
    _mbpoll(bench, "-t", "0", "-r", "24", "1 0 1 1")
    assert bench.do("status")["coils_on"] == [24, 26, 27]
    lines = [line.split() for line in _mbpoll(bench, "-t", "0", "-r", "23", "-c", "5", "").splitlines() if "[" in line]
    assert lines == [["[23]:", "0"], ["[24]:", "1"], ["[25]:", "0"], ["[26]:", "1"], ["[27]:", "1"]]
    assert "29713" in _mbpoll(bench, "-t", "4", "-r", str(0x0301), "-c", "1", "")  # 0x7411


def test_pymodbus_drives_keys_and_reads_the_witnesses(bench: RunningBench) -> None:
    client = ModbusSerialClient(str(bench.directory / "board"), baudrate=115200, timeout=1)
    assert client.connect()
    try:
        assert client.read_holding_registers(0x0301, count=2, device_id=1).registers == [0x7411, 0x0100]
        before = client.read_input_registers(5, count=1, device_id=1).registers[0]
        assert not client.write_coil(5, True, device_id=1).isError()
        assert client.read_coils(0, count=32, device_id=1).bits[5] is True
        until(lambda: client.read_discrete_inputs(0, count=1, device_id=1).bits[0], "the contact")
        client.write_coil(5, False, device_id=1)
        until(lambda: not client.read_discrete_inputs(0, count=1, device_id=1).bits[0], "the contact")
        assert client.read_input_registers(5, count=1, device_id=1).registers[0] == before + 1
        assert client.read_coils(30, count=4, device_id=1).exception_code == 2
        assert client.read_discrete_inputs(5, count=2, device_id=1).bits[:2] == [True, True]  # supply, lamp
        assert client.read_input_registers(0x0100, count=1, device_id=1).registers[0] > 0
    finally:
        client.close()


def test_a_pulse_reaches_the_processor_as_a_bouncing_press_of_its_length(bench: RunningBench) -> None:
    seen = len(bench.heard("K"))
    ask_board(bench, "0602080028")  # key 8, 40 ms
    until(lambda: (k := bench.heard("K")[seen:]) and k[-1]["value"][0] - k[0]["value"][0] > 0.030, "the release")
    until(lambda: bench.do("status")["keys_closed"] == [], "the contact to rest")
    edges = [note["value"] for note in bench.heard("K")[seen:]]
    times = [at for at, _ in edges]
    assert times == sorted(times)
    assert len(edges) >= 4  # it bounced
    assert {mask for _, mask in edges} == {0, 1 << 8}
    parted = next(at for at, mask in edges if mask == 0 and at - times[0] > 0.02)
    assert parted - times[0] == pytest.approx(0.040, abs=1e-6)


def test_the_board_answers_within_two_milliseconds(bench: RunningBench) -> None:
    with serial.Serial(str(bench.directory / "board"), 115200, timeout=1) as port:
        took = []
        for _ in range(200):
            begin = time.perf_counter()
            exchange(port, bytes.fromhex("0100000020"))
            took.append(time.perf_counter() - begin)
    assert statistics.median(took) < 0.002, f"median {statistics.median(took) * 1000:.2f} ms"


HOLD_AND_WAIT = """
import sys, time, serial
port = serial.Serial(sys.argv[1], 115200, timeout=1)
for frame in sys.argv[2:]:
    port.write(bytes.fromhex(frame)); port.read(8)
print("held", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(
    "request_",
    ["06020903E8", "06030001F4 050009FF00"],
    ids=["board-timed pulse of 1 s", "watchdog of 500 ms and a plain coil"],
)
def test_a_client_killed_with_a_key_down_leaves_it_open_within_a_second(bench: RunningBench, request_: str) -> None:
    frames = [rtu.frame(1, bytes.fromhex(pdu)).hex() for pdu in request_.split()]
    client = subprocess.Popen(
        [sys.executable, "-c", HOLD_AND_WAIT, str(bench.directory / "board"), *frames], stdout=subprocess.PIPE
    )
    try:
        assert client.stdout
        assert client.stdout.readline() == b"held\n"
        assert bench.do("status")["coils_on"] == [9]
    finally:
        os.kill(client.pid, signal.SIGKILL)
        client.wait()
    begin = time.monotonic()
    until(lambda: bench.do("status")["coils_on"] == [], "the coil to open", timeout=2)
    assert time.monotonic() - begin <= 1.05
    ask_board(bench, "0603000000")


def test_the_name_of_the_port_leads_to_a_raw_terminal(bench: RunningBench) -> None:
    assert (bench.directory / "board").resolve().is_relative_to(Path("/dev/pts"))
    port = os.open(bench.directory / "board", os.O_RDWR | os.O_NOCTTY)  # a client that sets nothing at all
    try:
        os.write(port, rtu.frame(1, bytes.fromhex("0303010001")))
        assert select.select([port], [], [], 1)[0]  # an earlier client may have left reads that do not wait
        assert os.read(port, 100) == rtu.frame(1, bytes.fromhex("03027411"))
    finally:
        os.close(port)
