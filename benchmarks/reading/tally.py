"""From records of poses to shares with their bounds.

Lines of one pose succeed and fail together, so the bound is taken over poses: where a count is zero, the exact binomial
one on the share of *poses* in which it could happen; elsewhere a bootstrap that draws whole poses, on the share itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec
import numpy as np

from benchmarks.reading.judging import Record, Told
from benchmarks.reading.words import NUMBERS

_CONFIDENCE = 0.95
_DRAWS = 2000
_FEW = 5  # poses below which drawing poses says nothing


class Share(msgspec.Struct, frozen=True):
    """`count` of `of`, in `poses` poses. `upper` and `lower`: one-sided 95 % bounds; `exact`: over poses, by the
    binomial law."""

    count: int
    of: int
    poses: int
    lower: float
    upper: float
    exact: bool

    @property
    def share(self) -> float:
        return self.count / self.of if self.of else 0.0


def share(pairs: Sequence[tuple[int, int]]) -> Share:
    """From (count, of) of each pose."""
    pairs = [pair for pair in pairs if pair[1]]
    count, of, poses = sum(one for one, _ in pairs), sum(all_ for _, all_ in pairs), len(pairs)
    if not poses:
        return Share(0, 0, 0, 0.0, 1.0, True)
    rare = 1 - (1 - _CONFIDENCE) ** (1 / poses)
    if count in (0, of):
        return Share(count, of, poses, 0.0 if count == 0 else 1 - rare, rare if count == 0 else 1.0, True)
    if poses < _FEW:
        return Share(count, of, poses, 0.0, 1.0, False)
    values = np.array(pairs, float)
    drawn = np.random.default_rng(1).multinomial(poses, np.full(poses, 1 / poses), _DRAWS) @ values
    shares = drawn[:, 0] / np.maximum(drawn[:, 1], 1)
    lower, upper = np.quantile(shares, [1 - _CONFIDENCE, _CONFIDENCE]).tolist()
    return Share(count, of, poses, lower, upper, False)


class Row(msgspec.Struct, frozen=True):
    """One line of the report: blind readings, sound testimonies and faults of some poses."""

    name: tuple[str, ...]
    poses: int
    right: Share
    refused: Share
    wrong: Share
    match: Share
    unreadable: Share
    false_alarm: Share
    caught: Share
    fault_refused: Share
    fault_match: Share


def row(
    name: tuple[str, ...], records: Sequence[Record], wanted: Callable[[Told], bool] = lambda _: True, fault: str = ""
) -> Row:
    """Counts over the lines that are wanted; `fault` limits the faults to one class."""

    def of(field: str, word: str) -> Share:
        return share(
            [_counted((getattr(line, field) for line in record.lines if wanted(line)), word) for record in records]
        )

    def faults(word: str) -> Share:
        said = [
            [told for line in record.lines if wanted(line) for kind, told in line.faults if fault in ("", kind)]
            for record in records
        ]
        return share([_counted(words, word) for words in said])

    return Row(
        name,
        len(records),
        of("blind", "right"),
        of("blind", "refused"),
        of("blind", "wrong"),
        of("sound", "MATCH"),
        of("sound", "UNREADABLE"),
        of("sound", "MISMATCH"),
        faults("MISMATCH"),
        faults("UNREADABLE"),
        faults("MATCH"),
    )


def _counted(words: Iterable[str], word: str) -> tuple[int, int]:
    said = [one for one in words if one]
    return said.count(word), len(said)


def is_number(line: Told) -> bool:
    return line.type in NUMBERS


def by(records: Sequence[Record], *names: str) -> dict[tuple[str, ...], list[Record]]:
    """Records grouped by some of their attributes, in the order they are met by the plan."""
    groups: dict[tuple[str, ...], list[Record]] = {}
    for record in sorted(records, key=lambda one: one.number):
        groups.setdefault(tuple(getattr(record, name) for name in names), []).append(record)
    return groups


class Speed(msgspec.Struct, frozen=True):
    """Processor time of one step in ms, one core; `ratio`: how many times faster than pytesseract on the same
    crop, None where there is none."""

    surface: str
    knows: str
    step: str
    count: int
    median: float
    p95: float
    ratio: float | None


def speeds(records: Sequence[Record]) -> list[Speed]:
    """Every step of every surface; the first pose of a process loads glyphs, so the median is what counts."""
    found = []
    for (surface, knows), group in sorted(by(records, "surface", "knows").items()):
        times: dict[str, list[float]] = {}
        for record in group:
            for step, values in record.times.items():
                times.setdefault(step, []).extend(values)
        theirs = [value for step, values in times.items() if step.startswith("pytesseract") for value in values]
        whole = "testify a screen" if surface != "slip" else "testify a slip's line"
        for step, values in sorted(times.items()):
            median = float(np.median(values))
            comparable = theirs and (step.startswith(whole) or step.startswith("rectify a frame"))
            ratio = float(np.median(theirs)) / max(median, 0.01) if comparable else None
            found.append(Speed(surface, knows, step, len(values), median, float(np.quantile(values, 0.95)), ratio))
    return found
