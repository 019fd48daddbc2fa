"""Short constructors of expected fields, and the path that grows into a branch."""

from __future__ import annotations

import msgspec

from tillrig.reference.ledger import Ledger
from tillrig.steps import AnyStep, Branch, Field, FieldKind, Guard, Outcome, Screen, Symbol, Value


def field(
    name: str, kind: FieldKind, value: Value, requirement: str, *, prefix: str = "", money: bool = False
) -> Field:
    """A Field; an empty text counts as absent, as everywhere in the engine."""
    return Field(
        name=name,
        kind=kind,
        value=None if value == "" else value,
        requirement=requirement,
        prefix=prefix,
        money=money,
    )


def there(name: str, requirement: str) -> Field:
    """It must be there, whatever it holds."""
    return field(name, "presence", True, requirement)


def absent(requirement: str, *names: str) -> tuple[Field, ...]:
    """None of `names` may be there."""
    return tuple(field(name, "presence", None, requirement) for name in names)


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A branch under way: what was expected, and what became of the messages so far. Every step gives a new one.

    `exchanges` counts the messages of this action; it makes their symbols unique ("rrn#<action>.<exchange>").
    """

    ledger: Ledger
    names: tuple[str, ...] = ()
    steps: tuple[AnyStep, ...] = ()
    outcomes: tuple[tuple[str, Outcome, str], ...] = ()
    forbidden: tuple[AnyStep, ...] = ()
    exchanges: int = 0

    def then(self, *steps: AnyStep) -> Way:
        """Further steps are expected."""
        return msgspec.structs.replace(self, steps=(*self.steps, *steps))

    def told(self, message: str, outcome: Outcome, code: str = "*") -> Way:
        """The host's log says this of the next message."""
        return msgspec.structs.replace(self, outcomes=(*self.outcomes, (message, outcome, code)))

    def exchange(self) -> Way:
        """A new message begins; `mark` changes."""
        return msgspec.structs.replace(self, exchanges=self.exchanges + 1)

    @property
    def mark(self) -> str:
        """The unique part of the symbols of the message under way."""
        return f"{self.ledger.actions}.{self.exchanges}"

    def symbol(self, what: str) -> Symbol:
        """The symbol for `what` in the message under way."""
        return Symbol(f"{what}#{self.mark}")

    def named(self, name: str) -> Way:
        """Adds to the branch's name."""
        return msgspec.structs.replace(self, names=(*self.names, name))

    def never(self, *steps: AnyStep) -> Way:
        """What must not be seen in this branch."""
        return msgspec.structs.replace(self, forbidden=(*self.forbidden, *steps))

    def leaving(self, **changes: object) -> Way:
        """The ledger changes."""
        return msgspec.structs.replace(self, ledger=msgspec.structs.replace(self.ledger, **changes))

    def to_menu(self) -> Way:
        """Back at the main menu."""
        return self.then(Screen(kind="menu", requirement="MENU")).leaving(position="menu")

    def to_operator_prompt(self, requirement: str) -> Way:
        """Nobody is logged in: the operator prompt is shown."""
        prompt = Screen(kind="ask_operator", requirement=requirement)
        return self.then(prompt).leaving(position="operator_prompt", operator=None)

    def end(self) -> Branch:
        """The finished branch."""
        return Branch(
            name=", ".join(self.names) or "done",
            guard=Guard(outcomes=self.outcomes),
            steps=self.steps,
            ledger=self.ledger,
            forbidden=self.forbidden,
        )
