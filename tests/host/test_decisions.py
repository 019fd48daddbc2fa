"""The host decides by rules H28, in their order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tillrig.host import HostExchange, Limits, Registration, TerminalPolicy, TestHost
from tillrig.host.accounts import Account
from tillrig.host.decisions import Acquirer, Wish
from tillrig.protocols.iso8583 import Message, decode, encode


def seen(client: Any) -> HostExchange:
    found = client.exchange()
    assert isinstance(found, HostExchange)
    return found


@pytest.mark.parametrize(
    ("card", "amount", "pin", "code"),
    [
        ("debit-stripe", 1, "right", "00"),
        ("credit-stripe", 5_000_000, None, "00"),
        ("expired", 100, "right", "54"),
        ("expired", 100, "0000", "54"),
        ("lost", 100, "right", "41"),
        ("lost", 0, "0000", "41"),
        ("debit-stripe", 100, None, "55"),
        ("debit-stripe", 0, None, "55"),
        ("debit-stripe", 0, "right", "13"),
        ("debit-stripe", 5_000_001, "right", "61"),
        ("debit-stripe", 5_000_001, "0000", "55"),
        ("poor", 5_000_001, "right", "61"),
        ("poor", 5_000_000, "right", "51"),
        ("poor", 1, "right", "51"),
    ],
)
def test_the_first_reason_to_decline_decides(
    host: TestHost, client: Any, card: str, amount: int, pin: str | None, code: str
) -> None:
    """Card before PIN, PIN before amount, amount before balance; nothing declined is booked."""
    before = host.balance(card)
    answer = client.sale(amount, card, pin)
    assert answer.fields[39] == code
    booked = amount if code == "00" else 0
    assert host.balance(card) == before - booked and seen(client).booked == booked


def test_a_declined_answer_lacks_what_only_approvals_have(client: Any) -> None:
    """Rules H28: no 15, 37, 38, but F64 under the key."""
    answer = client.sale(1, "poor")
    assert answer.fields[39] == "51" and not {15, 37, 38, 63} & set(answer.fields)
    assert client.mac_right(answer)


def test_an_unknown_card_is_14_with_the_expiry_unknown(client: Any, cards: dict[str, Account]) -> None:
    """Its number is sent back as it came."""
    fields = client.sale_fields(100, "debit-stripe")
    fields[35] = "9900999999999999999D3012101"
    answer = client.ask(client.frame("0200", fields, client.mak))
    assert answer.fields[39] == "14" and seen(client).card == ""


def test_a_terminal_that_never_signed_in_gets_a0_without_a_mac(host: TestHost, new_client: Callable[..., Any]) -> None:
    """No key, no F64."""
    client = new_client(host, "20000002")
    client.pik = client.mak = bytes(8)
    answer = client.sale(100)
    assert answer.fields[39] == "A0" and 64 not in answer.fields
    assert seen(client).mac_ok is False


@pytest.mark.parametrize("key", [b"", bytes.fromhex("0123456789ABCDEF")])
def test_a_mac_that_is_missing_or_wrong_gets_a0_and_takes_no_stan(client: Any, key: bytes) -> None:
    """The answer has a right MAC, and the same STAN is good afterwards."""
    fields = client.sale_fields(100, "debit-stripe")
    answer = client.ask(client.frame("0200", fields, key))
    assert answer.fields[39] == "A0" and client.mac_right(answer)
    assert (seen(client).mac_ok, seen(client).booked) == (False, 0)
    assert client.ask(client.frame("0200", fields, client.mak)).fields[39] == "00"


def test_the_same_stan_in_a_batch_is_94_even_after_a_decline(host: TestHost, client: Any) -> None:
    """Terminal, batch and STAN never come twice."""
    client.sale(100, "poor", stan="000050")
    assert client.sale(100, stan="000050").fields[39] == "94"
    client.sale(100, stan="000051")
    assert client.sale(100, stan="000051").fields[39] == "94"
    assert host.ledger.booked() == (1, 100)


def test_three_wrong_pins_block_the_card_until_it_is_reset(host: TestHost, client: Any) -> None:
    """55 three times in a row, from the fourth on 75, also for the right PIN."""
    card = "pin-errors"
    for code in ("55", "55", "55", "75"):
        assert client.sale(100, card, "0000").fields[39] == code
    assert client.sale(100, card).fields[39] == "75"
    assert seen(client).pin_ok is True
    host.reset_card(card)
    assert client.sale(100, card).fields[39] == "00"


def test_a_right_pin_clears_the_count(host: TestHost, client: Any) -> None:
    """Only wrong PINs in a row count."""
    for pin in ("0000", "0000", "right", "0000", "0000", "right"):
        client.sale(100, "pin-errors", pin)
    assert host.pin_tries("pin-errors") == 0
    assert client.sale(100, "pin-errors", "0000").fields[39] == "55"


def test_an_unreadable_pin_block_is_99(client: Any) -> None:
    """It is no wrong PIN and does not count as one."""
    fields = client.sale_fields(100, "debit-stripe") | {52: bytes(8)}
    assert client.ask(client.frame("0200", fields, client.mak)).fields[39] == "99"
    assert seen(client).pin_ok is False and client.host.pin_tries("debit-stripe") == 0


@pytest.mark.parametrize(("amount", "code"), [(100_000, "00"), (100_001, "55")])
def test_a_tap_within_the_limit_needs_no_pin(client: Any, cards: dict[str, Account], amount: int, code: str) -> None:
    """Money, Limits: up to and including 1000.00, debit too."""
    card = cards["debit-contactless"]
    fields = client.sale_fields(amount, card.name, None) | {2: card.pan, 14: card.expiry, 22: "072", 23: card.sequence}
    fields[55] = "9F2608010203040506070 89F36020007".replace(" ", "")
    answer = client.ask(client.frame("0200", fields, client.mak))
    assert answer.fields[39] == code and seen(client).format_errors == ()
    if code == "00":
        assert answer.fields[55].startswith("9F36020007910A") and answer.fields[55].endswith("3030")


def test_the_sixth_small_amount_in_ten_minutes_is_65(cards: dict[str, Account], new_client: Callable[..., Any]) -> None:
    """Rules M3: approved sales of 9.99 and less on one card within 600 s of the host's clock."""
    now = [datetime(2026, 5, 4, 12, 0, 0)]
    with TestHost(cards=cards, clock=lambda: now[0]) as host:
        client = new_client(host)
        client.sign_in()
        assert [client.sale(999).fields[39] for _ in range(6)] == ["00"] * 5 + ["65"]
        assert client.sale(1000).fields[39] == "00"
        now[0] += timedelta(seconds=601)
        assert client.sale(999).fields[39] == "00"
        assert client.exchange().text(4) == "000000000999"
        assert client.sale(999, "credit-stripe", None).fields[13] == "0504"


