"""The sale slip, field by field (receipts; rules R2–R6), and its reprint (rules T11)."""

from __future__ import annotations

import msgspec
import pytest

from tillrig.actions import Reprint, Sale, Settle
from tillrig.reference import Ledger
from tillrig.reference.slips import CHIP_LINES
from tillrig.steps import Slip, Symbol

from .walking import Walk, fields, forbidden, messages, screen, screens, shown_text, slips, with_ledger

OK = ("sale", "approved", "00")


def settled(walk: Walk, slip: Slip) -> dict[str, object]:
    """Field values with their symbols resolved."""
    return {
        field.name: field.value.value(walk.bindings) if isinstance(field.value, Symbol) else field.value
        for field in slip.fields
    }


def test_both_copies_print_what_was_decided(walk: Walk) -> None:
    """Receipts: voucher F11, batch 60.2, authorisation F38, reference F37, date and time F13 F12, banks F44."""
    branch = walk.do(Sale(amount=123_456), OK)
    merchant, cardholder = (settled(walk, slip) for slip in slips(branch))
    said = walk.sent[0][1]
    assert merchant == {
        "title": "slip.title",
        "copy": "slip.copy.merchant",
        "merchant_name": "测试商户便利店",
        "merchant_no": "898111153110001",
        "terminal_no": "10000001",
        "operator": "01",
        "issuer": "01050000",
        "acquirer": "00010000",
        "card_no": "990003*********6786",
        "entry": "chip",
        "txn_type": "SALE",
        "expiry": "2908",
        "batch": "000001",
        "voucher": "000007",
        "auth": said["answer.F38"],
        "datetime": "1120112233",
        "reference": said["answer.F37"],
        "amount": 123_456,
        "remark": "建设银行",
        "aid": "A000000333010101",
        "tvr": "0000008000",
        "tsi": True,
        "atc": said["F55.9F36"],
        "arqc": said["F55.9F26"],
        "applab": "PBOC DEBIT",
        "csn": "001",
        "reprint_mark": None,
        "signature": True,
        "waiver": None,
    }
    assert cardholder == merchant | {"copy": "slip.copy.cardholder", "signature": None}


def test_a_stripe_slip_has_no_chip_lines(walk: Walk) -> None:
    """Rules R5: chip lines when F55 was sent."""
    branch = walk.do(Sale(amount=1, card="credit-stripe", entry="stripe"), OK)
    printed = settled(walk, slips(branch)[0])
    assert all(printed[name] is None for name in CHIP_LINES)
    assert (printed["entry"], printed["card_no"]) == ("stripe", "990008******5793")


def test_money_on_a_slip_is_judged_as_money(walk: Walk) -> None:
    """Design: a FAIL on money needs two readers, so the engine says which fields are money."""
    slip = slips(walk.do(Sale(amount=1), OK))[0]
    assert {field.name for field in slip.fields if field.money} == {"amount"}


def test_the_last_sale_is_reprinted_with_its_mark(walk: Walk) -> None:
    """Rules T11: all copies of the last record again, each marked, otherwise identical; nothing is sent."""
    first = walk.do(Sale(amount=100), OK)
    bound = dict(walk.bindings)
    branch = walk.do(Reprint())
    for before, again in zip(slips(first), slips(branch), strict=True):
        said = {
            field.name: field.value.value(bound) if isinstance(field.value, Symbol) else field.value
            for field in before.fields
        }
        assert settled(walk, again) == said | {"reprint_mark": True}
        assert again.reprint
    assert screen(branch, "menu").value == "6-1"
    assert (messages(branch), screens(branch)) == ([], ["menu", "menu"])


def test_a_decline_or_a_settlement_changes_what_is_last(walk: Walk) -> None:
    """Rules T11: last is the last journal record that prints; after settlement 无交易流水."""
    walk.do(Sale(amount=100), OK)
    walk.do(Sale(amount=200), ("sale", "declined", "51"))
    assert fields(slips(walk.do(Reprint()))[0])["amount"] == 100
    walk.do(Settle(), ("settlement", "approved", "11"), ("upload_end", "approved", "00"), ("signoff", "approved", "00"))
    walk.ledger = with_ledger(walk.ledger, position="menu", operator="01", keys_good=True)
    branch = walk.do(Reprint())
    assert shown_text(branch, "refused") == "text.no_records"
    assert forbidden(branch)["merchant"] == "REPRINT"


def test_a_reprint_of_records_nobody_has_seen_is_judged_by_its_frame(walk: Walk, signed_in: Ledger) -> None:
    """Either there is no record, or slips with this terminal's header and the mark."""
    walk.ledger = with_ledger(signed_in, journal_known=False)
    branch = walk.do(Reprint())
    assert all(slip.optional for slip in slips(branch))
    assert fields(slips(branch)[0])["reprint_mark"] is True
    assert "amount" not in fields(slips(branch)[0])


@pytest.mark.parametrize(("copies", "wanted"), [(1, ["merchant"]), (2, ["merchant", "cardholder"])])
def test_the_profile_says_how_many_copies(walk: Walk, copies: int, wanted: list[str]) -> None:
    """Receipts: one to three copies; two are merchant and cardholder."""
    walk.engine = type(walk.engine)(msgspec.structs.replace(walk.engine.parameters, copies=copies), walk.engine.cards)
    branch = walk.do(Sale(amount=1), OK)
    assert [slip.copy for slip in slips(branch)] == wanted
    assert screens(branch, certain=False).count("continue_print") == copies - 1
