"""The test host as its users see it: started and stopped, told what to do wrong, asked what it has booked."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from tillrig.errors import HostPortError, InconclusiveError, RigError, UsageError
from tillrig.host import accounts, delivery
from tillrig.host.accounts import Account
from tillrig.host.bank import Limits
from tillrig.host.decisions import Acquirer
from tillrig.host.ledger import Ledger, Settlement
from tillrig.host.listener import Listener, refusal
from tillrig.host.records import HostEvent
from tillrig.host.scenarios import AnyScenario, Order, RefuseConnection
from tillrig.host.server import Connection, Desk
from tillrig.host.terminals import TerminalPolicy

#: How long starting and stopping may take, and how many events are kept for `wait_for`.
BOUND = 10.0
KEPT = 2000


class TestHost:
    """An acquirer on a TCP port, in a thread of its own. Every method may be called from any thread.

    listen      address:port; port 0 takes a free one
    cards       accounts by name, or the path of a cards file
    terminals   who may call, and with which master key
    time_scale  delays of scenarios are divided by it
    clock       the host's date and time
    record      called with every event, in the host's thread; it must return soon
    Raises HostPortError from `start` when the address cannot be had, SuiteError for a wrong cards file.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    def __init__(
        self,
        listen: str = "127.0.0.1:0",
        *,
        cards: Mapping[str, Account] | str | Path,
        terminals: TerminalPolicy | None = None,
        limits: Limits | None = None,
        time_scale: float = 1.0,
        clock: Callable[[], datetime] = datetime.now,
        record: Callable[[HostEvent], None] | None = None,
        swap_tpdu: bool = True,
    ) -> None:
        if not 0 < time_scale < math.inf:
            raise UsageError(f"time scale {time_scale} is no number above zero")
        self._listen = _address(listen)
        known = accounts.load(cards) if isinstance(cards, str | Path) else cards
        self._acquirer = Acquirer(known, terminals or TerminalPolicy(), limits or Limits())
        self._options = {"time_scale": time_scale, "clock": clock, "swap_tpdu": swap_tpdu}
        self._record = record
        self._events: deque[HostEvent] = deque(maxlen=KEPT)
        self._news = threading.Condition()
        self._desk = self._make_desk()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._bound_to = ("", 0)
        self._failure: BaseException | None = None
        self._make_signals()

    def _make_signals(self) -> None:
        """Events that belong to one run of the loop."""
        self._desk.stopping = asyncio.Event()
        self._resume = asyncio.Event()
        self._refusing = asyncio.Event()
        self._refused = threading.Event()

    def _make_desk(self) -> Desk:
        return Desk(self._acquirer, record=self._note, **self._options)  # type: ignore[arg-type]

    def start(self) -> TestHost:
        """Listen; returns when a terminal can call. Books and scenarios outlive `stop` and `start`."""
        if self._thread is not None:
            raise UsageError("the test host is already running")
        self._ready.clear()
        self._failure = None
        self._thread = threading.Thread(target=self._run, name="tillrig-host", daemon=True)
        self._thread.start()
        if not self._ready.wait(BOUND):
            raise RigError(f"the test host did not start within {BOUND:g} s")
        if self._failure is not None:
            self._thread.join(BOUND)
            self._thread = None
            host, port = self._listen
            reason = getattr(self._failure, "strerror", None) or self._failure
            raise HostPortError(
                f"the test host cannot listen on {host}:{port}: {reason}; free the port or choose another"
            ) from self._failure
        return self

    def stop(self) -> None:
        """Close every connection and the port. Raises RigError when the host had failed in between. Idempotent."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._call(self._desk.stopping.set)
        thread.join(BOUND)
        if thread.is_alive():
            raise RigError(f"the test host did not stop within {BOUND:g} s")
        self.check()

    def check(self) -> None:
        """Raise RigError if something inside the host has failed."""
        if self._failure is not None:
            raise RigError(f"the test host failed: {self._failure!r}") from self._failure

    def __enter__(self) -> TestHost:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """address:port where it listens."""
        return f"{self._bound_to[0]}:{self._bound_to[1]}"

    @property
    def running(self) -> bool:
        """Between `start` and `stop`."""
        return self._thread is not None

    # What it is told to do

    def play(self, *scenarios: AnyScenario, message: str = "any", count: int = 1) -> Order:
        """Play these scenarios together at each of the next `count` messages of that name. Raises UsageError."""
        for scenario in scenarios:
            delivery.validate(scenario, message)
        with self._desk.lock:
            order = self._desk.scenarios.add(scenarios, message, count)
        if isinstance(scenarios[0], RefuseConnection):
            self._refuse()
        return order

    @property
    def scenarios(self) -> tuple[Order, ...]:
        """Orders not played yet."""
        with self._desk.lock:
            return self._desk.scenarios.pending

    def clear(self) -> None:
        """Forget all scenarios, and listen again if callers were refused."""
        with self._desk.lock:
            self._desk.scenarios.clear()
        self._call(self._resume.set)

    def reset_card(self, name: str | None = None) -> None:
        """Unblock the PIN and forget the small amounts of one card or of all (rules H28: until the tester resets)."""
        with self._desk.lock:
            self._acquirer.bank.reset(name)

    def set_balance(self, name: str, fen: int) -> int:
        """Give a card another balance; returns the difference in fen, which is no booking."""
        with self._desk.lock:
            return self._acquirer.bank.set_balance(name, fen)

    # What it knows

    @property
    def ledger(self) -> Ledger:
        """The books at this moment."""
        with self._desk.lock:
            return self._acquirer.ledger

    def balance(self, name: str) -> int:
        """Fen on a card's account."""
        with self._desk.lock:
            return self._acquirer.bank.balance(name)

    def pin_tries(self, name: str) -> int:
        """Wrong PINs of a card in a row so far."""
        with self._desk.lock:
            return self._acquirer.bank.pin_tries(name)

    def batch(self, tid: str) -> str | None:
        """The terminal's open batch at the host; None for a terminal that never called."""
        with self._desk.lock:
            terminal = self._acquirer.terminals.find(tid)
            return terminal.batch if terminal else None

    def expected_settlement(self, tid: str, batch: str | None = None) -> Settlement:
        """What the totals of a batch (the open one) must be, by the host's books."""
        with self._desk.lock:
            terminal = self._acquirer.terminals.find(tid)
            open_batch = terminal.batch if terminal else self._acquirer.terminals.policy.first_batch
            return self._acquirer.ledger.settlement(tid, batch or open_batch)

    @property
    def events(self) -> tuple[HostEvent, ...]:
        """The latest events, oldest first."""
        with self._news:
            return tuple(self._events)

    def wait_for(self, predicate: Callable[[HostEvent], bool], timeout: float) -> HostEvent:
        """The first event, past or to come, that satisfies `predicate`. Raises InconclusiveError after `timeout` s."""
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                found = next((event for event in self._events if predicate(event)), None)
                if found is not None:
                    return found
                left = deadline - time.monotonic()
                if left <= 0 or not self._news.wait(left):
                    last = type(self._events[-1]).__name__ if self._events else "nothing"
                    raise InconclusiveError(f"no such event at the host within {timeout:g} s; last seen: {last}")

    # The thread

    def _note(self, event: HostEvent) -> None:
        with self._news:
            self._events.append(event)
            self._news.notify_all()
        if self._record is not None:
            self._record(event)

    def _call(self, action: Callable[[], object]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(action)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except Exception as error:  # noqa: BLE001 - raised again by start, check or stop in the caller's thread
            self._failure = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        desk = self._desk
        self._make_signals()
        self._loop = asyncio.get_running_loop()
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                await Connection(desk, reader, writer).serve()
            except asyncio.CancelledError:
                pass
            except Exception as error:  # noqa: BLE001 - a failure of the host must reach its owner, not stderr
                self._failure = error
            finally:
                tasks.discard(task)
                writer.close()

        listener = Listener(*self._listen, serve)
        await listener.open()
        self._bound_to = self._listen = listener.address
        self._ready.set()
        doorkeeper = asyncio.create_task(self._keep_door(listener))
        await desk.stopping.wait()
        listener.close()
        doorkeeper.cancel()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(doorkeeper, *tasks, return_exceptions=True)

    # Refusing callers

    def _refuse(self) -> None:
        """Returns once callers are refused."""
        if self.running:
            self._refused.clear()
            self._call(self._refusing.set)
            if not self._refused.wait(BOUND):
                raise RigError(f"the test host did not stop listening within {BOUND:g} s")

    async def _keep_door(self, listener: Listener) -> None:
        """Refuse callers when told to, and take them again after the time or at `clear`."""
        desk = self._desk
        while True:
            with desk.lock:
                order = refusal(desk.scenarios)
            if order is None:
                await self._refusing.wait()
                self._refusing.clear()
                continue
            self._resume.clear()
            await listener.refuse()
            self._refused.set()
            await self._until_resumed(order.seconds)
            await listener.open()

    async def _until_resumed(self, seconds: float) -> None:
        bound = seconds / self._desk.time_scale if seconds else None
        try:
            await asyncio.wait_for(self._resume.wait(), bound)
        except TimeoutError:
            return


def _address(listen: str) -> tuple[str, int]:
    host, separator, port = listen.rpartition(":")
    if not separator or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"{listen!r} is not address:port")
    return host.strip("[]") or "127.0.0.1", int(port)
