"""Plays a terminal that does exactly what the chosen branch says, so that ledgers of whole sessions can be examined."""

from __future__ import annotations

import msgspec

from tillrig.actions import AnyAction
from tillrig.reference import Conditions, Engine, Exchange, Ledger, choose, lookup
from tillrig.steps import AnyStep, Branch, Field, HostMessage, Screen, Slip, Symbol

#: What the host puts into an approved answer, besides the running numbers.
ANSWER = {
    "F12": "112233",
    "F13": "1120",
    "F44": "01050000   00010000   ",
    "F63": "CUP建设银行            ",
}


class Walk:
    """A ledger and the log of what the host saw; `do` lets the branch happen whose guard fits `log`."""

    def __init__(self, engine: Engine, ledger: Ledger) -> None:
        self.engine = engine
        self.ledger = ledger
        self.counter = 0
        self.sent: list[tuple[HostMessage, dict[str, str]]] = []
        self.branch: Branch | None = None
        self.bindings: dict[str, str] = {}

    def do(self, action: AnyAction, *log: tuple[str, str, str], conditions: Conditions | None = None) -> Branch:
        """`log` (message, outcome, code) per send; must fit a branch exactly."""
        branches = self.engine.predict(self.ledger, action, conditions)
        exchanges = [Exchange(*entry) for entry in log]  # type: ignore[arg-type]
        chosen = choose(branches, exchanges)
        assert chosen.exact, f"{log} fits none of {[branch.name for branch in branches]}"
        return self.follow(chosen.branch, exchanges)

    def follow(self, branch: Branch, log: list[Exchange]) -> Branch:
        """`branch` happens: its symbols get values, its ledger becomes the current one."""
        self.bindings = self.bind(branch, log)
        assert isinstance(branch.ledger, Ledger)
        self.ledger = self.engine.resolve(branch.ledger, self.bindings)
        self.branch = branch
        return branch

    def bind(self, branch: Branch, log: list[Exchange]) -> dict[str, str]:
        """Every symbol that a host message of `branch` settles."""
        bindings: dict[str, str] = {}
        codes = [(exchange.message, exchange.code) for exchange in log]
        for step in branch.steps:
            if not isinstance(step, HostMessage):
                continue
            at = next((n for n, (name, _) in enumerate(codes) if name == step.message), None)
            code = codes.pop(at)[1] if at is not None else "00"
            seen = self._seen(step, code, bindings)
            self.sent.append((step, seen))
            for bind in step.binds:
                bindings[bind.symbol.name] = bind.value(lambda name, seen=seen: lookup(seen, name))
        return bindings

    def _seen(self, step: HostMessage, code: str, bindings: dict[str, str]) -> dict[str, str]:
        self.counter += 1
        request: dict[str, str] = {"F11": f"{500_000 + self.counter:06d}", "F60.2": "000001"}
        for field in step.fields:
            text = text_of(field, bindings)
            if text is not None:
                request[field.name] = text
        request |= {"F55.95": "0000008000", "F55.9F36": f"{self.counter:04X}", "F55.9F26": f"{self.counter:016X}"}
        answer = ANSWER | {
            "F37": f"112233{self.counter:06d}",
            "F38": f"{100000 + self.counter}",
            "F39": code,
            "F4": "000000000900" if code == "10" else request.get("F4", ""),
            "F60.2": "000000",
            "F48": "0" * 30 + code[:1] + "0" * 30 + code[1:2],
        }
        return request | {f"answer.{name}": value for name, value in answer.items()}


def text_of(field: Field, bindings: dict[str, str]) -> str | None:
    """The text that a field of a request must have."""
    value = field.value.value(bindings) if isinstance(field.value, Symbol) else field.value
    if value is None or isinstance(value, bool):
        return None
    return f"{value:012d}" if field.kind == "amount" else str(value)


def screens(branch: Branch, *, certain: bool = True) -> list[str]:
    """Kinds of the screens in order; with `certain`, only those that must be seen."""
    return [step.kind for step in branch.steps if isinstance(step, Screen) and not (certain and step.optional)]


def messages(branch: Branch) -> list[str]:
    """Names of the messages that must reach the host."""
    return [step.message for step in branch.steps if isinstance(step, HostMessage)]


def message(branch: Branch, name: str, number: int = 0) -> HostMessage:
    """The message of that name."""
    return [step for step in branch.steps if isinstance(step, HostMessage) and step.message == name][number]


def screen(branch: Branch, kind: str, number: int = 0) -> Screen:
    """The screen of that kind."""
    return [step for step in branch.steps if isinstance(step, Screen) and step.kind == kind][number]


def slips(branch: Branch) -> list[Slip]:
    """The slips in order."""
    return [step for step in branch.steps if isinstance(step, Slip)]


def fields(step: AnyStep) -> dict[str, object]:
    """Expected values by name."""
    return {field.name: field.value for field in step.fields}


def shown_text(branch: Branch, kind: str = "result") -> str:
    """The key of the text on the last screen of that kind."""
    shown = [step for step in branch.steps if isinstance(step, Screen) and step.kind == kind][-1]
    text = next(field for field in shown.fields if field.name == "text")
    return f"{text.prefix}{text.value.name if isinstance(text.value, Symbol) else text.value}"


def forbidden(branch: Branch) -> dict[str, str]:
    """What must not be seen, by name, and the requirement that its presence breaks."""
    names = {}
    for step in branch.forbidden:
        name = {Screen: "kind", HostMessage: "message", Slip: "copy"}[type(step)]
        names[getattr(step, name)] = step.requirement
    return names


def with_ledger(ledger: Ledger, **changes: object) -> Ledger:
    return msgspec.structs.replace(ledger, **changes)
