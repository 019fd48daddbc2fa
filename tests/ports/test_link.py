"""The contract of a link: down means nothing passes, up means it passes again, and what a link cannot do it refuses."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.ports.port_fakes import EchoHost, FakeBoard, eventually
from tillrig.drivers.manual import ManualLink
from tillrig.drivers.modbus_rtu import ModbusSwitches
from tillrig.drivers.modbus_rtu import Options as BoardOptions
from tillrig.drivers.switched_link import Options as SwitchedOptions
from tillrig.drivers.switched_link import SwitchedLink
from tillrig.drivers.tcp_link import Options, TcpLink
from tillrig.drivers.technician import Technician
from tillrig.errors import LinkError
from tillrig.ports.link import Link

Events = list[dict[str, Any]]


@pytest.fixture
def events() -> Events:
    return []


@pytest.fixture
def emit(events: Events) -> Callable[..., None]:
    return lambda kind, **data: events.append({"kind": kind, **data})


class LinkContract:
    """Subclasses give `link` and `passes`, whether the path is there in truth."""

    def test_is_a_link_port(self, link: Link) -> None:
        """The driver offers everything that the protocol names."""
        assert isinstance(link, Link)
        assert link.capabilities.cut

    def test_it_is_up_at_first_goes_down_and_comes_up(self, link: Link, passes: Callable[[], bool]) -> None:
        """Twice, because the second time is another state."""
        assert passes()
        for _ in range(2):
            link.down()
            assert not passes()
            link.up()
            assert passes()

    def test_every_change_is_reported(self, link: Link, events: Events) -> None:
        """With its monotonic time."""
        link.down()
        link.up()
        assert [event["action"] for event in events if event["kind"] == "link"] == ["down", "up"]
        assert all(event["at"] <= time.monotonic() for event in events)

    def test_shape_is_done_or_refused(self, link: Link) -> None:
        """Never ignored."""
        if link.capabilities.shape:
            link.shape(delay_ms=1)
        else:
            with pytest.raises(LinkError, match="tcp-link"):
                link.shape(delay_ms=1)
        link.shape()

    def test_check_finds_a_sound_link_sound(self, link: Link) -> None:
        """Up or down."""
        link.check()
        link.down()
        link.check()


class TestSwitchedLink(LinkContract):
    """One contact of a relay board."""

    @pytest.fixture
    def link(self, board: FakeBoard, emit: Callable[..., None]) -> Iterator[SwitchedLink]:
        switches = ModbusSwitches("board", BoardOptions(port="", timeout_ms=300), board.port)
        yield SwitchedLink("link", switches, SwitchedOptions(board="board", channel=21), emit)
        switches.close()

    @pytest.fixture
    def passes(self, board: FakeBoard, link: Link) -> Callable[[], bool]:
        return lambda: 21 not in board.closed()

    def test_a_dead_board_is_the_links_error(self, link: Link, board: FakeBoard) -> None:
        """The message says which link and which board."""
        board.cable.to_near = lambda _: b""
        with pytest.raises(LinkError, match=r"link: the link could not be taken down: board on .*: silence"):
            link.down()
        board.cable.to_near = lambda data: data


class TestManualLink(LinkContract):
    """A technician with his hand on the cable."""

    @pytest.fixture
    def cable_in(self) -> dict[str, bool]:
        return {"in": True}

    @pytest.fixture
    def link(self, cable_in: dict[str, bool], emit: Callable[..., None]) -> ManualLink:
        def plug(question: str) -> str:
            cable_in["in"] = "cable in." in question
            return ""

        return ManualLink("link", Technician(ask=plug, attended=True), emit)

    @pytest.fixture
    def passes(self, cable_in: dict[str, bool]) -> Callable[[], bool]:
        return lambda: cable_in["in"]


class TestTcpLink(LinkContract):
    """A forwarder in the harness."""

    @pytest.fixture
    def link(self, echo_host: EchoHost, emit: Callable[..., None]) -> Iterator[TcpLink]:
        made = TcpLink("link", Options(listen="127.0.0.1:0", target=f"127.0.0.1:{echo_host.port}"), emit)
        yield made
        made.close()

    @pytest.fixture
    def passes(self, link: TcpLink) -> Callable[[], bool]:
        def reaches() -> bool:
            try:
                with call(link) as client:
                    return echoes(client, b"?")
            except OSError:
                return False

        return reaches

    def test_bytes_pass_both_ways_unchanged(self, link: TcpLink) -> None:
        """More than one segment."""
        data = bytes(range(256)) * 64
        with call(link) as client:
            client.sendall(data)
            assert receive(client, len(data)) == data

    def test_a_connection_that_stood_stalls_and_is_reset(self, link: TcpLink, echo_host: EchoHost) -> None:
        """As when the cable was out for longer than the terminal's patience."""
        with call(link) as client:
            assert echoes(client, b"1")
            link.down()
            client.sendall(b"2")
            client.settimeout(0.3)
            with pytest.raises(TimeoutError):
                client.recv(1)
            link.up()
            client.settimeout(2)
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        assert eventually(lambda: echo_host.ended)

    def test_a_delay_is_added(self, link: TcpLink) -> None:
        """Once each way."""
        link.shape(delay_ms=100)
        with call(link) as client:
            began = time.monotonic()
            assert echoes(client, b"?")
            assert 0.2 <= time.monotonic() - began < 0.6

    def test_a_rate_is_kept(self, link: TcpLink) -> None:
        """8 kB at 20 kB/s take 0.4 s at least."""
        link.shape(bytes_per_s=20_000)
        with call(link) as client:
            began = time.monotonic()
            client.sendall(bytes(8000))
            assert len(receive(client, 8000)) == 8000
            assert time.monotonic() - began >= 0.4

    def test_loss_is_lateness_and_all_lost_is_silence(self, link: TcpLink) -> None:
        """TCP sends again what was lost; only a path that loses everything breaks."""
        link.shape(loss=0.3)
        with call(link) as client:
            assert all(echoes(client, bytes([number])) for number in range(4))
        link.shape(loss=1.0)
        with call(link) as client:
            client.sendall(b"?")
            client.settimeout(0.5)
            with pytest.raises((TimeoutError, ConnectionResetError)):
                client.recv(1)

    def test_a_host_that_is_not_there_refuses_through_the_link(self, link: TcpLink, echo_host: EchoHost) -> None:
        """The terminal sees what it would see without the link between."""
        echo_host.stop()
        # Reset in the handshake, at the first byte, or at the second: each is a refusal.
        with pytest.raises(ConnectionError), call(link) as client:
            client.sendall(b"?")
            client.recv(1)
            client.sendall(b"?")
            client.recv(1)

    def test_a_taken_port_is_told(self, link: TcpLink, emit: Callable[..., None]) -> None:
        """With the address."""
        host, port = link.address
        with pytest.raises(LinkError, match=f"cannot listen at .*{port}"):
            TcpLink("second", Options(listen=f"{host}:{port}", target="127.0.0.1:9"), emit)

    def test_the_end_of_one_direction_passes(self, link: TcpLink) -> None:
        """A half-closed connection still brings the answer."""
        with call(link) as client:
            client.sendall(b"bye")
            client.shutdown(socket.SHUT_WR)
            assert receive(client, 3) == b"bye"
            assert client.recv(1) == b""


def call(link: TcpLink) -> socket.socket:
    return socket.create_connection(link.address, timeout=5)


def receive(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (part := client.recv(count - len(data))):
        data += part
    return data


def echoes(client: socket.socket, data: bytes) -> bool:
    client.sendall(data)
    return receive(client, len(data)) == data