def test_a_host_that_opens_nothing_says_97_and_03(cards: dict[str, Account], new_client: Callable[..., Any]) -> None:
    """Unknown terminal, known terminal with another merchant number."""
    policy = TerminalPolicy(open_unknown=False, registered={"10000001": Registration("898111153110001")})
    with TestHost(cards=cards, terminals=policy) as host:
        assert new_client(host, "10000002").sign_in().fields[39] == "97"
        client = new_client(host)
        client.mid = "898111153110002"
        refused = client.sign_in()
        assert refused.fields[39] == "03" and 62 not in refused.fields
        client.mid = "898111153110001"
        assert client.sign_in().fields[39] == "00"


def test_an_unreadable_message_is_answered_30_with_what_was_read(client: Any) -> None:
    """The record names the byte."""
    frame = bytearray(client.frame("0200", {3: "000000", 4: "000000000100", 11: "000009", 41: client.tid}))
    at = bytes(frame).index(bytes.fromhex("000009"))
    frame[at + 2] = 0xAA
    answer = client.ask(bytes(frame))
    assert (answer.mti, answer.fields[39], answer.fields[4]) == ("0210", "30", "000000000100")
    record = seen(client)
    assert record.error_offset == at + 2 and "field 11" in record.error and not record.processed


def test_a_payment_without_its_amount_is_unreadable(client: Any) -> None:
    """30, and the missing field is named."""
    fields = client.sale_fields(100, "debit-stripe")
    del fields[4]
    assert client.ask(client.frame("0200", fields, client.mak)).fields[39] == "30"
    assert "F4: missing" in seen(client).format_errors


def test_messages_that_are_not_served_are_declined(client: Any) -> None:
    """40 for a known kind of transaction, 12 for none."""
    void = client.sale_fields(100, "debit-stripe") | {3: "200000", 60: f"23{client.batch}00060"}
    assert client.ask(client.frame("0200", void, client.mak)).fields[39] == "40"
    assert seen(client).name == "void"
    odd = client.sale_fields(100, "debit-stripe") | {3: "990000"}
    assert client.ask(client.frame("0200", odd, client.mak)).fields[39] == "12"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({22: "051"}, "F2: missing with entry mode 05"),
        ({22: "022"}, "F52: there, F22 says there is no PIN"),
        ({49: "840"}, "F49: 840 instead of 156"),
        ({53: "0600000000000000"}, "F53: begins 06 with a PIN block"),
        ({60: "22000001000"}, "F60: 11 digits"),
        ({37: "000000000000"}, "F37: not expected in sale"),
        ({22: "091"}, "F22: entry mode 09 is none of 01 02 03 05 07"),
        ({25: None}, "F25: missing"),
    ],
)
def test_what_a_request_carries_wrongly_is_recorded(client: Any, change: dict[int, Any], error: str) -> None:
    """Each as F<n> and what is wrong; the host decides by itself all the same."""
    fields = {n: v for n, v in (client.sale_fields(100, "debit-stripe") | change).items() if v is not None}
    client.ask(client.frame("0200", fields, client.mak))
    assert error in seen(client).format_errors


