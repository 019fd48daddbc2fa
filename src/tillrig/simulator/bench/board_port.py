"""The relay board on its serial port: finds frames, answers them, and the ways in which a board fails."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal, get_args

from tillrig.simulator.bench.board import RelayBoard
from tillrig.simulator.bench.clock import Clock, Timer
from tillrig.simulator.bench.line import sampled
from tillrig.simulator.bench.rtu import BROADCAST, Framer, frame, is_whole

UNIT, BAUD = 1, 115200
SILENCE_S = 0.005
SLOW_S = 0.4

BoardState = Literal["ok", "dead", "garbage", "slow"]
BOARD_STATES: tuple[BoardState, ...] = get_args(BoardState)


class BoardPort:
    """Slave side of the serial line. ``write`` sends to the client, ``client_baud`` tells the speed it has set."""

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        board: RelayBoard,
        write: Callable[[bytes], None],
        client_baud: Callable[[], int],
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._board = board
        self._write = write
        self._client_baud = client_baud
        self._framer = Framer()
        self._quiet: Timer | None = None
        self.state: BoardState = "ok"

    def fail(self, state: BoardState) -> None:
        """Set how the board behaves from now on; a dead board has lost its supply, so its relays drop out."""
        self.state = state
        if state == "dead":
            self._framer.silence()
            self._board.release_all(self._clock.time())

    def received(self, data: bytes) -> None:
        """Bytes came from the client."""
        if self.state == "dead":
            return
        speed = self._client_baud() or BAUD
        if speed != BAUD:
            data = sampled(data, speed, BAUD)
        self._obey(self._framer.feed(data))
        if self._quiet:
            self._quiet.cancel()
            self._quiet = None
        if self._framer.pending:
            self._quiet = self._clock.call_at(self._clock.time() + SILENCE_S, self._silence)

    def _silence(self) -> None:
        self._quiet = None
        self._obey(self._framer.silence())

    def _obey(self, requests: list[bytes]) -> None:
        for request in requests:
            if not is_whole(request) or request[0] not in (UNIT, BROADCAST):
                continue
            answer = self._board.request(request[1:-2])
            if request[0] == BROADCAST:
                continue
            if self.state == "garbage":
                self._write(self._rng.randbytes(self._rng.randint(3, 12)))
            elif self.state == "slow":
                self._clock.call_at(self._clock.time() + SLOW_S, self._write, frame(UNIT, answer))
            else:
                self._write(frame(UNIT, answer))
