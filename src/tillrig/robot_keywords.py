"""The keywords that operate the terminal; `robot_library.Till` adds the attempt around them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Literal

from robot.api.deco import keyword

from tillrig import actions, suite_attempts
from tillrig.errors import UsageError
from tillrig.host.scenarios import Scenario
from tillrig.session import Outcome


class Yuan(int):
    """An amount in fen, written in yuan ("12.34") in a suite."""

    @classmethod
    def parse(cls, text: str) -> Yuan:
        try:
            fen = Decimal(text) * 100
        except InvalidOperation:
            raise ValueError(f"'{text}' is no amount; write yuan, such as 12.34") from None
        if fen != fen.to_integral_value() or fen < 0:
            raise ValueError(f"'{text}' is no amount of whole fen")
        return cls(int(fen))


class Keywords:
    """Each keyword builds an action and hands it to the session, with what the host is to play in it."""

    def __init__(self) -> None:
        self._planned: list[tuple[str, Scenario]] = []
        self._outcome: Outcome | None = None

    def _do(self, action: actions.Action) -> None:
        planned, self._planned = self._planned, []
        self._outcome = None
        with suite_attempts.noting_errors():
            self._outcome = suite_attempts.till().do(action, host=planned)

    @keyword
    def action_ended_as(self, branch: str, code: str = "") -> None:
        """How the last action was to end, such as `approved`, and `code` F39 of the host's last answer; else the test
        is INCONCLUSIVE: what it is about was not played."""
        with suite_attempts.noting_errors():
            if self._outcome is None:
                raise UsageError("no action has ended in this test; say what the terminal is to do first")
            self._outcome.ended(branch, code)

    @keyword
    def power_on_terminal(self) -> None:
        """Cut the power, restore it, hold the power key, watch the boot."""
        self._do(actions.PowerOn())

    @keyword
    def sign_in(self, operator: str = "01", wrong: int = 0) -> None:
        """Sign in; `wrong` wrong passwords first."""
        self._do(actions.SignIn(operator=operator, wrong=wrong))

    @keyword
    def sign_off(self) -> None:
        """Menu 7-2."""
        self._do(actions.SignOff())

    @keyword
    def make_sale(
        self,
        amount: Yuan,
        card: str = "debit-chip",
        entry: actions.Entry = "chip",
        pin: actions.Secret = "right",
        cancel_at: actions.Prompt | None = None,
        idle_at: actions.Prompt | None = None,
    ) -> None:
        """A sale of `amount` yuan. `cancel_at` presses cancel at that prompt, `idle_at` lets it time out."""
        self._do(
            actions.Sale(amount=int(amount), card=card, entry=entry, pin=pin, cancel_at=cancel_at, idle_at=idle_at)
        )

    @keyword
    def cash_register_heartbeat(self) -> None:
        """Function 04 on the cash-register line."""
        self._do(actions.EcrHeartbeat())

    @keyword
    def cash_register_sign_in(self) -> None:
        """Sign-in on the cash-register line."""
        self._do(actions.EcrSignIn())

    @keyword
    def cash_register_sale(
        self,
        amount: Yuan,
        order: str | None = None,
        card: str = "debit-chip",
        entry: actions.Entry = "chip",
        pin: actions.Secret = "right",
    ) -> None:
        """A sale by the cash register; without `order` a number never used before."""
        order = order or suite_attempts.till().new_order()
        self._do(actions.EcrSale(amount=int(amount), order=order, card=card, entry=entry, pin=pin))

    @keyword
    def reprint_last_slip(self) -> None:
        """Menu 6-1."""
        self._do(actions.Reprint())

    @keyword
    def settle_batch(self, cancel: bool = False) -> None:
        """Menu 7-6; `cancel` answers the question with cancel."""
        self._do(actions.Settle(cancel_at="confirm_settle" if cancel else None))

    @keyword
    def show_version(self) -> None:
        """Menu 7-8."""
        self._do(actions.ShowVersion())

    @keyword
    def ask_console(self, command: Literal["version", "status", "journal export"]) -> None:
        """A command on the service console; its answer is compared with what the reference engine knows."""
        self._do(actions.Console(command=command))

    @keyword
    def let_terminal_sleep(self) -> None:
        """Leave the terminal alone until it sleeps, then wake it."""
        self._do(actions.Sleep())
