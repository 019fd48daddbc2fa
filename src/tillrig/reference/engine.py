"""The engine: what may follow an action, from what is known of the terminal. Pure; no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tillrig import actions
from tillrig.errors import UsageError
from tillrig.reference import facts, looking
from tillrig.reference.choosing import Exchange
from tillrig.reference.ecr_answers import ecr_answer
from tillrig.reference.fields import Way
from tillrig.reference.interrupting import interrupted
from tillrig.reference.ledger import Ledger, resolve
from tillrig.reference.sale import Plan, SaleFlow
from tillrig.reference.settling import SettleFlow
from tillrig.reference.signing import SignInFlow, SignOffFlow, power_on
from tillrig.reference.values import CardFacts, Conditions, Parameters
from tillrig.steps import Branch, HostMessage


class Engine:
    """Predicts one terminal. Holds only what never changes: its parameters and the lab's cards."""

    def __init__(self, parameters: Parameters, cards: Mapping[str, CardFacts]) -> None:
        self.parameters = parameters
        self.cards = dict(cards)

    def start(self) -> Ledger:
        """A terminal of which nothing is known."""
        return Ledger()

    def predict(
        self, ledger: Ledger, action: actions.AnyAction, conditions: Conditions | None = None
    ) -> tuple[Branch, ...]:
        """Every way `action` may end; never empty. Under the same conditions no log fits two of them.

        Raises UsageError for a card that is not in the lab's file, or an action that the terminal's position rules out.
        """
        way = Way(ledger=msgspec.structs.replace(ledger, actions=ledger.actions + 1))
        return tuple(self._branches(way, action, conditions or Conditions()))

    def resolve(self, ledger: Ledger, bindings: Mapping[str, str]) -> Ledger:
        """`ledger` with the symbols that `bindings` knows filled in."""
        return resolve(ledger, bindings)

    def adopt(self, ledger: Ledger, *told: facts.Fact) -> Ledger:
        """`ledger` with facts taken as true, in order."""
        return facts.adopt(ledger, told, self.cards, self.parameters)

    def interrupted(
        self,
        ledger: Ledger,
        action: actions.AnyAction,
        log: Sequence[Exchange] = (),
        conditions: Conditions | None = None,
    ) -> Ledger:
        """What can still be true after power was cut in the middle of `action`, of which `log` reached the host."""
        return interrupted(ledger, self.predict(ledger, action, conditions), log)

    def _branches(self, way: Way, action: actions.AnyAction, conditions: Conditions) -> Iterator[Branch]:
        parameters = self.parameters
        self._check_position(way.ledger, action)
        match action:
            case actions.PowerOn():
                yield from power_on(parameters, way, action)
            case actions.SignIn():
                yield from SignInFlow(parameters=parameters, conditions=conditions, action=action).branches(way)
            case actions.EcrSignIn():
                by_hand = actions.SignIn(
                    operator=action.operator,
                    password=action.password,
                    cancel_at=action.cancel_at,
                    idle_at=action.idle_at,
                )
                flow = SignInFlow(parameters=parameters, conditions=conditions, action=by_hand, by_ecr=True)
                yield from flow.branches(way)
            case actions.SignOff():
                yield from SignOffFlow(parameters=parameters, conditions=conditions, action=action).branches(way)
            case actions.Sale():
                plan = self._plan(action, action.pins or (action.pin,), None)
                yield from SaleFlow(parameters=parameters, conditions=conditions, plan=plan).branches(way)
            case actions.EcrSale():
                yield from self._ecr_sale(way, action, conditions)
            case actions.EcrHeartbeat():
                yield from looking.heartbeat(way)
            case actions.Reprint():
                yield from looking.reprint(parameters, conditions, way, action)
            case actions.Settle():
                yield from SettleFlow(parameters=parameters, conditions=conditions, action=action).branches(way)
            case actions.ShowVersion():
                yield from looking.show_version(parameters, way)
            case actions.Console():
                yield from looking.console(parameters, way, action)
            case actions.Sleep():
                yield from looking.sleep(way)

    def _ecr_sale(self, way: Way, action: actions.EcrSale, conditions: Conditions) -> Iterator[Branch]:
        plan = self._plan(action, (action.pin,), action)
        order = next((order for order in way.ledger.orders if order.number == action.order), None)
        if order is not None:
            yield from looking.repeated_order(self.parameters, self.cards, way, action, order)
        elif way.ledger.position == "operator_prompt":
            way = way.named("nobody signed in").then(ecr_answer("sale", "ECR-SALE", "C3"))
            yield way.never(HostMessage(message="sale", requirement="ECR-SALE")).end()
        else:
            yield from SaleFlow(parameters=self.parameters, conditions=conditions, plan=plan).branches(way)

    def _plan(
        self, action: actions.Sale | actions.EcrSale, pins: tuple[actions.Secret, ...], ecr: actions.EcrSale | None
    ) -> Plan:
        card = self.cards.get(action.card)
        if card is None:
            raise UsageError(f"no card {action.card!r} in the lab's cards file: {', '.join(sorted(self.cards))}")
        if not card.reads(action.entry):
            raise UsageError(f"card {action.card!r} cannot be read by {action.entry}")
        if not 1 <= action.amount <= 9_999_999_999:
            raise UsageError(f"{action.amount} fen cannot be keyed: one fen to ten digits (terminal, Amount entry)")
        return Plan(
            amount=action.amount,
            card=card,
            entry=action.entry,
            pins=pins,
            cancel_at=action.cancel_at,
            idle_at=action.idle_at,
            ecr=ecr,
        )

    @staticmethod
    def _check_position(ledger: Ledger, action: actions.AnyAction) -> None:
        kind = type(action).__name__
        if ledger.position == "dark" and not isinstance(action, actions.PowerOn):
            raise UsageError(f"{kind} needs a terminal that is on; power it on first")
        by_menu = (actions.Sale, actions.SignOff, actions.Settle, actions.Reprint, actions.ShowVersion)
        if isinstance(action, by_menu) and ledger.position == "operator_prompt":
            raise UsageError(f"{kind} needs the main menu, the terminal is at the operator prompt; sign in first")
