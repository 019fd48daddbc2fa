"""After an action: do the host's books, the ledger and an exported journal still say the same?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tillrig.console import rows
from tillrig.host import TestHost
from tillrig.observations import ConsoleSeen, HostSeen, Observation
from tillrig.reference import Booked, Ledger, comparable, conserved
from tillrig.steps import Symbol
from tillrig.verdicts import Finding, Verdict

NEED, POINT = "MONEY-CONSERVED", "money.booked"


def money_findings(
    ledger: Ledger, host: TestHost, terminal_no: str, observations: Sequence[Observation]
) -> tuple[Finding, ...]:
    """Discrepancies as FAIL; one PASS when payments moved and all books agree; nothing when no payment moved, or when
    what the terminal holds is not known altogether.
    """
    journal = _journal(observations)
    if journal is None and not any(
        isinstance(one, HostSeen) and one.message in ("sale", "reversal", "settlement") for one in observations
    ):
        return ()
    booked = [
        Booked(batch=one.batch, stan=one.voucher, amount=one.amount, reversed=one.state == "reversed")
        for one in host.ledger.select(tid=terminal_no)
        if one.state != "declined"
    ]
    booked_here = {(one.batch, one.stan) for one in booked}
    own = tuple(
        record
        for record in ledger.journal
        if not isinstance(record.issuer, Symbol) or (record.batch, record.stan) in booked_here
    )
    if len(own) < len(ledger.journal):
        # Records of another host's time, found and not made: its books are not here. One that was found after the rig
        # had failed in the midst of it is in these.
        ledger = msgspec.structs.replace(ledger, journal=own)
    found = tuple(
        Finding(
            requirement=one.requirement, point=one.point, verdict=Verdict.FAIL, expected=one.expected, seen=one.seen,
            reason=one.reason, money=True,
        )
        for one in conserved(ledger, booked, journal)
    )  # fmt: skip
    if found or not comparable(ledger):
        return found
    standing = sum(one.amount for one in booked if not one.reversed)
    text = f"{standing} fen in {sum(not one.reversed for one in booked)} payments"
    return (Finding(requirement=NEED, point=POINT, verdict=Verdict.PASS, expected=text, seen=text, money=True),)


def _journal(observations: Iterable[Observation]) -> tuple[dict[str, str], ...] | None:
    for one in observations:
        if isinstance(one, ConsoleSeen) and one.command == "journal export":
            return rows(one.text)
    return None
