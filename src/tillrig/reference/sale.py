"""A sale, by hand or asked for by the cash register: prompts, reversal first, the exchange, the slips."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tillrig.actions import EcrSale, Entry, Prompt, Secret
from tillrig.errors import UsageError
from tillrig.reference import screens
from tillrig.reference.ecr_answers import ecr_ended, ecr_failed, ecr_sold
from tillrig.reference.exchanges import Failure, failures, reversal_first
from tillrig.reference.fields import Way, field
from tillrig.reference.ledger import Order, Pending, Record
from tillrig.reference.messages import Presented, identity, sale
from tillrig.reference.printing import print_copies
from tillrig.reference.values import SUPERVISOR, CardFacts, Conditions, Parameters
from tillrig.steps import Branch, Field, Give, HostMessage, Screen, Slip

TITLE = "txn.sale"
#: Codes after which the terminal counts as not signed in (rules H21).
KEYS_LOST = "A0|99"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A sale as meant: what is presented, what is answered to each PIN prompt, where it is cancelled or left alone."""

    amount: int
    card: CardFacts
    entry: Entry
    pins: tuple[Secret, ...]
    cancel_at: Prompt | None = None
    idle_at: Prompt | None = None
    ecr: EcrSale | None = None

    def pin(self, prompt: int) -> Secret:
        """The answer to the PIN prompt of that number, from 0; the last one given answers all further ones."""
        return self.pins[min(prompt, len(self.pins) - 1)]

    def leaves(self, prompt: Prompt) -> Give | None:
        """How this prompt is left without an answer, if it is."""
        return "cancel" if self.cancel_at == prompt else "wait" if self.idle_at == prompt else None


