"""Cards move by contacts, stay where they are when all contacts open, and their chips count and sign."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from tests.simulator.bench.bench_support import HandClock
from tillrig.simulator.bench import chip
from tillrig.simulator.bench.cards import DEFAULT_CARDS, CardChanger, CardsError, load_cards

ROOT = Path(__file__).parents[3]
CREDIT_CHIP, STRIPE_ONLY = 1, 0


class Reader:
    """A changer and what the terminal's reader noticed."""

    def __init__(self, clock: HandClock, directory: Path) -> None:
        self.clock = clock
        self.events: list[tuple[str, str]] = []
        self.seen: list[dict[str, Any]] = []
        counters = chip.Counters(directory / "atc.json")
        self.changer = CardChanger(clock, load_cards(DEFAULT_CARDS), counters, self._event)

    def _event(self, event: str, card: dict[str, Any]) -> None:
        self.events.append((event, card["name"]))
        self.seen.append(card)

    def select(self, slot: int) -> None:
        for bit in range(4):
            self.changer.select(bit, bool(slot >> bit & 1))

    def pulse(self, movement: str, seconds: float = 0.050) -> None:
        self.changer.contact(movement, True, self.clock.now)
        self.clock.advance(seconds)
        self.changer.contact(movement, False, self.clock.now)
        self.clock.advance(0.5)


@pytest.fixture
def reader(clock: HandClock, tmp_path: Path) -> Reader:
    return Reader(clock, tmp_path)


def test_the_bench_has_the_cards_of_the_lab() -> None:
    assert load_cards(DEFAULT_CARDS) == load_cards(ROOT / "fixtures" / "cards.yaml")


def test_a_pulse_drives_the_selected_card_in_and_another_out(reader: Reader) -> None:
    reader.select(CREDIT_CHIP)
    reader.pulse("insert")
    reader.select(0)
    reader.clock.advance(60)
    assert reader.changer.inserted is not None
    reader.pulse("withdraw")
    assert reader.events == [("inserted", "credit-chip"), ("withdrawn", "credit-chip")]


def test_a_pulse_of_twenty_milliseconds_moves_nothing(reader: Reader) -> None:
    reader.select(CREDIT_CHIP)
    reader.pulse("insert", 0.020)
    assert reader.events == []


def test_the_motor_takes_150_milliseconds(reader: Reader, clock: HandClock) -> None:
    reader.changer.insert(CREDIT_CHIP)
    clock.advance(0.149)
    assert reader.events == []
    clock.advance(0.002)
    assert reader.events == [("inserted", "credit-chip")]


def test_a_card_called_back_on_its_way_in_never_arrives(reader: Reader, clock: HandClock) -> None:
    reader.changer.insert(CREDIT_CHIP)
    clock.advance(0.1)
    assert reader.changer.withdraw()
    clock.advance(1)
    assert reader.events == []
    assert reader.changer.insert(CREDIT_CHIP)


def test_one_card_is_in_one_place(reader: Reader, clock: HandClock) -> None:
    reader.changer.insert(CREDIT_CHIP)
    clock.advance(1)
    assert not reader.changer.insert(STRIPE_ONLY)
    assert not reader.changer.swipe(CREDIT_CHIP)
    assert not reader.changer.tap(CREDIT_CHIP)
    assert not reader.changer.insert(15)


def test_a_swipe_is_read_at_its_end_and_a_tap_while_its_contact_is_closed(reader: Reader, clock: HandClock) -> None:
    reader.select(STRIPE_ONLY)
    reader.pulse("swipe")
    reader.select(CREDIT_CHIP)
    reader.changer.contact("tap", True, clock.now)
    clock.advance(5)
    reader.changer.contact("tap", False, clock.now)
    assert reader.events == [("swiped", "debit-stripe"), ("tapped", "credit-chip"), ("removed", "credit-chip")]


def test_the_terminal_never_learns_pin_account_or_key(reader: Reader, clock: HandClock) -> None:
    reader.changer.insert(CREDIT_CHIP)
    clock.advance(1)
    (seen,) = reader.seen
    assert seen["pan"] == "9900028765432102"
    assert not {"pin", "balance", "state"} & seen.keys()
    assert "key" not in seen["chip"]


def test_each_cryptogram_counts_and_differs(reader: Reader, clock: HandClock, tmp_path: Path) -> None:
    reader.changer.insert(CREDIT_CHIP)
    clock.advance(1)
    question = {"id": 7, "generate_ac": {"9F02": "000000001234", "9F37": "01020304"}}
    first, second = reader.changer.ask_chip(question), reader.changer.ask_chip(question)
    assert (first["id"], first["9F27"], first["9F36"], second["9F36"]) == (7, "80", "0001", "0002")
    assert first["9F26"] != second["9F26"]
    again = Reader(clock, tmp_path)  # the plastic remembers when the bench is started anew
    again.changer.insert(CREDIT_CHIP)
    clock.advance(1)
    assert again.changer.ask_chip(question)["9F36"] == "0003"


def test_the_amount_is_signed() -> None:
    key, iad = bytes(range(16)), bytes.fromhex("07010103A00002010A0100000000000000000000")
    one = chip.cryptogram(key, 1, bytes(2), iad, {"9F02": "000000001234"})
    assert one == chip.cryptogram(key, 1, bytes(2), iad, {"9F02": "000000001234", "9F1E": b"ignored".hex()})
    assert one != chip.cryptogram(key, 1, bytes(2), iad, {"9F02": "000000001235"})


def test_the_mac_is_that_of_iso_9797_1_algorithm_3() -> None:
    key, data = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), b"Now is the time for all"

    def des(half: bytes, block: bytes, decrypt: bool = False) -> bytes:
        cipher = Cipher(TripleDES(half * 3), modes.ECB())
        step = cipher.decryptor() if decrypt else cipher.encryptor()
        return step.update(block) + step.finalize()

    state = bytes(8)
    padded = data + b"\x80" + bytes(-(len(data) + 1) % 8)
    for i in range(0, len(padded), 8):
        state = des(key[:8], bytes(a ^ b for a, b in zip(state, padded[i : i + 8], strict=True)))
    assert chip.retail_mac(key, data) == des(key[:8], des(key[8:], state, decrypt=True))


def test_a_card_pulled_or_damaged_does_not_answer(reader: Reader, clock: HandClock) -> None:
    question = {"id": 1, "generate_ac": {}}
    assert reader.changer.ask_chip(question) == {"id": 1, "error": "gone"}
    reader.changer.tap(CREDIT_CHIP)
    assert "9F26" in reader.changer.ask_chip(question)
    reader.changer.untap()
    reader.changer.slots[CREDIT_CHIP]["damage"].append("chip")
    reader.changer.insert(CREDIT_CHIP)
    clock.advance(1)
    assert reader.seen[-1]["damage"] == ["chip"]
    assert reader.changer.ask_chip(question) == {"id": 1, "error": "gone"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: {slot: 16, pan: '99'}", "slot must be 0 to 15"),
        ("a: {pan: '99'}", "slot must be"),
        ("a: {slot: 1}\nb: {slot: 1}", "both lie in slot 1"),
        ("a: {slot: 1, chip: {aip: '00'}}", "needs aip, iad and key"),
        ("- a", "must map card names"),
        ("a: {", "cannot be read"),
    ],
)
def test_a_wrong_cards_file_is_refused_with_the_reason(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "cards.yaml"
    path.write_text(text)
    with pytest.raises(CardsError, match=why):
        load_cards(path)
