"""The host's own life: its port, stopping and starting, what it writes, and its failures."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any

import pytest

from tillrig.errors import HostPortError, RigError
from tillrig.host import TestHost
from tillrig.host.records import to_json
from tillrig.protocols.iso8583 import decode

AMOUNT = 4200


def sale(client: Any) -> bytes:
    """One sale; what the host sent back."""
    sent = client.send(client.frame("0200", client.sale_fields(AMOUNT, "debit-stripe"), client.mak))
    assert isinstance(sent, bytes)
    return sent


def test_a_port_that_is_taken_is_named(cards: Any) -> None:
    """With what to do about it; the same host can listen elsewhere later."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        host = TestHost(address, cards=cards)
        with pytest.raises(HostPortError, match=address):
            host.start()
        assert not host.running
    with host:
        assert host.address == address


def test_books_outlive_a_stop_and_a_start(client: Any, host: TestHost) -> None:
    """And so does the address."""
    sale(client)
    address = host.address
    host.stop()
    with pytest.raises(ConnectionRefusedError):
        client.connect()
    host.start()
    assert host.address == address and host.ledger.booked() == (1, AMOUNT)
    assert decode(sale(client)).fields[39] == "00"


def test_nothing_written_holds_a_secret(client: Any, host: TestHost, cards: Any) -> None:
    """Card numbers, tracks, PIN blocks and keys are stars in every event, also when a message was broken."""
    sale(client)
    frame = client.frame("0200", client.sale_fields(AMOUNT, "debit-stripe"), client.mak)
    client.send(frame[:2] + frame[2:13] + b"\x07" + frame[14:])
    broken = bytearray(frame)
    broken[broken.index(b"10000001") - 1] = 0xFF
    client.send(bytes(broken[:1]) + bytes(broken[1:]))
    client.sign_in()
    client.exchange()
    written = b"".join(to_json(event) for event in host.events).decode() + repr(host.events)
    pan = cards["debit-stripe"].pan
    assert written.count("host_exchange") >= 4 and pan not in written and pan[5:15] not in written
    for key in (client.pik, client.mak):
        assert key.hex() not in written.lower()


def test_a_failure_inside_the_host_reaches_its_owner(cards: Any, new_client: Callable[..., Any]) -> None:
    """It must not pass for a terminal that got no answer."""

    def record(event: object) -> None:
        raise ValueError("disk full")

    host = TestHost(cards=cards, record=record).start()
    with contextlib.suppress(ConnectionError):
        new_client(host).send(b"\x00\x00")
    with pytest.raises(RigError, match="disk full"):
        host.stop()
