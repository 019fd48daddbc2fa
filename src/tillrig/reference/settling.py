"""Settlement (rules H8, H9, H19, H23; receipts, Settlement slip)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tillrig.actions import Settle
from tillrig.reference import screens
from tillrig.reference.exchanges import failures, reversal_first
from tillrig.reference.fields import Way, there
from tillrig.reference.ledger import Record, Settled, following
from tillrig.reference.messages import batch_upload, identity, settlement, signoff, upload_end
from tillrig.reference.printing import paper_out
from tillrig.reference.slips import settlement_slip
from tillrig.reference.totals import field48
from tillrig.reference.values import Conditions, Parameters
from tillrig.steps import Branch, HostMessage, Screen, Slip

TITLE = "txn.settle"
BALANCED = "11"
#: Every other pair of result digits (1 balanced, 2 not, 3 error; domestic then foreign).
UNBALANCED = "|".join(f"{home}{away}" for home in "123" for away in "123" if f"{home}{away}" != BALANCED)


class SettleFlow(msgspec.Struct, frozen=True, kw_only=True):
    """7-6, from the menu to the operator prompt of the next batch."""

    parameters: Parameters
    conditions: Conditions
    action: Settle

    def branches(self, way: Way) -> Iterator[Branch]:
        way = way.then(screens.menu("7-6"))
        ledger = way.ledger
        if not ledger.signed_in:
            yield self._refused(way, "text.need_signin", "SETTLE-REQUEST")
            return
        if ledger.open_settlement is not None:
            yield from self._go_on(way, ledger.open_settlement)
            return
        if not ledger.journal and ledger.maybe is not None:
            yield self._refused(
                way, "text.nothing_to_settle", "SETTLE-EMPTY", maybe=None, pending_known=True, uncertain=False
            )
        elif not ledger.journal and not ledger.journal_known and not self.conditions.reachable:
            yield self._nobody_knows(way)
            return
        elif not ledger.journal:
            if ledger.journal_known:
                yield self._refused(way, "text.nothing_to_settle", "SETTLE-EMPTY")
                return
            yield self._refused(way, "text.nothing_to_settle", "SETTLE-EMPTY", journal_known=True)
        for prepared, goes_on in reversal_first(self.parameters, self.conditions, way, TITLE, Way.to_menu):
            if goes_on:
                yield from self._confirm(prepared)
            else:
                yield prepared.end()

    def _refused(self, way: Way, text: str, need: str, **changes: object) -> Branch:
        way = way.named(text.removeprefix("text.")).then(screens.says("refused", TITLE, text, need))
        way = way.never(HostMessage(message="settlement", requirement=need), _no_slip(need))
        return way.leaving(**changes).to_menu().end()

    def _nobody_knows(self, way: Way) -> Branch:
        """Unreachable, and nobody knows whether the journal is empty: whatever it says, nothing is sent or printed."""
        confirm = screens.prompt("confirm_settle", TITLE, "SETTLE-REQUEST", give="enter", optional=True)
        nothing = screens.says("refused", TITLE, "text.nothing_to_settle", "SETTLE-EMPTY", optional=True)
        failed = screens.titled("result", TITLE, "SETTLE-REQUEST", there("text", "SETTLE-REQUEST"), optional=True)
        way = way.named("not settled").then(nothing, confirm, _busy(), failed)
        return way.never(_no_slip("SETTLE-SLIP")).leaving(stan=None).to_menu().end()

    def _confirm(self, way: Way) -> Iterator[Branch]:
        action = self.action
        if "confirm_settle" in (action.cancel_at, action.idle_at):
            cancelled = action.cancel_at == "confirm_settle"
            need = "CANCEL" if cancelled else "IDLE-TIMEOUT"
            prompt = screens.prompt("confirm_settle", TITLE, need, give="cancel" if cancelled else "wait")
            left = way.named("left at confirm_settle").then(prompt)
            yield left.never(HostMessage(message="settlement", requirement=need), _no_slip(need)).to_menu().end()
            return
        way = way.then(screens.prompt("confirm_settle", TITLE, "SETTLE-REQUEST", give="enter")).exchange()
        ledger = way.ledger
        totals = field48(ledger.journal) if ledger.journal_known and not ledger.uncertain else None
        numbers = identity(way)
        assert ledger.operator is not None
        request = settlement(self.parameters, way, ledger.operator, totals)
        unsent = way.then(_busy()).leaving(stan=numbers.stan, batch=numbers.batch)
        sent = unsent.then(request)
        if self.conditions.reachable:
            settled = Settled(
                batch=numbers.batch,
                when=way.symbol("when"),
                operator=ledger.operator,
                result_in=way.symbol("result_in"),
                result_out=way.symbol("result_out"),
                records=ledger.journal,
                complete=totals is not None,
            )
            answered = sent.leaving(open_settlement=settled)
            yield from self._end(answered.named("balanced").told("settlement", "approved", BALANCED), "207", ())
            unbalanced = answered.named("not balanced").told("settlement", "approved", UNBALANCED)
            yield from self._upload(unbalanced, settled)
        for failure in failures(self.conditions, mac=False, skip=("F3", "F4")):
            kept = (sent if failure.reason else unsent).named(failure.name)
            kept = kept.told("settlement", failure.outcome, failure.code)
            shown = kept.then(screens.says("result", TITLE, failure.text, "SETTLE-REQUEST"))
            yield shown.never(_no_slip("SETTLE-SLIP")).to_menu().end()

    def _upload(self, way: Way, settled: Settled) -> Iterator[Branch]:
        """Every record, then 202; what was refused or unanswered is listed and does not stop it."""
        way = way.exchange()
        records = len(settled.records) if settled.complete else None
        sent = way.then(_busy(), batch_upload(self.parameters, way, records)).leaving(stan=None)
        yield from self._end(sent.named("uploaded").told("batch_upload", "done", "00"), "202", settled.records)
        refused = sent.named("upload refused").told("batch_upload", "unsuccessful", "00")
        yield from self._end(refused, "202", None)

    def _go_on(self, way: Way, settled: Settled) -> Iterator[Branch]:
        """An interrupted settlement: never a second 0500; blocks may follow, then the end."""
        if settled.result_in == "1" and settled.result_out == "1":
            yield from self._end(way, "207", ())
            return
        yield from self._end(way, "202", None)
        if self.conditions.reachable:
            yield from self._upload(way, settled)

    def _end(self, way: Way, network: str, uploaded: tuple[Record, ...] | None) -> Iterator[Branch]:
        way = way.exchange()
        settled = way.ledger.open_settlement
        assert settled is not None
        known = uploaded is not None and (settled.complete or network == "207")
        counted = f"{len(uploaded):04d}" if uploaded is not None and known else None
        numbers = identity(way)
        unsent = way.then(_busy()).leaving(stan=numbers.stan)
        sent = unsent.then(upload_end(self.parameters, way, network, counted))
        if self.conditions.reachable:
            yield self._ended(sent.told("upload_end", "approved"), settled)
            code = screens.says("result", TITLE, "text.settlement_open", "SETTLE-END", optional=True)
            for outcome in ("declined", "no_answer", "closed", "unreadable", "bad_answer"):
                stopped = sent.named(f"end {outcome}").told("upload_end", outcome).then(code)
                yield stopped.never(_no_slip("SETTLE-END")).to_menu().end()
        else:
            yield unsent.named("end not sent").never(_no_slip("SETTLE-END")).to_menu().end()

    def _ended(self, way: Way, settled: Settled) -> Branch:
        """Batch + 1, sign-off (a failure of it is ignored), slip, journal cleared, signed off."""
        before = way.ledger
        batch = following(settled.batch)
        way = way.leaving(
            batch=batch,
            journal=(),
            journal_known=True,
            settled=settled,
            open_settlement=None,
            orders=(),
            uncertain=False,
        ).exchange()
        stan = identity(way).stan
        # the 0820 goes out after the end was acknowledged, when the batch is already one higher (rules H23)
        way = way.then(signoff(self.parameters, way)).told("signoff", "any").leaving(stan=stan, keys_good=False)
        assert before.open_settlement is not None
        if self.conditions.paper_in:
            way = way.then(screens.printing(TITLE), settlement_slip(self.parameters, settled))
        else:
            way = paper_out(way, TITLE, "settlement")
        way = way.then(screens.prompt("ask_detail", TITLE, "SETTLE-SLIP", give="cancel", optional=True))
        return way.to_operator_prompt("SETTLE-NEXT").end()


def _busy() -> Screen:
    return screens.says("settling", TITLE, "text.busy", "SETTLE-REQUEST", optional=True)


def _no_slip(need: str) -> Slip:
    return Slip(copy="settlement", requirement=need)
