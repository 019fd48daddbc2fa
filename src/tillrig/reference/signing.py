"""Power-on, sign-in, sign-off (terminal, Users and Power-on; rules T4, T5, T13, H21)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tillrig.actions import PowerOn, SignIn, SignOff
from tillrig.reference import screens
from tillrig.reference.ecr_answers import ecr_answer
from tillrig.reference.exchanges import Failure, failures, reversal_first
from tillrig.reference.fields import Way, field
from tillrig.reference.ledger import Known
from tillrig.reference.messages import batch_or, identity, signin, signoff
from tillrig.reference.values import SUPERVISOR, Conditions, Parameters
from tillrig.steps import Branch, Field, Give, HostMessage, Screen

SIGNIN, SIGNOFF = "txn.signin", "txn.signoff"


def power_on(parameters: Parameters, way: Way, action: PowerOn) -> Iterator[Branch]:
    """Boot screen, welcome, operator prompt; nobody is logged in, the keys count from the next sign-in (rules T5)."""
    boot = Screen(kind="boot", requirement="BOOT-SCREEN", fields=screens.version_fields(parameters))
    text = field("text", "key", "text.welcome", "BOOT-SCREEN")
    welcome = Screen(kind="welcome", requirement="BOOT-SCREEN", optional=True, fields=(text,))
    way = way.then(boot, welcome).leaving(keys_good=False)
    kept = way.ledger
    if kept.pending is not None and any(
        record.stan == kept.pending.stan and record.batch == kept.pending.batch for record in kept.journal
    ):
        way = way.leaving(pending=None)  # rules H21: dropped when its STAN and batch stand in the journal
    yield way.named(type(action).__name__).to_operator_prompt("BOOT-SCREEN").end()


class SignInFlow(msgspec.Struct, frozen=True, kw_only=True):
    """Predicts one sign-in, by hand or asked for by the cash register."""

    parameters: Parameters
    conditions: Conditions
    action: SignIn
    by_ecr: bool = False

    def branches(self, way: Way) -> Iterator[Branch]:
        """From the operator prompt, or from the menu by 7-1."""
        if way.ledger.position == "menu":
            if not self.by_ecr:
                way = way.then(screens.menu("7-1"))
            if way.ledger.signed_in:
                refused = screens.says(
                    "refused", SIGNIN, "text.already_signed_in", "SIGNIN-TWICE", optional=self.by_ecr
                )
                way = way.named("already signed in").then(refused)
                way = way.never(HostMessage(message="signin", requirement="SIGNIN-TWICE"))
                yield self._told(way, "C6", "text.already_signed_in").to_menu().end()
                return
        if give := self._leaves("ask_operator"):
            way = way.named("left at ask_operator").then(screens.prompt("ask_operator", SIGNIN, "SIGNIN", give=give))
            yield self._back(self._told(way, "C1" if give == "cancel" else "C2", None)).end()
            return
        way = way.then(self._operator_prompt())
        if self.action.operator not in self.parameters.password_lengths:
            refused = screens.says("refused", SIGNIN, "text.no_operator", "SIGNIN-PASSWORD")
            yield self._back(self._told(way.named("no such operator").then(refused), "C6", None)).end()
            return
        if give := self._leaves("ask_password"):
            way = way.named("left at ask_password").then(screens.prompt("ask_password", SIGNIN, "SIGNIN", give=give))
            yield self._back(self._told(way, "C1" if give == "cancel" else "C2", None)).end()
            return
        wrong = self.parameters.password_tries if self.action.password != "right" else self.action.wrong
        for _ in range(min(wrong, self.parameters.password_tries)):
            secret = "wrong" if self.action.password == "right" else self.action.password
            refused = screens.says("refused", SIGNIN, "text.wrong_password", "SIGNIN-PASSWORD")
            way = way.then(self._password_prompt(secret), refused)
        if wrong >= self.parameters.password_tries:
            way = way.named("wrong password").never(HostMessage(message="signin", requirement="SIGNIN-PASSWORD"))
            yield self._back(self._told(way, "C6", None), "SIGNIN-PASSWORD").end()
            return
        way = way.then(self._password_prompt("right"))
        if self.action.operator == SUPERVISOR:
            way = way.named("supervisor").never(HostMessage(message="signin", requirement="SIGNIN"))
            yield way.leaving(operator=SUPERVISOR).to_menu().end()
            return
        yield from self._exchange(way.exchange())

    def _exchange(self, way: Way) -> Iterator[Branch]:
        numbers = identity(way)
        signing = screens.says("signing_in", SIGNIN, "text.signing_in", "SIGNIN", optional=True)
        way = way.then(signing)
        request = signin(self.parameters, way, self.action.operator)
        sent = way.then(request).leaving(stan=numbers.stan, batch=numbers.batch)
        unsent = way.leaving(stan=numbers.stan, batch=numbers.batch)
        if self.conditions.reachable:
            yield self._done(sent, batch_or(way.symbol("newbatch"), numbers.batch))
            bad_key = sent.named("bad check value").told("signin", "bad_answer", "F62")
            refused = screens.says("refused", SIGNIN, "text.bad_key", "SIGNIN")
            yield self._back(self._told(bad_key.then(refused), "C6", None)).leaving(keys_good=False).end()
            code = way.symbol("code")
            declined = sent.named("declined").told("signin", "declined").then(screens.answered(SIGNIN, code, "SIGNIN"))
            yield self._back(self._told(declined, code, "response.")).end()
        for failure in failures(self.conditions, mac=False, skip=("F3", "F4")):
            yield self._failed(sent if failure.reason else unsent, failure)

    def _done(self, way: Way, batch: Known) -> Branch:
        done = screens.titled(
            "signin_done",
            SIGNIN,
            "SIGNIN",
            field("text", "key", "text.signin_done", "SIGNIN"),
            field("datetime", "datetime", way.symbol("when"), "SIGNIN"),
            field("terminal_no", "text", self.parameters.terminal_no, "TERMINAL-ID"),
        )
        way = way.named("signed in").told("signin", "approved").then(done)
        way = self._told(way, way.symbol("code"), "response.")
        way = way.leaving(operator=self.action.operator, keys_good=True, batch=batch)
        return way.then(*announcements(self.parameters, way)).to_menu().end()

    def _failed(self, way: Way, failure: Failure) -> Branch:
        shown = way.named(failure.name).told("signin", failure.outcome, failure.code)
        shown = shown.then(screens.says("result", SIGNIN, failure.text, "SIGNIN"))
        return self._back(self._told(shown, "C4", None)).end()

    def _leaves(self, prompt: str) -> Give | None:
        return "cancel" if self.action.cancel_at == prompt else "wait" if self.action.idle_at == prompt else None

    def _operator_prompt(self) -> Screen:
        return screens.prompt("ask_operator", SIGNIN, "SIGNIN", give="operator", value=self.action.operator)

    def _password_prompt(self, secret: str) -> Screen:
        length = 0 if secret == "none" else self.parameters.password_lengths[self.action.operator]
        stars = field("stars", "stars", length, "SIGNIN-MASK")
        return screens.prompt("ask_password", SIGNIN, "SIGNIN", stars, give="password", value=secret)

    def _back(self, way: Way, need: str = "SIGNIN") -> Way:
        return way.to_operator_prompt(need)

    def _told(self, way: Way, code: Known, text: str | None) -> Way:
        """The answer on the cash-register line, when it asked."""
        if not self.by_ecr:
            return way
        need = "ECR-SIGNIN"
        said: tuple[Field, ...] = ()
        if text == "response.":
            said = (field("040", "key", code, need, prefix="response."),)
        elif text is not None:
            said = (field("040", "key", text, need),)
        return way.then(ecr_answer("signin", need, code, *said))


def announcements(parameters: Parameters, way: Way) -> tuple[Screen, ...]:
    """What is announced before the menu: a pending reversal, an interrupted settlement, a full batch (rules T10)."""
    ledger = way.ledger
    due = []
    if ledger.pending is not None or not ledger.pending_known:
        due.append("text.pending_reversal")
    if ledger.open_settlement is not None:
        due.append("text.settlement_open")
    if len(ledger.journal) >= parameters.batch_limit:
        due.append("text.batch_full")
    elif len(ledger.journal) >= parameters.near_full:
        due.append("text.near_full")
    return tuple(
        Screen(kind="announcement", requirement="MENU", optional=True, fields=(field("text", "key", text, "MENU"),))
        for text in due
    )


class SignOffFlow(msgspec.Struct, frozen=True, kw_only=True):
    """7-2: the operator is out only when the host answered 00 (rules T5)."""

    parameters: Parameters
    conditions: Conditions
    action: SignOff

    def branches(self, way: Way) -> Iterator[Branch]:
        way = way.then(screens.menu("7-2"))
        ledger = way.ledger
        if not ledger.signed_in or ledger.open_settlement is not None:
            text = "text.need_signin" if not ledger.signed_in else "text.settlement_open"
            refused = screens.says("refused", SIGNOFF, text, "SIGNOFF")
            yield way.named("refused").then(refused).to_menu().end()
            return
        for prepared, goes_on in reversal_first(self.parameters, self.conditions, way, SIGNOFF, Way.to_menu):
            if goes_on:
                yield from self._exchange(prepared.exchange())
            else:
                yield prepared.end()

    def _exchange(self, way: Way) -> Iterator[Branch]:
        numbers = identity(way)
        request = signoff(self.parameters, way)
        unsent = way.then(screens.busy(SIGNOFF)).leaving(stan=numbers.stan, batch=numbers.batch)
        sent = unsent.then(request)
        if self.conditions.reachable:
            done = screens.says("signoff_done", SIGNOFF, "text.signoff_done", "SIGNOFF")
            out = sent.named("signed off").told("signoff", "approved").then(done).leaving(keys_good=False)
            yield out.to_operator_prompt("SIGNOFF").end()
            shown = screens.answered(SIGNOFF, way.symbol("code"), "SIGNOFF")
            yield sent.named("declined").told("signoff", "declined").then(shown).to_menu().end()
        for failure in failures(self.conditions, mac=False, skip=("F3", "F4")):
            stays = (sent if failure.reason else unsent).named(failure.name)
            stays = stays.told("signoff", failure.outcome, failure.code)
            yield stays.then(screens.says("result", SIGNOFF, failure.text, "SIGNOFF")).to_menu().end()
