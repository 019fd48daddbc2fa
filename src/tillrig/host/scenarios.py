"""What the test host can be told to do wrong, one frozen value a fault (host, Faults the host must be able to play).

Seconds and milliseconds are the terminal's: the host divides them by its time scale. `processed` says whether the host
decides and books the request before things go wrong: True is an answer that is lost, False a request that is lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from tillrig.errors import UsageError
from tillrig.host.messages import SERVED


class Scenario(msgspec.Struct, frozen=True, tag=True):
    """Base of all; serialises as JSON with its class name under `type`."""

    @property
    def name(self) -> str:
        """The class name."""
        return type(self).__name__


class Decline(Scenario, frozen=True, tag=True):
    """Answer with this F39. An approving code replaces 00 where the host approves by itself."""

    code: str


class Partial(Scenario, frozen=True, tag=True):
    """Approve this many fen only, with 10 (rules H24); ignored unless the request says it understands that (60.6)."""

    amount: int


class NoAnswer(Scenario, frozen=True, tag=True):
    """Read the request and say nothing; the connection stays open until the terminal closes it."""

    processed: bool = True


class Late(Scenario, frozen=True, tag=True):
    """Answer after so many seconds, whether the terminal still waits or not."""

    seconds: float


class Twice(Scenario, frozen=True, tag=True):
    """Send the answer two times in a row."""


class ForeignAnswer(Scenario, frozen=True, tag=True):
    """Send the answer to another terminal's message: other F11, F41, F42, MAC under another key."""


class WrongMac(Scenario, frozen=True, tag=True):
    """Field 64 of the answer is not its MAC."""


class MissingMac(Scenario, frozen=True, tag=True):
    """The answer has no field 64."""


class WrongField(Scenario, frozen=True, tag=True):
    """One field of the answer is another than it should be (`value`, or one the host makes up); the MAC is right."""

    field: int
    value: str | None = None


class WrongMti(Scenario, frozen=True, tag=True):
    """The answer has another message type; the MAC is right."""

    mti: str | None = None


class Truncated(Scenario, frozen=True, tag=True):
    """The answer breaks off before its last `missing` bytes, and the connection is closed."""

    missing: int = 20


class Garbage(Scenario, frozen=True, tag=True):
    """Instead of an answer, `size` bytes that are none; `framed` puts a right length before them."""

    size: int = 48
    framed: bool = True


class LyingLength(Scenario, frozen=True, tag=True):
    """The length before the answer is off by `difference`; then the connection is closed."""

    difference: int = 7


class RefuseConnection(Scenario, frozen=True, tag=True):
    """Nobody listens from now on: for so many seconds, or until `clear` (0). Whatever message comes."""

    seconds: float = 0


class ResetBeforeRequest(Scenario, frozen=True, tag=True):
    """The connection is reset as soon as it stands. Whatever message comes."""


class ResetAfterRequest(Scenario, frozen=True, tag=True):
    """The connection is reset once the request has been read."""

    processed: bool = False


class HalfOpen(Scenario, frozen=True, tag=True):
    """The host is gone without a word: the request is taken, nothing answered, and the terminal's close is not seen."""


class SlowBytes(Scenario, frozen=True, tag=True):
    """The answer comes byte by byte, `ms` apart."""

    ms: float = 20


class ProcessRequest(Scenario, frozen=True, tag=True):
    """The answer's header asks for 1 parameters, 2 state, 3 sign-in, 4 CAPK, 5 IC parameters or 6 TMS."""

    nibble: int


class BadKeyCheck(Scenario, frozen=True, tag=True):
    """A key in field 62 of the sign-in answer has a wrong check value."""

    key: Literal["pik", "mak", "tdk"] = "mak"


class SettlementSays(Scenario, frozen=True, tag=True):
    """The settlement answer's result digits, whatever the totals: 1 balanced, 2 not, 3 error.

    `foreign` 0: that digit as compared.
    """

    result: Literal[1, 2, 3]
    foreign: Literal[0, 1, 2, 3] = 0


AnyScenario = (
    Decline | Partial | NoAnswer | Late | Twice | ForeignAnswer | WrongMac | MissingMac | WrongField | WrongMti
    | Truncated | Garbage | LyingLength | RefuseConnection | ResetBeforeRequest | ResetAfterRequest | HalfOpen
    | SlowBytes | ProcessRequest | BadKeyCheck | SettlementSays
)  # fmt: skip
#: Played when a connection opens, before anybody knows which message will come.
AT_CONNECTION = (RefuseConnection, ResetBeforeRequest)


class Order(msgspec.Struct, frozen=True):
    """These scenarios together, for the next `count` messages of that name ("any": of whichever)."""

    scenarios: tuple[AnyScenario, ...]
    message: str = "any"
    count: int = 1


class ScenarioQueue:
    """Orders not yet played, first in first out per message. Not thread-safe; the host guards it."""

    def __init__(self) -> None:
        self._orders: deque[Order] = deque()

    @property
    def pending(self) -> tuple[Order, ...]:
        """What has not been played, in order, with the counts that are left."""
        return tuple(self._orders)

    def add(self, scenarios: Sequence[AnyScenario], message: str = "any", count: int = 1) -> Order:
        """Queue an order. Raises UsageError for an unknown message or a count below one."""
        if message not in (*SERVED, "any"):
            raise UsageError(f"no message is called {message!r}; use one of {', '.join(SERVED)} or any")
        if count < 1 or not scenarios:
            raise UsageError("a scenario is played at least once, and there is at least one")
        at_connection = [scenario for scenario in scenarios if isinstance(scenario, AT_CONNECTION)]
        if at_connection and len(scenarios) > 1:
            raise UsageError(f"{at_connection[0].name} happens before a message and goes with no other scenario")
        order = Order(tuple(scenarios), "any" if at_connection else message, count)
        self._orders.append(order)
        return order

    def clear(self) -> None:
        """Forget all orders."""
        self._orders.clear()

    def take(self, message: str) -> tuple[AnyScenario, ...]:
        """The scenarios of the next order for this message; () when there is none."""
        return self._take(lambda order: order.message in (message, "any") and not _at_connection(order))

    def take_for_connection(self, kind: type[Scenario]) -> tuple[AnyScenario, ...]:
        """The next order of this kind, which is played when a connection opens or before."""
        return self._take(lambda order: isinstance(order.scenarios[0], kind))

    def _take(self, wanted: Callable[[Order], bool]) -> tuple[AnyScenario, ...]:
        for index, order in enumerate(self._orders):
            if wanted(order):
                if order.count > 1:
                    self._orders[index] = msgspec.structs.replace(order, count=order.count - 1)
                else:
                    del self._orders[index]
                return order.scenarios
        return ()


def _at_connection(order: Order) -> bool:
    return isinstance(order.scenarios[0], AT_CONNECTION)