class SaleFlow(msgspec.Struct, frozen=True, kw_only=True):
    """Predicts one sale; `branches` is the way in."""

    parameters: Parameters
    conditions: Conditions
    plan: Plan

    @property
    def asks_pin(self) -> bool:
        """Stripe and chip always; contactless above the limit only (rules T7)."""
        return self.plan.entry != "contactless" or self.plan.amount > self.parameters.free_limit

    @property
    def _amount(self) -> Field:
        """What every prompt shows that shows an amount: also where the cardholder agrees to it."""
        return field("amount", "amount", self.plan.amount, "SALE-AMOUNT-SCREEN", money=True)

    def branches(self, way: Way) -> Iterator[Branch]:
        """Every way the sale can end, from the main menu."""
        ledger = way.ledger
        if self.plan.ecr is None:
            way = way.then(screens.menu("1"))
        refusal = self._refusal(way)
        if refusal:
            yield self._refused(way, refusal)
            return
        if self.plan.ecr is None:
            if give := self.plan.leaves("ask_amount"):
                yield self._given_up(way, screens.prompt("ask_amount", TITLE, "SALE-PROMPTS", give=give), give)
                return
            way = way.then(
                screens.prompt("ask_amount", TITLE, "SALE-PROMPTS", self._amount, give="amount", value=self.plan.amount)
            )
        if give := self.plan.leaves("ask_card"):
            yield self._given_up(way, screens.prompt("ask_card", TITLE, "SALE-PROMPTS", self._amount, give=give), give)
            return
        card = self.plan.card.name
        way = way.then(screens.prompt("ask_card", TITLE, "SALE-PROMPTS", self._amount, give="card", value=card))
        if self.plan.entry == "stripe" and self.plan.card.chip_on_stripe:
            yield self._use_chip(way)
            return
        if self.asks_pin:
            if give := self.plan.leaves("ask_pin"):
                yield self._given_up(way, screens.prompt("ask_pin", TITLE, "PIN-ASKED", self._amount, give=give), give)
                return
            way = way.then(self._pin_prompt(0))
        else:
            way = way.never(Screen(kind="ask_pin", requirement="FREE-LIMIT"))
        assert ledger.operator is not None
        for prepared, goes_on in reversal_first(self.parameters, self.conditions, way, TITLE, self._after_failure):
            if goes_on:
                yield from self._exchange(prepared, 0)
            else:
                yield ecr_failed(prepared, self.plan.ecr).end()

    def _refusal(self, way: Way) -> tuple[str, str] | None:
        """Text and requirement of what stands against a sale before it begins (rules T4, T5, T10, H23)."""
        ledger = way.ledger
        if ledger.operator == SUPERVISOR:
            return "text.supervisor_may_not", "SALE-PROMPTS"
        if not ledger.signed_in:
            return "text.need_signin", "SIGNIN"
        if ledger.open_settlement is not None:
            return "text.settlement_open", "SETTLE-END"
        if len(ledger.journal) >= self.parameters.batch_limit:
            return "text.batch_full", "BATCH-FULL"
        return None

    def _refused(self, way: Way, refusal: tuple[str, str]) -> Branch:
        text, need = refusal
        shown = way.named(text.removeprefix("text.")).then(screens.says("refused", TITLE, text, need))
        code = "C3" if text == "text.need_signin" else "C6"
        return ecr_ended(self._untouched(shown, need).to_menu(), self.plan.ecr, code, text).end()

    def _given_up(self, way: Way, prompt: Screen, give: Give) -> Branch:
        """Cancelled, or left alone until its time-out: nothing sent, no STAN, the card asked back (rules T6)."""
        need = "CANCEL" if give == "cancel" else "IDLE-TIMEOUT"
        way = way.named(f"{'cancelled' if give == 'cancel' else 'timed out'} at {prompt.kind}").then(prompt)
        if give == "wait" and prompt.kind == "ask_pin":
            way = way.then(screens.says("refused", TITLE, "text.pin_timeout", need))
        if self.plan.entry == "chip" and prompt.kind == "ask_pin":
            way = way.then(screens.remove_card(TITLE, optional=False))
        code = "C1" if give == "cancel" else "C2"
        return ecr_ended(self._untouched(way, need).to_menu(), self.plan.ecr, code, None).end()

    def _use_chip(self, way: Way) -> Branch:
        """The stripe of a chip card: advice to use the chip; the card prompt that follows is cancelled (rules T8)."""
        need = "CARD-STRIPE-CHIP"
        again = screens.prompt("ask_card", TITLE, need, self._amount, give="cancel", optional=True)
        shown = way.named("use chip").then(screens.says("refused", TITLE, "text.use_chip", "CARD-STRIPE-CHIP"), again)
        return ecr_ended(self._untouched(shown, "CARD-STRIPE-CHIP").to_menu(), self.plan.ecr, "C1", None).end()

    def _untouched(self, way: Way, need: str) -> Way:
        """Nothing may be sent or printed."""
        unsent = (HostMessage(message=message, requirement=need) for message in ("sale", "reversal"))
        return way.never(*unsent, *self._no_slips())

    def _no_slips(self) -> tuple[Slip, ...]:
        return tuple(Slip(copy=copy, requirement="SLIP-NONE") for copy in ("merchant", "cardholder"))

    def _pin_prompt(self, number: int) -> Screen:
        secret = self.plan.pin(number)
        stars = field("stars", "stars", 0 if secret == "none" else len(self.plan.card.pin), "PIN-MASK")
        return screens.prompt("ask_pin", TITLE, "PIN-ASKED", stars, self._amount, give="pin", value=secret)

    def _exchange(self, way: Way, tries: int) -> Iterator[Branch]:
        """The request of that PIN try and everything that can become of it."""
        way = way.exchange()
        presented = Presented(
            card=self.plan.card,
            entry=self.plan.entry,
            amount=self.plan.amount,
            pin=self.plan.pin(tries) if self.asks_pin else None,
        )
        numbers = identity(way)
        request = sale(self.parameters, way, presented)
        sent = way.then(screens.busy(TITLE), request).leaving(stan=numbers.stan, batch=numbers.batch)
        unsent = way.then(screens.busy(TITLE)).leaving(stan=numbers.stan, batch=numbers.batch)
        if self.conditions.reachable:
            yield from self._decided(sent, presented, tries)
        for failure in failures(self.conditions, mac=True):
            yield self._failed(sent if failure.reason else unsent, presented, failure)

    def _decided(self, way: Way, presented: Presented, tries: int) -> Iterator[Branch]:
        if self.plan.entry == "chip" and self.conditions.card_pulled:
            gone = way.named("card gone after approval").told("sale", "approved", "|".join(self.parameters.good_codes))
            yield self._not_kept(gone, presented, "text.failed", "06", "REVERSAL-FIRST")
        else:
            yield self._approved(way, presented, partial=False)
            if self.parameters.partial_approval:
                yield self._approved(way, presented, partial=True)
        if self.asks_pin:
            yield from self._wrong_pin(way, tries)
        others = f"!{KEYS_LOST}|55" if self.asks_pin else f"!{KEYS_LOST}"
        for codes, keys_good in ((others, True), (KEYS_LOST, False)):
            declined = way.named("declined" if keys_good else "declined, keys lost").told("sale", "declined", codes)
            code = way.symbol("code")
            shown = declined.then(screens.answered(TITLE, code, "SALE-DECLINE")).leaving(keys_good=keys_good)
            ended = self._after_failure(self._nothing_kept(shown))
            yield ecr_ended(ended, self.plan.ecr, code, "response.").end()

    def _wrong_pin(self, way: Way, tries: int) -> Iterator[Branch]:
        """55: the PIN again in the same transaction with a new STAN; after the third the sale ends (rules T7)."""
        way = way.named("55").told("sale", "declined", "55")
        if tries + 1 < self.parameters.pin_tries:
            asked = way.then(screens.answered(TITLE, "55", "PIN-RETRY"), self._pin_prompt(tries + 1))
            yield from self._exchange(asked, tries + 1)
            return
        shown = way.then(screens.says("result", TITLE, "text.pin_tries", "PIN-RETRY"))
        yield ecr_ended(self._after_failure(self._nothing_kept(shown)), self.plan.ecr, "55", None).end()

    def _nothing_kept(self, way: Way) -> Way:
        return way.never(*self._no_slips())

    def _failed(self, way: Way, presented: Presented, failure: Failure) -> Branch:
        way = way.named(failure.name).told("sale", failure.outcome, failure.code)
        need = {"bad_mac": "MAC-ANSWER", "bad_answer": "ANSWER-CHECK", "unreadable": "ANSWER-CHECK"}.get(
            failure.outcome, "NO-ANSWER" if failure.reason else "SALE-RESULT"
        )
        return self._not_kept(way, presented, failure.text, failure.reason, need)

    def _not_kept(self, way: Way, presented: Presented, text: str, reason: str, need: str) -> Branch:
        """No record; a reversal record with `reason` unless nothing left the terminal."""
        shown = way.then(screens.says("result", TITLE, text, need)).never(*self._no_slips())
        if reason:
            shown = shown.leaving(pending=self._pending(way, presented, reason), pending_known=True)
        return ecr_failed(self._after_failure(shown), self.plan.ecr).end()

    def _pending(self, way: Way, presented: Presented, reason: str) -> Pending:
        ledger, card = way.ledger, presented.card
        assert ledger.stan is not None
        assert ledger.batch is not None
        return Pending(
            reason=reason,
            stan=ledger.stan,
            batch=ledger.batch,
            amount=presented.amount,
            entry=presented.entry,
            entry_mode=presented.entry_mode,
            masked=card.masked,
            expiry=card.expiry,
            sequence=card.sequence,
            card=card.name,
        )

    def _after_failure(self, way: Way) -> Way:
        if self.plan.entry == "chip":
            way = way.then(screens.remove_card(TITLE, optional=True))
        return way.to_menu()

    def _approved(self, way: Way, presented: Presented, *, partial: bool) -> Branch:
        codes = "10" if partial else "|".join(self.parameters.good_codes)
        way = way.named("partly approved" if partial else "approved").told("sale", "approved", codes)
        record = self._record(way, presented, partial=partial)
        if partial:
            amount = field("amount", "amount", record.amount, "SALE-RESULT", money=True)
            text = field("text", "key", "text.partial", "SALE-RESULT")
            accept = screens.titled("partial", TITLE, "SALE-RESULT", text, amount)
            way = way.then(msgspec.structs.replace(accept, give="enter"))
        else:
            way = way.then(screens.answered(TITLE, way.symbol("code"), "SALE-RESULT"))
        if self.plan.entry == "chip":
            way = way.then(screens.remove_card(TITLE, optional=True))
        ledger = way.ledger
        way = way.leaving(journal=(*ledger.journal, record), pending=None, pending_known=True)
        if self.plan.ecr is not None:
            order = Order(number=self.plan.ecr.order, amount=self.plan.amount, record=record)
            way = way.leaving(orders=(*ledger.orders, order))
        way = ecr_sold(way, self.plan.ecr, self.parameters, record, self.plan.card.product)
        return print_copies(way, self.parameters, self.conditions, record, TITLE, self.plan.leaves).to_menu().end()

    def _record(self, way: Way, presented: Presented, *, partial: bool) -> Record:
        ledger, card = way.ledger, presented.card
        if ledger.stan is None or ledger.batch is None or ledger.operator is None:
            raise UsageError("a sale was approved while STAN, batch or operator were not known to the engine")
        chip = card.chip if presented.has_chip_data else None
        return Record(
            stan=ledger.stan,
            batch=ledger.batch,
            amount=way.symbol("amount") if partial else presented.amount,
            card=card.name,
            masked=card.masked,
            expiry=card.expiry,
            entry=presented.entry,
            operator=ledger.operator,
            rrn=way.symbol("rrn"),
            auth=way.symbol("auth"),
            when=way.symbol("when"),
            code=way.symbol("code"),
            issuer=way.symbol("issuer"),
            acquirer=way.symbol("acquirer"),
            organisation=way.symbol("org"),
            remark=way.symbol("remark"),
            aid=chip.aid if chip else "",
            label=chip.label if chip else "",
            sequence=card.sequence if chip else "",
            tvr=way.symbol("tvr") if chip else "",
            atc=way.symbol("atc") if chip else "",
            arqc=way.symbol("arqc") if chip else "",
            waived=not self.asks_pin,
            partial=partial,
            order=self.plan.ecr.order if self.plan.ecr else "",
        )
