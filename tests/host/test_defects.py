"""What the host finds wrong in a request is a finding; what it only has to say is none."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tillrig.host import HostExchange, TestHost
from tillrig.host.scenarios import BadKeyCheck, Decline, Partial, Scenario, WrongField, WrongMti
from tillrig.judge.host import compare
from tillrig.masking import mask_pan
from tillrig.observers.host import HostObserver
from tillrig.reference import Ledger, Record, Settled
from tillrig.steps import Branch, Field, Guard, HostMessage
from tillrig.verdicts import Finding, Verdict

OBSERVER = HostObserver(60.0, ("00", "11"))
PLAIN = HostMessage(message="sale", requirement="SALE-ONCE", mac=True)
UPLOAD = HostMessage(
    message="batch_upload",
    requirement="SETTLE-END",
    mac=False,
    present=(Field(name="F48", kind="presence", value=True, requirement="SETTLE-END"),),
    sends=(1, 9),
)


def record(voucher: str, amount: int, masked: str) -> Record:
    """A record of the terminal's journal."""
    return Record(
        stan=voucher, batch="000001", amount=amount, card="", masked=masked, expiry="", entry="stripe", operator="01"
    )


def findings(exchange: HostExchange, step: HostMessage, journal: tuple[Record, ...] | None = None) -> list[Finding]:
    """What the judge makes of one exchange of which the step names no more than it must."""
    seen = OBSERVER.observe(exchange)
    step = msgspec.structs.replace(step, may=tuple(seen.fields))
    batch = Settled(
        batch="000001", when="", operator="01", result_in="2", result_out="1", records=journal or (),
        complete=journal is not None,
    )  # fmt: skip
    ledger = Ledger(settled=batch)
    branch = Branch(name="only", guard=Guard(outcomes=()), steps=(step,), ledger=ledger, forbidden=())
    return [one for one in compare(branch, [seen], {}, {}, None) if one.verdict is not Verdict.PASS and one.at]


def told(
    exchange: HostExchange, step: HostMessage, journal: tuple[Record, ...] | None = None
) -> list[tuple[str, str, str]]:
    return [(one.verdict.value, one.requirement, one.point) for one in findings(exchange, step, journal)]


@pytest.fixture
def sold(client: Any, cards: Any) -> tuple[str, str]:
    """Voucher and card number, as an upload writes them, of a sale of 1.00."""
    client.sale(100)
    return f"{client.stan:06d}", cards["debit-stripe"].pan.zfill(20)


def test_a_sound_upload_is_no_finding(client: Any, sold: tuple[str, str]) -> None:
    voucher, pan = sold
    client.upload(f"0100{voucher}{pan}000000000100")
    assert told(client.exchange(), UPLOAD, ()) == []


def test_a_wrong_amount_in_an_upload_is_found(client: Any, sold: tuple[str, str]) -> None:
    """The host answers 00 all the same: nobody but its books can tell."""
    voucher, pan = sold
    client.upload(f"0100{voucher}{pan}000000009999")
    (found,) = findings(client.exchange(), UPLOAD)
    assert (found.verdict, found.requirement, found.point) == (Verdict.FAIL, "SETTLE-UPLOAD", "host.batch_upload.F48")
    assert "9999 fen, the host has 100" in found.seen


def test_another_card_in_an_upload_is_found_and_not_shown(client: Any, sold: tuple[str, str], cards: Any) -> None:
    other = cards["credit-stripe"].pan
    client.upload(f"0100{sold[0]}{other.zfill(20)}000000000100")
    (found,) = findings(client.exchange(), UPLOAD)
    assert found.verdict is Verdict.FAIL and other not in str(found) and sold[1].lstrip("0") not in str(found)


@pytest.mark.parametrize(
    ("batch", "verdict"),
    [
        (None, "INCONCLUSIVE"),
        ((), "FAIL"),
        ((("777777", 100, "debit-stripe"),), ""),
        ((("777777", 101, "debit-stripe"),), "FAIL"),
        ((("777777", 100, "credit-stripe"),), "FAIL"),
        ((("777778", 100, "debit-stripe"),), "FAIL"),
    ],
    ids=["journal unknown", "journal empty", "in the journal", "other amount", "other card", "other voucher"],
)
def test_a_record_that_the_host_never_booked_is_compared_with_the_journal(
    client: Any, sold: tuple[str, str], cards: Any, batch: Any, verdict: str
) -> None:
    """A terminal that comes with yesterday's journal uploads what this host never saw: that is sound."""
    client.upload(f"0100777777{sold[1]}000000000100")
    journal = None if batch is None else tuple(record(*one[:2], mask_pan(cards[one[2]].pan)) for one in batch)
    expected = [(verdict, "SETTLE-UPLOAD", "host.batch_upload.F48")] if verdict else []
    assert told(client.exchange(), UPLOAD, journal) == expected