def _message(mti: str, fields: dict[int, Any]) -> Message:
    return decode(encode(mti, fields))


def test_a_reversal_finds_only_the_transaction_it_names(host: TestHost, client: Any) -> None:
    """Terminal, merchant, batch, STAN and amount must all agree; else 25 and nothing moves."""
    client.sale(700)
    stan = f"{client.stan:06d}"
    before = host.balance("debit-stripe")
    assert client.reverse(701, stan).fields[39] == "25"
    assert client.reverse(700, "000999").fields[39] == "25"
    assert client.reverse(700, stan, batch="000009").fields[39] == "25"
    client.mid = "898111153110009"
    assert client.reverse(700, stan).fields[39] == "25"
    assert host.balance("debit-stripe") == before and host.ledger.booked() == (1, 700)
    client.mid = "898111153110001"
    assert client.reverse(700, stan).fields[39] == "00"
    assert host.ledger.booked() == (0, 0)


def test_a_declined_original_has_nothing_to_reverse(client: Any) -> None:
    """12, which a terminal takes for done."""
    client.sale(100, "poor")
    assert client.reverse(100, f"{client.stan:06d}").fields[39] == "12"


def test_a_reversal_with_a_wrong_mac_moves_nothing(host: TestHost, client: Any) -> None:
    """A0: it is under the key of the moment or it is none."""
    client.sale(100)
    stan = f"{client.stan:06d}"
    good, client.mak = client.mak, bytes(8)
    assert client.reverse(100, stan).fields[39] == "A0"
    client.mak = good
    assert host.ledger.booked() == (1, 100)
    client.sign_in()
    assert client.reverse(100, stan).fields[39] == "00"


def test_working_keys_are_the_same_for_the_same_seed_and_new_at_each_sign_in(cards: dict[str, Account]) -> None:
    """A run can be repeated key for key."""
    now = datetime(2026, 1, 2)
    request = _message("0800", {11: "000001", 41: "10000001", 42: "898111153110001", 60: "00000001004", 63: "01 "})

    def keys(seed: str, times: int) -> list[str]:
        acquirer = Acquirer(cards, TerminalPolicy(seed=seed), Limits())
        answers = [acquirer.decide(request, acquirer.examine(request), Wish(), now) for _ in range(times)]
        return [answer.fields[62] for answer in answers]

    first = keys("a", 3)
    assert first == keys("a", 3) and len(set(first)) == 3 and first != keys("b", 3)
    assert len(first[0]) == 2 * 60


@pytest.mark.parametrize(
    ("network", "mak_form", "size"), [("001", "single", 24), ("003", "double", 40), ("003", "single", 40)]
)
def test_a_terminal_can_use_keys_of_every_length(
    cards: dict[str, Account], new_client: Callable[..., Any], network: str, mak_form: Any, size: int
) -> None:
    """60.3 of the sign-in says which; a sale under them is good."""
    with TestHost(cards=cards, terminals=TerminalPolicy(mak_form=mak_form)) as host:
        client = new_client(host)
        assert len(client.sign_in(network).data(62)) == size
        assert len(client.mak) == (16 if mak_form == "double" else 8)
        assert client.sale(100).fields[39] == "00"


def test_a_batch_is_ended_by_its_end_only(host: TestHost, client: Any) -> None:
    """Rules H23: a repeated 0500 is compared again; 999999 is followed by 000001."""
    client.sale(100)
    for _ in range(2):
        assert client.settle(host.expected_settlement("10000001").field48()).fields[48][30] == "1"
        assert host.batch("10000001") == "000001"
    assert client.settle("1").fields[48][30] == "3"
    for batch, then in (("000001", "000002"), ("000002", "000003"), ("000001", "000003"), ("000002", "000003")):
        assert client.end(batch=batch).fields[39] == "00"
        assert host.batch("10000001") == then
    client.end(batch="999999")
    assert host.batch("10000001") == "000001"
