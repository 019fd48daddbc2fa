"""The terminals this host knows: registration, keys, batch and what has been seen of each."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tillrig.host.keys import DEFAULT_TMK, MakForm, WorkingKeys, make

FIRST_BATCH = "000001"
_LAST_BATCH = 999_999


class Registration(msgspec.Struct, frozen=True):
    """A terminal that the acquirer has registered: its merchant number and master key."""

    mid: str
    tmk: bytes = DEFAULT_TMK

    def __repr__(self) -> str:
        return f"Registration({self.mid})"


class TerminalPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Who may call. `open_unknown`: an unknown terminal is opened on first sight with the default master key, and
    terminal and merchant number then always pass (rules H28). `mak_form`: length of the MAC key among double keys.
    """

    open_unknown: bool = True
    registered: Mapping[str, Registration] = {}
    default_tmk: bytes = DEFAULT_TMK
    mak_form: MakForm = "single"
    seed: str = "tillrig"
    first_batch: str = FIRST_BATCH

    def __repr__(self) -> str:
        return f"TerminalPolicy(open_unknown={self.open_unknown}, registered={list(self.registered)})"


class Terminal:
    """One terminal's state at the host."""

    def __init__(self, tid: str, registration: Registration, batch: str) -> None:
        self.tid = tid
        self.mid = registration.mid
        self.tmk = registration.tmk
        self.batch = batch
        self.keys: WorkingKeys | None = None
        self.sign_ins = 0
        self.seen: set[tuple[str, str]] = set()
        self.closed: set[str] = set()

    def next_batch(self) -> None:
        """Close the current batch; 999999 is followed by 000001."""
        self.closed.add(self.batch)
        number = int(self.batch)
        self.batch = FIRST_BATCH if number == _LAST_BATCH else f"{number + 1:06d}"


class Terminals:
    """All terminals, by terminal number."""

    def __init__(self, policy: TerminalPolicy) -> None:
        self.policy = policy
        self._terminals = {
            tid: Terminal(tid, registration, policy.first_batch) for tid, registration in policy.registered.items()
        }

    def find(self, tid: str) -> Terminal | None:
        """A terminal already known."""
        return self._terminals.get(tid)

    def admit(self, tid: str, mid: str) -> tuple[Terminal | None, str]:
        """The terminal and "", or why not: 97 for an unknown terminal, 03 for another merchant's number."""
        terminal = self._terminals.get(tid)
        if terminal is None:
            if not self.policy.open_unknown:
                return None, "97"
            terminal = Terminal(tid, Registration(mid, self.policy.default_tmk), self.policy.first_batch)
            self._terminals[tid] = terminal
        if terminal.mid != mid and tid in self.policy.registered:
            return terminal, "03"
        return terminal, ""

    def sign_in(self, terminal: Terminal, network: str) -> WorkingKeys:
        """New working keys for a terminal; those before are forgotten."""
        terminal.sign_ins += 1
        policy = self.policy
        terminal.keys = make(policy.seed, terminal.tid, terminal.sign_ins, network, policy.mak_form)
        return terminal.keys
