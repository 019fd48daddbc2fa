"""A serial line of the terminal: bytes paced to the baud rate, adapter latency, cable, noise, wrong speed."""

from __future__ import annotations

import random
from collections.abc import Callable

from tillrig.simulator.bench.clock import Clock, Timer

BITS_A_BYTE = 10
ADAPTER_LATENCY_S = (0.001, 0.002)
CHUNK_S = 0.002
HIGH_WATER = 4096


class Pacer:
    """One direction: hands bytes on no sooner than the last bit of each has passed, plus the adapter's latency."""

    def __init__(self, clock: Clock, rng: random.Random, baud: int, deliver: Callable[[bytes], None]) -> None:
        self._clock = clock
        self._rng = rng
        self._deliver = deliver
        self.baud = baud
        self._queue = bytearray()
        self._passed_at = 0.0
        self._timer: Timer | None = None

    @property
    def waiting(self) -> int:
        """Bytes that have not been delivered."""
        return len(self._queue)

    def push(self, data: bytes) -> None:
        """Put bytes on the line behind those already on it."""
        self._queue += data
        if self._queue and self._timer is None:
            self._passed_at = max(self._passed_at, self._clock.time())
            self._next()

    def clear(self) -> None:
        """Lose what is on the line."""
        self._queue.clear()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _next(self) -> None:
        byte_s = BITS_A_BYTE / self.baud
        count = min(len(self._queue), max(1, int(CHUNK_S / byte_s)))
        self._passed_at += count * byte_s
        self._timer = self._clock.call_at(self._passed_at + self._rng.uniform(*ADAPTER_LATENCY_S), self._arrive, count)

    def _arrive(self, count: int) -> None:
        data = bytes(self._queue[:count])
        del self._queue[:count]
        self._timer = None
        if self._queue:
            self._next()
        self._deliver(data)


def sampled(data: bytes, sent_at: int, read_at: int) -> bytes:
    """What a UART set to ``read_at`` baud makes of a burst sent at ``sent_at`` baud, 8N1; framing errors not marked."""
    levels: list[int] = []
    for byte in data:
        levels += [0, *(byte >> i & 1 for i in range(8)), 1]
    ratio = sent_at / read_at
    at, out = 0.0, bytearray()
    while True:
        start = next((i for i in range(int(at), len(levels)) if levels[i] == 0), None)
        if start is None:
            return bytes(out)
        begin = max(at, float(start))
        value = 0
        for bit in range(8):
            where = int(begin + (bit + 1.5) * ratio)
            value |= (levels[where] if where < len(levels) else 1) << bit
        out.append(value)
        at = begin + 9.5 * ratio


class SerialLine:
    """Both directions between a client's port and one UART of the terminal.

    ``to_client`` and ``to_terminal`` take delivered bytes; ``client_baud`` tells the speed the client has set.
    Noise is the share of bytes that arrive damaged, 0 to 1.
    """

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        baud: int,
        *,
        to_client: Callable[[bytes], None],
        to_terminal: Callable[[bytes], None],
        client_baud: Callable[[], int],
    ) -> None:
        self._rng = rng
        self._client_baud = client_baud
        self.baud = baud
        self.plugged = True
        self.noise = 0.0
        self._up = Pacer(clock, rng, baud, to_terminal)
        self._down = Pacer(clock, rng, baud, to_client)

    @property
    def congested(self) -> bool:
        """Whether the client should be made to wait."""
        return self._up.waiting > HIGH_WATER

    def from_client(self, data: bytes) -> None:
        """The client sent bytes."""
        speed = self._client_baud() or self.baud
        self._up.baud = min(speed, self.baud)
        self._push(self._up, data, speed, self.baud)

    def from_terminal(self, data: bytes) -> None:
        """The terminal sent bytes."""
        self._down.baud = self.baud
        self._push(self._down, data, self.baud, self._client_baud() or self.baud)

    def plug(self, in_: bool) -> None:
        """Cable in or out; what is on the line when it is pulled is lost."""
        self.plugged = in_
        if not in_:
            self.silence()

    def silence(self) -> None:
        """Lose everything on the line (cable, or the terminal lost its supply)."""
        self._up.clear()
        self._down.clear()

    def _push(self, pacer: Pacer, data: bytes, sent_at: int, read_at: int) -> None:
        if not self.plugged:
            return
        if sent_at != read_at:
            data = sampled(data, sent_at, read_at)
        if self.noise:
            data = bytes(b ^ self._rng.randint(1, 255) if self._rng.random() < self.noise else b for b in data)
        pacer.push(data)
