"""The endings that suites name are endings that the engine predicts: a misspelt one would never be met."""

from __future__ import annotations

import re
from pathlib import Path

from tillrig.actions import EcrSale, EcrSignIn, Reprint, Sale, Settle, SignIn, SignOff
from tillrig.reference import Ledger

from .walking import Walk, with_ledger

SUITES = Path(__file__).parents[2] / "suites"
IN_PYTHON = re.compile(r"\.ended\(\s*\"([^\"]+)\"")
IN_ROBOT = re.compile(r"Action Ended As {2,}(\S+(?: \S+)*)")


def named_by_suites() -> set[str]:
    texts = {path: path.read_text(encoding="utf-8") for path in SUITES.rglob("*.*") if path.suffix in (".py", ".robot")}
    return {
        name for path, text in texts.items() for name in (IN_PYTHON if path.suffix == ".py" else IN_ROBOT).findall(text)
    }


def test_every_ending_that_a_suite_names_is_predicted(walk: Walk, signed_in: Ledger) -> None:
    order = EcrSale(amount=1, order="1")
    walk.do(order, ("sale", "approved", "00"))
    sold = walk.ledger
    walk.do(Sale(amount=1), ("sale", "no_answer", ""))
    pending = walk.ledger
    out = with_ledger(signed_in, position="operator_prompt", operator=None)
    actions = [
        (signed_in, Sale(amount=1)),
        (pending, Sale(amount=1)),
        (signed_in, Sale(amount=1, cancel_at="ask_card")),
        (signed_in, Sale(amount=1, card="debit-chip", entry="stripe")),
        *((sold, one) for one in (order, EcrSale(amount=2, order="1"), EcrSignIn(), Reprint(), SignIn(), SignOff())),
        *((sold, one) for one in (Settle(), Settle(cancel_at="confirm_settle"))),
        *((signed_in, one) for one in (Settle(), Reprint())),
        *((out, one) for one in (SignIn(), SignIn(wrong=3))),
    ]
    ends = [f", {one.name}" for ledger, action in actions for one in walk.engine.predict(ledger, action)]
    named = named_by_suites()
    assert len(named) > 12
    assert not [name for name in named if not any(end.endswith(f", {name}") for end in ends)]
