"""Faults of the firmware that no screen or mask gives away at once, put into the simulated terminal and found."""

from __future__ import annotations

from pathlib import Path

from tillrig import EcrSale, Sale, acquire
from tillrig.rigs import load_rig
from tillrig.verdicts import Verdict

ROOT = Path(__file__).parents[2]
#: The cardholder agrees to another amount than is charged; a stripe's number is another one behind the same mask.
FAULTS = """
def amount_shown(text, fen, step):
    return text[:-1] + "9" if step in ("ask_card", "ask_pin") else text


def host_request_fields(fields, message):
    if message != "sale" or not fields[22].startswith("02"):
        return fields
    track = fields[35]
    return fields | {35: track[:8] + str((int(track[8]) + 1) % 10) + track[9:]}
"""


def failures(outcome):
    return {one.point for one in outcome.findings if one.verdict is Verdict.FAIL}


def test_a_wrong_amount_at_the_prompts_and_another_card_number_are_found(tmp_path):
    """Request, slips and books all have the right amount; the host declines the number that nobody has."""
    file = tmp_path / "faults.py"
    file.write_text(FAULTS)
    rig = load_rig(ROOT / "rigs" / "virtual.yaml").with_simulation(
        time_scale=4, grade="clean", seed=5, fault_files=[str(file)]
    )
    with acquire(rig, tmp_path / "run") as session, session.attempt("suites/sale/test_x.py::test_one"):
        session.ready()
        asked_for = session.do(EcrSale(amount=12_34, order=session.new_order()))
        assert failures(asked_for) == {"screen.ask_card.amount", "screen.ask_pin.amount"}
        swiped = session.do(Sale(amount=12_39, card="credit-stripe", entry="stripe", pin="none"))
        assert failures(swiped) == {"host.sale.F35"}
        assert swiped.ended("declined", "14") is swiped
