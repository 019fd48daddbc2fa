"""Which branch fits what the host's log says, and which is nearest when none does."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tillrig.errors import UsageError
from tillrig.observations import HostSeen
from tillrig.reference.lookup import lookup_seen
from tillrig.steps import Branch, Outcome

#: Messages that may be sent several times for one attempt; a run of them counts as its last send.
REPEATED = frozenset({"reversal", "batch_upload"})
#: Outcomes that leave nothing in the host's log.
SILENT = frozenset({"not_sent", "refused_connection"})
EXTRA, OTHER_OUTCOME = 2, 3


class Exchange(msgspec.Struct, frozen=True):
    """One exchange in the host's log, one per send.

    `code` is F39; of a bad answer what was wrong: mti F3 F11 F41 F42 F4 F62; of a settlement the two result digits.
    """

    message: str
    outcome: Outcome
    code: str = ""


class Chosen(msgspec.Struct, frozen=True):
    """The branch; whether the log fits its guard exactly; how far off it is otherwise."""

    branch: Branch
    exact: bool
    distance: int


def choose(branches: Sequence[Branch], log: Sequence[Exchange]) -> Chosen:
    """The first branch whose guard fits `log`, else the nearest one. Raises UsageError without branches."""
    if not branches:
        raise UsageError("no branch to choose from: predict() gives at least one")
    folded = _folded(log)
    rated = [(_distance(_heard(branch), folded), number) for number, branch in enumerate(branches)]
    distance, number = min(rated)
    return Chosen(branches[number], distance == 0, distance)


def exchange_of(seen: HostSeen) -> Exchange:
    """What the host's log says of one message. Of a bad answer the observer's `code` says what was wrong."""
    outcome: Outcome = seen.outcome  # type: ignore[assignment]
    if seen.message == "settlement" and outcome != "bad_answer" and lookup_seen(seen, "answer.F48"):
        digits = lookup_seen(seen, "answer.F48") or ""
        return Exchange(seen.message, "approved" if outcome == "declined" else outcome, digits[30:31] + digits[61:62])
    return Exchange(seen.message, outcome, seen.code)


def _folded(log: Sequence[Exchange]) -> tuple[Exchange, ...]:
    kept: list[Exchange] = []
    for exchange in log:
        if kept and exchange.message in REPEATED and kept[-1].message == exchange.message:
            kept.pop()
        kept.append(exchange)
    return tuple(kept)


def _heard(branch: Branch) -> tuple[tuple[str, Outcome, str], ...]:
    return tuple(entry for entry in branch.guard.outcomes if entry[1] not in SILENT)


def _fits(expected: tuple[str, Outcome, str], exchange: Exchange) -> bool:
    message, outcome, codes = expected
    if message != exchange.message:
        return False
    answered = exchange.outcome in {"approved", "declined"} and _code_fits(codes, exchange.code)
    if outcome in {"any", "done", "unsuccessful"}:
        return outcome == "any" or answered == (outcome == "done")
    return outcome == exchange.outcome and _code_fits(codes, exchange.code)


def _code_fits(codes: str, code: str) -> bool:
    if codes.startswith("!"):
        return code not in codes[1:].split("|")
    return codes == "*" or code in codes.split("|")


def _distance(expected: Sequence[tuple[str, Outcome, str]], log: Sequence[Exchange]) -> int:
    """Edit distance: a message too many or too few costs 2, the same message with another outcome 3."""
    row = [EXTRA * column for column in range(len(log) + 1)]
    for entry in expected:
        above, row = row, [row[0] + EXTRA]
        for column, exchange in enumerate(log, 1):
            same = 0 if _fits(entry, exchange) else OTHER_OUTCOME if entry[0] == exchange.message else 2 * EXTRA
            row.append(min(above[column] + EXTRA, row[-1] + EXTRA, above[column - 1] + same))
    return row[-1]
