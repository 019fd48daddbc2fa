"""The serial lines of an action: the cash register's request and its answer, a console command and its answer."""

from __future__ import annotations

import time

import msgspec

from tillrig.actions import Action, Console, EcrHeartbeat, EcrSale, EcrSignIn
from tillrig.console import ConsoleClient
from tillrig.ecr import EcrClient
from tillrig.errors import BlockedError
from tillrig.masking import Masker
from tillrig.observations import ConsoleSeen, EcrSeen
from tillrig.session.bench import Bench


class Lines:
    """Clients of both lines, opened when first used."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._ecr: EcrClient | None = None
        self._console: ConsoleClient | None = None
        self._found: list[EcrSeen | ConsoleSeen] = []
        self._deadline = 0.0

    @property
    def console(self) -> ConsoleClient:
        """Raises BlockedError on a rig without a console line."""
        if self._console is None:
            line = self._bench.rig.lines.get("console")
            if line is None:
                raise BlockedError(f"the rig {self._bench.rig.name} has no console line")
            self._console = ConsoleClient(line, self._bench.timeline)
        return self._console

    @property
    def ecr(self) -> EcrClient:
        """Raises BlockedError on a rig without a cash-register line."""
        if self._ecr is None:
            line = self._bench.rig.lines.get("ecr")
            if line is None:
                raise BlockedError(f"the rig {self._bench.rig.name} has no cash-register line (ecr)")
            self._ecr = EcrClient(line, self._bench.timeline, self._bench.profile.ecr)
        return self._ecr

    def start(self, action: Action) -> None:
        """Send what sets `action` off; a console command is answered when this returns."""
        self._found.clear()
        if isinstance(action, Console):
            answer = self.console.ask(action.command, time.monotonic() + 5.0)
            self._found.append(answer)
        elif isinstance(action, EcrHeartbeat):
            self.ecr.send("heartbeat")
        elif isinstance(action, EcrSignIn):
            self.ecr.send("signin")
        elif isinstance(action, EcrSale):
            self.ecr.send("sale", order=action.order, amount=action.amount)

    def point(self, action: Action) -> str:
        """Where the answer to `action` is observed; "" when no line answers it."""
        functions = {EcrHeartbeat: "heartbeat", EcrSignIn: "signin", EcrSale: "sale"}
        function = functions.get(type(action))
        return f"ecr.{function}" if function else ""

    def answered(self, action: Action) -> bool:
        """Whether the line has said what it must say of `action`."""
        if isinstance(action, EcrHeartbeat | EcrSale | EcrSignIn):
            return self.ecr.answered
        return True

    def observations(self) -> list[EcrSeen | ConsoleSeen]:
        """What came, once."""
        found, self._found = self._found, []
        if self._ecr is not None:
            found.extend(self._ecr.take())
        masker = self._bench.masker
        return [_masked(one, masker) for one in found]


def _masked(one: EcrSeen | ConsoleSeen, masker: Masker) -> EcrSeen | ConsoleSeen:
    """Texts masked, and what they exposed noted."""
    exposed = masker.exposed(*one.fields.values(), getattr(one, "text", ""))
    fields = {name: masker.text(text) for name, text in one.fields.items()}
    if isinstance(one, EcrSeen):
        return msgspec.structs.replace(one, fields=fields, exposed=exposed)
    return msgspec.structs.replace(one, fields=fields, text=masker.text(one.text), exposed=exposed)
