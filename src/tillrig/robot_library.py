"""The keyword library for Robot Framework: `Library    tillrig.robot_library.Till`.

A thin adapter: each keyword builds an action and hands it to the session. The library listens to its own tests: an
attempt begins and ends with the test, and the test's status and message are the attempt's verdict.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from robot import result as robot_result
from robot import running
from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn

from tillrig import actions, host, suite_attempts
from tillrig.errors import UsageError
from tillrig.robot_progress import identity
from tillrig.verdicts import Verdict


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


@library(scope="GLOBAL", auto_keywords=False, converters={Yuan: Yuan.parse})
class Till:
    """Operates the terminal of the rig as a tester does, and judges what it shows, prints and sends.

    Findings accumulate; the test's verdict is their fold. The rig is the one of the variable ${RIG}, of TILLRIG_RIG, or
    rigs/virtual.yaml.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = self
        self._planned: list[tuple[str, host.Scenario]] = []

    # -- listener -----------------------------------------------------------------------------------------------------
    def start_test(self, data: running.TestCase, result: robot_result.TestCase) -> None:
        self._planned.clear()
        suite_attempts.begin(
            identity(data),
            requirements=[tag.partition(":")[2] for tag in map(str, data.tags) if tag.startswith("requirement:")],
            rig=BuiltIn().get_variable_value("${RIG}"),
        )

    def end_test(self, data: running.TestCase, result: robot_result.TestCase) -> None:
        wrong = None if result.passed or suite_attempts.aborted() else UsageError(result.message)
        word = suite_attempts.end(wrong)
        if word.verdict is Verdict.BLOCKED:
            result.status = "SKIP"
        elif word.verdict is not Verdict.PASS:
            result.status = "FAIL"
        if word.verdict is not Verdict.PASS:
            result.message = word.text

    # -- states -------------------------------------------------------------------------------------------------------
    @keyword
    def terminal_is_ready(self, records: int | None = None) -> None:
        """An operator is signed in and the menu is shown. `records`: 0 wants an empty batch, n at least n records."""
        suite_attempts.till().ready(records=records)

    @keyword
    def terminal_is_at_operator_prompt(self) -> None:
        """Nobody is signed in."""
        suite_attempts.till().ensure("operator_prompt")

    # -- the host -----------------------------------------------------------------------------------------------------
    @keyword
    def host_plays(self, message: str, scenario: str, **arguments: Any) -> None:
        """In the next action the host answers `message` (sale, reversal, settlement …) by `scenario` (see the manual)."""
        kind = host.SCENARIOS.get(scenario)
        if kind is None:
            raise UsageError(f"no scenario '{scenario}'; there are: {', '.join(sorted(host.SCENARIOS))}")
        import msgspec

        self._planned.append((message, msgspec.convert(arguments, kind, strict=False)))

    # -- actions ------------------------------------------------------------------------------------------------------
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

    def _do(self, action: actions.Action) -> None:
        planned, self._planned = self._planned, []
        suite_attempts.till().do(action, host=planned)

