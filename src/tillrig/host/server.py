"""The host's connections: one asyncio task each, all in one thread. Decides nothing itself."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Any

from tillrig.host import delivery
from tillrig.host.decisions import Acquirer, Examination, Outcome
from tillrig.host.delivery import Delivery
from tillrig.host.masking import hide, masked_bytes
from tillrig.host.messages import name_of
from tillrig.host.records import HostBroken, HostConnected, HostEvent, HostExchange, HostRequest
from tillrig.host.scenarios import AnyScenario, ResetBeforeRequest, ScenarioQueue
from tillrig.protocols.iso8583 import Iso8583Error, Message, decode

Record = Callable[[HostEvent], None]


class Desk:
    """What connections share. `lock` guards acquirer and scenarios against the facade's callers."""

    def __init__(
        self, acquirer: Acquirer, *, time_scale: float, clock: Callable[[], datetime], record: Record, swap_tpdu: bool
    ) -> None:
        self.acquirer = acquirer
        self.scenarios = ScenarioQueue()
        self.lock = Lock()
        self.time_scale = time_scale
        self.clock = clock
        self.record = record
        self.swap_tpdu = swap_tpdu
        self.idle = 180.0
        self.stopping = asyncio.Event()
        self._connections = 0
        self._exchanges = 0

    def next_connection(self) -> int:
        """Number of a new connection."""
        self._connections += 1
        return self._connections

    def next_exchange(self) -> int:
        """Number of a new exchange."""
        self._exchanges += 1
        return self._exchanges

    async def pause(self, seconds: float) -> None:
        """Let so many of the terminal's seconds pass, or less when the host stops."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds / self.time_scale)


class Connection:
    """One connection of a terminal."""

    def __init__(self, desk: Desk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._desk = desk
        self._reader = reader
        self._writer = writer
        self._number = desk.next_connection()
        host, port = writer.get_extra_info("peername", ("?", 0))[:2]
        self._peer = f"{host}:{port}"

    async def serve(self) -> None:
        """Answer requests until the connection ends (rules H2: a terminal sends one)."""
        desk = self._desk
        desk.record(HostConnected(connection=self._number, at=time.monotonic(), peer=self._peer))
        with desk.lock:
            at_once = desk.scenarios.take_for_connection(ResetBeforeRequest)
        if at_once:
            self._reset()
            self._broken(b"", "reset before the request", at_once)
            return
        served = 0
        while True:
            frame, why = await self._frame()
            if why:
                if frame or not served:
                    self._broken(frame, why)
                break
            served += 1
            sent = await self._exchange(frame)
            if not await self._goes_on(sent):
                break
        self._writer.close()

    async def _goes_on(self, sent: Delivery) -> bool:
        """What happens to the connection after an exchange; whether another request may come over it."""
        if sent.ending == "reset":
            self._reset()
        elif sent.ending == "hold":
            await self._desk.stopping.wait()
        elif sent.ending == "wait" and not sent.payload:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(self._desk.idle):
                    while await self._reader.read(4096):
                        pass
        return sent.ending == "wait" and bool(sent.payload)

    async def _frame(self) -> tuple[bytes, str]:
        """One frame with its length and "", or what came of it and why there is no more."""
        got = bytearray()
        try:
            async with asyncio.timeout(self._desk.idle):
                while len(got) < 2 or len(got) < 2 + int.from_bytes(got[:2], "big"):
                    wanted = 2 if len(got) < 2 else 2 + int.from_bytes(got[:2], "big")
                    part = await self._reader.read(wanted - len(got))
                    if not part:
                        return bytes(got), "closed by the terminal"
                    got += part
        except TimeoutError:
            return bytes(got), f"idle for {self._desk.idle:g} s"
        except OSError as error:
            return bytes(got), f"broken: {error.strerror or error}"
        return bytes(got), ""

    async def _exchange(self, frame: bytes) -> Delivery:
        desk = self._desk
        arrived = time.monotonic()
        message, error = _read(frame)
        name = name_of(message) if message else "unreadable"
        seq = desk.next_exchange()
        stan = message.fields.get(11, "") if message else ""
        desk.record(HostRequest(seq=seq, connection=self._number, at=arrived, name=name, stan=stan))
        outcome: Outcome | None = None
        seen = Examination(name=name)
        with desk.lock:
            scenarios = desk.scenarios.take(name)
            processed = message is not None and delivery.is_processed(scenarios)
            if message is not None and error is None:
                seen = desk.acquirer.examine(message)
            if message is not None and processed:
                now = desk.clock()
                outcome = (
                    desk.acquirer.decide(message, seen, delivery.wish(scenarios), now)
                    if error is None
                    else desk.acquirer.unreadable(message, now)
                )
        sent = delivery.silence(scenarios) or Delivery(ending="close")
        if message is not None and outcome is not None and delivery.silence(scenarios) is None:
            sent = delivery.answer(message, outcome, scenarios, desk.swap_tpdu)
        handed_over, gone = await self._send(sent)
        desk.record(
            HostExchange(
                seq=seq,
                connection=self._number,
                at_request=arrived,
                at_answer=time.monotonic() if handed_over else None,
                peer=self._peer,
                raw=masked_bytes(message, frame, name),
                processed=processed and error is None,
                scenarios=scenarios,
                answer_sent=handed_over,
                answer_complete=handed_over and sent.whole,
                peer_closed=gone,
                notes=seen.notes + (outcome.notes if outcome else ()),
                **_of_request(message, seen, outcome, error),
                **_of_answer(name, outcome, sent),
            )
        )
        return sent

    async def _send(self, sent: Delivery) -> tuple[bool, bool]:
        """Whether all bytes were handed over, and whether the terminal had closed before."""
        if not sent.payload:
            return False, False
        if sent.delay:
            await self._desk.pause(sent.delay)
        gone = self._reader.at_eof()
        try:
            if sent.gap:
                for byte in sent.payload:
                    self._writer.write(bytes((byte,)))
                    await self._writer.drain()
                    await self._desk.pause(sent.gap)
            else:
                self._writer.write(sent.payload)
                await self._writer.drain()
        except OSError:
            return False, True
        return not self._writer.is_closing(), gone

    def _reset(self) -> None:
        """Close so that the terminal sees a reset, not an end."""
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def _broken(self, frame: bytes, why: str, scenarios: tuple[AnyScenario, ...] = ()) -> None:
        self._desk.record(
            HostBroken(
                connection=self._number,
                at=time.monotonic(),
                peer=self._peer,
                received=len(frame),
                reason=why,
                raw=masked_bytes(None, frame, ""),
                scenarios=scenarios,
            )
        )


def _read(frame: bytes) -> tuple[Message | None, Iso8583Error | None]:
    try:
        return decode(frame), None
    except Iso8583Error as error:
        return error.partial, error


def _of_request(
    message: Message | None, seen: Examination, outcome: Outcome | None, error: Iso8583Error | None
) -> dict[str, Any]:
    parts: dict[str, Any] = {"name": seen.name}
    if message is not None:
        parts |= {
            "mti": message.mti,
            "tpdu": message.tpdu,
            "header": message.header,
            "fields": hide(seen.name, message.fields),
            "pads": {str(number): value.pad for number, value in message.values.items() if value.pad},
            "mac_ok": seen.mac_ok,
            "pin_ok": seen.pin_ok,
            "card": seen.account.name if seen.account else "",
            "format_errors": seen.format_errors + (outcome.defects if outcome else ()),
        }
    if error is not None:
        parts |= {"error": error.text, "error_offset": error.offset}
    return parts


def _of_answer(name: str, outcome: Outcome | None, sent: Delivery) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "decision": outcome.code if outcome else None,
        "booked": outcome.booked if outcome else 0,
        "answer_mti": sent.mti,
        "answer_header": sent.header,
    }
    if sent.fields is not None:
        parts["answer"] = hide(name, dict(sorted(sent.fields.items())))
        parts["answer_raw"] = _masked_answer(sent, name)
    return parts


def _masked_answer(sent: Delivery, name: str) -> str:
    message, _ = _read(sent.payload)
    return masked_bytes(message, sent.payload, name)
