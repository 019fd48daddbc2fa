"""The session on the simulated rig: a sale from a dark terminal to evidence, and what it says when the rig breaks."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tillrig import NoAnswer, PowerOn, Sale, When, acquire
from tillrig.errors import CameraError, HostPortError, RigError, UsageError
from tillrig.evidence import load_run
from tillrig.rigs import load_rig
from tillrig.verdicts import Verdict

ROOT = Path(__file__).parents[2]
FREE = Sale(amount=3_00, card="credit-chip", entry="contactless", pin="none")


def rig(**changes):
    return load_rig(ROOT / "rigs" / "virtual.yaml").with_simulation(
        **{"time_scale": 8, "grade": "clean", "seed": 5, **changes}
    )


def test_a_sale_from_a_dark_terminal_leaves_evidence_without_secrets(tmp_path):
    """Boots, signs in, sells with a PIN; everything that was judged is on disk, and neither PIN nor card number is."""
    with acquire(rig(), tmp_path) as session:
        with session.attempt("suites/sale/test_x.py::test_one", requirements=("SALE-ONCE",)) as attempt:
            session.ready()
            outcome = session.do(Sale(amount=12_34, card="debit-chip"))
        points = {one.point for one in outcome.findings}
        assert {"screen.ask_amount.amount", "host.sale.F4", "screen.ask_pin.stars", "money.booked"} <= points
        assert not [one for one in outcome.findings if one.verdict is Verdict.FAIL], outcome.failures
        assert (session.ledger.position, len(session.ledger.journal)) == ("menu", 1)
        again = acquire()
        assert again is session
        again.release()
        with pytest.raises(UsageError, match="operates the rig"):
            acquire(ROOT / "rigs" / "example-bench.yaml")
        assert attempt.actions[-1].type == "Sale"
        secrets = [*session.lab.pans, session.lab.card("debit-chip").pin.reveal()]
    run = load_run(tmp_path)
    (record,) = run.attempts
    assert run.session is not None
    assert (run.session.ended, run.session.simulated, record.capability) == ("released", True, "sale")
    assert record.frames_read > 10
    assert record.host_messages == 1
    assert run.blob(record.gallery[0][0])
    for path in tmp_path.rglob("*.json*"):
        text = path.read_text(encoding="utf-8")
        assert not [secret for secret in secrets[:-1] if secret in text], path
    keys = [line for line in (tmp_path / "timeline.jsonl").read_text().splitlines() if '"kind":"key"' in line]
    assert sum('"key":"*"' in line for line in keys) >= len(secrets[-1])


def test_a_firmware_that_dies_alone_is_never_the_rigs_fault(tmp_path):
    """The supply current stays, the camera is sound: the terminal is to blame, or nobody."""
    from tillrig.simulator.bench.control import ask

    with acquire(rig(), tmp_path) as session:
        session.ensure("operator_prompt")
        ask(session.rig.simulation.directory, ["firmware", "kill"])
        session.do(PowerOn())
        assert session.ledger.position == "operator_prompt"


def test_a_bench_that_is_killed_is_a_rig_error_within_seconds(tmp_path):
    with acquire(rig(), tmp_path) as session:
        attempt = session.attempt("suites/sale/test_x.py::test_killed")
        session.ensure("operator_prompt")
        os.kill(session.rig.simulation.pid, signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises(RigError) as caught:
            session.ready()
        assert time.monotonic() - began < 20
        assert attempt.close(caught.value).verdict is Verdict.RIG_ERROR
    assert load_run(tmp_path).attempts[0].ended


def test_a_taken_host_port_is_told_and_everything_is_closed_again(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(HostPortError, match=str(port)):
            acquire(rig(host=f"127.0.0.1:{port}"), tmp_path)
    record = load_run(tmp_path).session
    assert record is not None
    assert (record.ended, record.verdict) == ("opening failed", Verdict.RIG_ERROR)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_opens_the_switches_and_leaves_evidence(tmp_path, number):
    """Ctrl-C and SIGTERM in the midst of a wait: contacts open first, and the attempt is on disk."""
    code = f"""
import signal, sys; sys.path.insert(0, {str(ROOT)!r})
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits that it is ignored
from tillrig import acquire
from tillrig.rigs import load_rig
session = acquire(
    load_rig({str(ROOT / "rigs" / "virtual.yaml")!r}).with_simulation(time_scale=1, grade="clean", seed=5),
    {str(tmp_path)!r},
)
session.attempt("suites/sale/test_x.py::test_interrupted")
print("begun", flush=True)
session.ready()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode != 0
    text = (tmp_path / "timeline.jsonl").read_text()
    assert '"open_all"' in text or '"action":"safe"' in text
    (record,) = load_run(tmp_path).attempts
    assert record.verdict is not Verdict.PASS


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """One rig for the tests that leave it as it was."""
    with acquire(rig(), tmp_path_factory.mktemp("standing")) as standing:
        yield standing


def test_a_disturbance_that_never_took_place_is_inconclusive(session):
    """All that was seen matched, but what the suite wanted to disturb did not come."""
    session.ready()
    plan = [("settlement", NoAnswer())]
    outcome = session.do(FREE, host=plan, interferences=[When("screen.ask_pin", "link_down")])
    assert {("host.settlement", "(not played)"), ("screen.ask_pin", "(not done)")} <= {
        (one.point, one.seen) for one in outcome.failures
    }
    assert outcome.verdict is Verdict.INCONCLUSIVE
    session.ready()
    assert not session.host.scenarios
    played = session.do(FREE, interferences=[When("host.sale", "link_up")])
    assert played.verdict is Verdict.PASS, played.failures


def test_a_rig_that_fails_amid_a_sale_leaves_no_false_fail_behind(session, monkeypatch):
    """The sale went through, nobody saw it to its end: what the terminal holds is found out before the next."""
    session.ready()
    records = len(session.ledger.journal)
    with monkeypatch.context() as broken, pytest.raises(CameraError):
        broken.setattr(session.bench.slips, "at_rest", _no_picture)
        session.do(FREE)
    assert session.ledger.uncertain
    session.ready()
    assert len(session.ledger.journal) == records + 1
    after = session.do(FREE)
    assert after.verdict is Verdict.PASS, after.failures
    assert "money.booked" in {one.point for one in after.findings}


def _no_picture(*_):
    raise CameraError("slip: unplugged by the test")


def test_an_act_nobody_predicts_is_refused(session):
    session.ready()
    with pytest.raises(UsageError, match=r"cut_power at host\.sale leads to is not predicted"):
        session.do(FREE, interferences=[When("host.sale", "cut_power")])
    cut = [When("screen.ask_card", "link_down")]
    down = session.do(Sale(amount=5_00, card="credit-chip", pin="none"), interferences=cut)
    assert down.verdict is Verdict.PASS, down.failures
