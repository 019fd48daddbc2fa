"""What the terminal does between actions, where nothing was asked of it."""

from __future__ import annotations

from collections.abc import Iterator

from tillrig.judge.findings import Witnesses, failed, unsure
from tillrig.verdicts import Finding

#: Where the ledger says that it is on.
ON = frozenset({"menu", "operator_prompt"})


def went_dark(left: str, witnesses: Witnesses) -> Iterator[Finding]:
    """A terminal left running at `left` that nobody switched off and no key wakes: a finding of its own.

    `witnesses`: what is known of each part of the rig that may be to blame, by its name.
    """
    if left not in ON:
        return
    doubtful = [name for name, word in witnesses.items() if word != "clears_rig"]
    expected, seen = f"the terminal stays on ({left})", "dark, no key wakes it"
    if doubtful:
        reason = f"no witness for {' and '.join(doubtful)}"
        yield unsure("STAYS-ON", "screen.dark", expected, seen, reason)
        return
    reason = f"{', '.join(witnesses)} are sound, and nobody switched it off"
    yield failed("STAYS-ON", "screen.dark", expected, seen, reason)
