"""One terminal, the lab's cards, and a walk: predict an action, let the host decide, resolve what follows."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tillrig.reference import CardFacts, Engine, Ledger, Parameters

from .walking import Walk

CARDS = Path(__file__).parents[2] / "fixtures" / "cards.yaml"


@pytest.fixture(scope="session")
def cards() -> dict[str, CardFacts]:
    entries = YAML(typ="safe").load(CARDS.read_text(encoding="utf-8"))
    return {name: CardFacts.from_lab(name, entry) for name, entry in entries.items()}


@pytest.fixture(scope="session")
def parameters() -> Parameters:
    return Parameters(
        terminal_no="10000001", merchant_no="898111153110001", merchant_name="测试商户便利店", version="1.0.0"
    )


@pytest.fixture(scope="session")
def engine(parameters: Parameters, cards: dict[str, CardFacts]) -> Engine:
    return Engine(parameters, cards)


@pytest.fixture
def signed_in() -> Ledger:
    """At the menu, operator 01, STAN 000006 taken last, batch 000001, empty journal, nothing pending."""
    return Ledger(
        position="menu",
        operator="01",
        keys_good=True,
        stan="000006",
        batch="000001",
        journal_known=True,
        pending_known=True,
    )


@pytest.fixture
def walk(engine: Engine, signed_in: Ledger) -> Walk:
    return Walk(engine, signed_in)
