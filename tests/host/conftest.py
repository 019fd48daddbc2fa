"""A terminal of a few lines that speaks to the test host over real TCP, for the tests of the host only."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tillrig.host import HostExchange, TestHost
from tillrig.host.accounts import Account, load
from tillrig.protocols import mac
from tillrig.protocols.des import check_value, decrypt
from tillrig.protocols.iso8583 import Message, decode, encode
from tillrig.protocols.pin import encrypt_block

CARDS = Path(__file__).parents[2] / "fixtures" / "cards.yaml"
TMK = bytes.fromhex("A0B1C2D3E4F5061728394A5B6C7D8E9F")
TPDU = "6000030000"
HEADER = "603100310001"
BITE = 10.0


class Client:
    """Builds requests as a terminal does, sends each over its own connection, reads the answer."""

    def __init__(self, host: TestHost, cards: dict[str, Account], tid: str = "10000001") -> None:
        self.host = host
        self.cards = cards
        self.tid = tid
        self.mid = "898111153110001"
        self.stan = 0
        self.batch = "000001"
        self.pik = self.mak = b""

    def take_stan(self) -> str:
        self.stan += 1
        return f"{self.stan:06d}"

    def frame(self, mti: str, fields: dict[int, Any], key: bytes | None = None) -> bytes:
        sign = (lambda data: mac.cup_ecb(key, data).field) if key else None
        return encode(mti, fields, tpdu=TPDU, header=HEADER, mac=sign)

    def connect(self) -> socket.socket:
        host, port = self.host.address.split(":")
        return socket.create_connection((host, int(port)), BITE)

    def send(self, frame: bytes) -> bytes:
        """Everything the host sends until a whole frame has come or it closes."""
        with self.connect() as sock:
            sock.sendall(frame)
            return self.receive(sock)

    @staticmethod
    def receive(sock: socket.socket) -> bytes:
        got = b""
        while len(got) < 2 or len(got) < 2 + int.from_bytes(got[:2], "big"):
            part = sock.recv(4096)
            if not part:
                break
            got += part
        return got

    def ask(self, frame: bytes) -> Message:
        return decode(self.send(frame))

    def ids(self, stan: str | None = None) -> dict[int, Any]:
        return {11: stan or self.take_stan(), 41: self.tid, 42: self.mid}

    def sign_in(self, network: str = "003") -> Message:
        fields = self.ids() | {60: f"00{self.batch}{network}", 63: "01 "}
        answer = self.ask(self.frame("0800", fields))
        if answer.fields.get(39) == "00":
            self.batch = answer.fields[60][2:8]
            self.take_keys(answer.data(62), 8 if network == "001" else 16)
        return answer

    def take_keys(self, field62: bytes, size: int) -> None:
        pik, mak = field62[: size + 4], field62[size + 4 : 2 * (size + 4)]
        self.pik = decrypt(TMK, pik[:size])
        single = size == 16 and mak[8:16] == bytes(8)
        self.mak = decrypt(TMK, mak[: 8 if single else size])
        assert check_value(self.pik) == pik[-4:]
        assert check_value(self.mak) == mak[-4:]

    def sale_fields(self, amount: int, card: str, pin: str | None = "right", stan: str | None = None) -> dict[int, Any]:
        account = self.cards[card]
        fields = self.ids(stan) | {3: "000000", 4: f"{amount:012d}", 22: "022", 25: "00", 49: "156"}
        fields |= {35: f"{account.pan}D{account.expiry}{account.service}000000", 60: f"22{self.batch}00060"}
        if pin is not None:
            keyed = account.pin if pin == "right" else pin
            fields |= {22: "021", 26: "12", 53: "2600000000000000", 52: encrypt_block(self.pik, keyed, account.pan)}
        return fields

    def sale(
        self, amount: int, card: str = "debit-stripe", pin: str | None = "right", stan: str | None = None
    ) -> Message:
        return self.ask(self.frame("0200", self.sale_fields(amount, card, pin, stan), self.mak))

    def reversal_frame(self, amount: int, stan: str, reason: str = "98", batch: str | None = None) -> bytes:
        fields = self.ids(stan) | {3: "000000", 4: f"{amount:012d}", 22: "021", 25: "00", 39: reason, 49: "156"}
        return self.frame("0400", fields | {60: f"22{batch or self.batch}00060"}, self.mak)

    def reverse(self, amount: int, stan: str, batch: str | None = None) -> Message:
        return self.ask(self.reversal_frame(amount, stan, batch=batch))

    def settle(self, field48: str) -> Message:
        fields = self.ids() | {48: field48, 49: "156", 60: f"00{self.batch}201", 63: "01 "}
        return self.ask(self.frame("0500", fields))

    def upload(self, field48: str) -> Message:
        return self.ask(self.frame("0320", self.ids() | {48: field48, 60: f"00{self.batch}201"}))

    def end(self, count: int = 0, network: str = "207", batch: str | None = None) -> Message:
        return self.ask(self.frame("0320", self.ids() | {48: f"{count:04d}", 60: f"00{batch or self.batch}{network}"}))

    def mac_right(self, answer: Message) -> bool:
        return mac.cup_ecb(self.mak, answer.mac_input).field == answer.data(64)

    def exchange(self) -> HostExchange:
        """The host's record of the latest exchange of this client's last connection."""
        count = sum(1 for event in self.host.events if type(event).__name__ == "HostRequest")
        event = self.host.wait_for(lambda e: isinstance(e, HostExchange) and e.seq == count, BITE)
        assert isinstance(event, HostExchange)
        return event


@pytest.fixture(scope="session")
def cards() -> dict[str, Account]:
    return load(CARDS)


@pytest.fixture
def host(cards: dict[str, Account]) -> Iterator[TestHost]:
    with TestHost(cards=cards, time_scale=20) as running:
        yield running


@pytest.fixture
def client(host: TestHost, cards: dict[str, Account]) -> Client:
    """A terminal that has signed in."""
    made = Client(host, cards)
    assert made.sign_in().fields[39] == "00"
    return made


@pytest.fixture
def new_client(cards: dict[str, Account]) -> Callable[..., Client]:
    """Makes terminals for a host of the test's own."""
    return lambda host, tid="10000001": Client(host, cards, tid)