def test_bytes_left_over_are_found_though_the_host_only_declines(client: Any) -> None:
    """The MAC of such a message was never computed: it is not said to be right."""
    frame = client.frame("0200", client.sale_fields(100, "debit-stripe"), client.mak)
    longer = (len(frame) - 2 + 3).to_bytes(2, "big") + frame[2:] + b"\x00\x01\x02"
    assert client.ask(longer).fields[39] == "30"
    assert told(client.exchange(), PLAIN) == [
        ("INCONCLUSIVE", "MAC", "host.sale.F64"),
        ("FAIL", "SALE-REQUEST", "host.sale"),
    ]
    client.send(frame)
    assert told(client.exchange(), PLAIN) == []


def chip_fields(client: Any, cards: Any, track: str) -> dict[int, Any]:
    account, other = cards["credit-chip"], cards[track]
    fields = client.sale_fields(100, track, None) | {22: "052", 2: account.pan, 14: account.expiry, 23: "001"}
    chip = "9F2701809F360200019F02060000000001009F1A0201565F2A020156"
    return fields | {55: chip, 35: f"{other.pan}D{other.expiry}201"}


@pytest.mark.parametrize(
    ("track", "expected"),
    [("credit-chip", []), ("debit-chip", [("FAIL", "SALE-REQUEST", "host.sale.F35")])],
)
def test_a_track_of_another_card_is_found(client: Any, cards: Any, track: str, expected: list[Any]) -> None:
    """The first digits may be the same: the masked number cannot tell the two apart."""
    client.send(client.frame("0200", chip_fields(client, cards, track), client.mak))
    exchange = client.exchange()
    assert told(exchange, PLAIN) == expected
    assert cards[track].pan not in str(findings(exchange, PLAIN))


def test_an_odd_field_is_filled_with_zero(client: Any) -> None:
    """Rules H1: it is read all the same, so the text of the field is right."""
    frame = client.frame("0200", client.sale_fields(100, "debit-stripe", None), client.mak)
    at = frame.index(bytes.fromhex("0220" + "00"))
    client.send(frame[: at + 1] + b"\x2f" + frame[at + 2 :])
    exchange = client.exchange()
    assert exchange.text(22) == "022" and ("FAIL", "SALE-REQUEST", "host.sale.F22") in told(exchange, PLAIN)


def test_an_encrypted_track_has_no_number_and_no_pad(client: Any, cards: Any) -> None:
    """Its nibbles are anything, whatever F2 says (F53, third digit)."""
    fields = chip_fields(client, cards, "debit-chip") | {53: "0610000000000000"}
    client.send(client.frame("0200", fields, client.mak))
    assert not any("F35" in problem for problem in client.exchange().format_errors)


def test_what_the_host_only_has_to_say_is_no_problem(host: TestHost, client: Any) -> None:
    """A reversal that comes again, a code by order, a merchant seen first: nothing is wrong with the request."""
    host.play(Decline("51"), message="sale")
    client.sale(100, "debit-stripe", "9999")
    assert client.exchange().notes == ("by itself 55",)
    assert OBSERVER.observe(client.exchange()).problems == ()
    client.sale(100)
    for _ in range(2):
        client.reverse(100, f"{client.stan:06d}")
    assert client.exchange().notes == ("reversed before",)
    assert OBSERVER.observe(client.exchange()).problems == ()


def test_what_the_profile_allows_the_host_does_not_forbid(client: Any, cards: Any) -> None:
    """The step names field 22 as a whole: it was compared, and the host's own table does not overrule it."""
    fields = client.sale_fields(100, "debit-stripe", None) | {22: "802"}
    client.send(client.frame("0200", fields, client.mak))
    named = Field(name="F22", kind="digits", value="802", requirement="SALE-ENTRY-MODE")
    assert told(client.exchange(), msgspec.structs.replace(PLAIN, fields=(named,))) == []
    assert told(client.exchange(), PLAIN) == [("FAIL", "SALE-REQUEST", "host.sale.F22")]


@pytest.mark.parametrize(
    ("played", "wrong"),
    [
        ((WrongField(4),), "F4"),
        ((WrongField(4), WrongField(11)), "F11"),
        ((WrongField(41), WrongField(11), WrongMti()), "mti"),
        ((), ""),
    ],
)
def test_the_first_wrong_field_of_an_answer_decides(
    host: TestHost, client: Any, played: tuple[Scenario, ...], wrong: str
) -> None:
    """Rules H11: MTI, F3, F11, F41, F42, F4."""
    if played:
        host.play(*played, message="sale")
    client.sale(100)
    outcome, code = OBSERVER.outcome(client.exchange())
    assert (outcome, code) == (("bad_answer", wrong) if wrong else ("approved", "00"))


def test_a_partial_approval_has_another_amount_and_is_no_bad_answer(host: TestHost, client: Any) -> None:
    """F39 10: field 4 is what was approved."""
    host.play(Partial(50), message="sale")
    fields = client.sale_fields(100, "debit-stripe")
    client.send(client.frame("0200", fields | {60: fields[60] + "1"}, client.mak))
    assert OBSERVER.outcome(client.exchange()) == ("approved", "10")


def test_a_bad_key_check_is_field_62(host: TestHost, client: Any) -> None:
    host.play(BadKeyCheck(), message="signin")
    client.send(client.frame("0800", client.ids() | {60: f"00{client.batch}003", 63: "01 "}))
    assert OBSERVER.outcome(client.exchange()) == ("bad_answer", "F62")
