"""Which step belongs to which observation: the alignment of two sequences that gains most."""

from __future__ import annotations

from collections.abc import Callable


def align(
    left: int,
    right: int,
    gain: Callable[[int, int], float],
    *,
    miss: Callable[[int], float],
    extra: Callable[[int], float],
) -> list[tuple[int | None, int | None]]:
    """Pairs (i, j) in order, with None for what has no partner. `gain(i, j)` above 0 where the two may be paired;
    `miss(i)` and `extra(j)` are what it costs to leave one alone.
    """
    best = [[0.0] * (right + 1) for _ in range(left + 1)]
    for i in range(1, left + 1):
        best[i][0] = best[i - 1][0] - miss(i - 1)
    for j in range(1, right + 1):
        best[0][j] = best[0][j - 1] - extra(j - 1)
    gains = [[gain(i, j) for j in range(right)] for i in range(left)]
    for i in range(1, left + 1):
        for j in range(1, right + 1):
            found = max(best[i - 1][j] - miss(i - 1), best[i][j - 1] - extra(j - 1))
            if gains[i - 1][j - 1] > 0:
                found = max(found, best[i - 1][j - 1] + gains[i - 1][j - 1])
            best[i][j] = found
    pairs: list[tuple[int | None, int | None]] = []
    i, j = left, right
    while i or j:
        if i and j and gains[i - 1][j - 1] > 0 and _same(best[i][j], best[i - 1][j - 1] + gains[i - 1][j - 1]):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and _same(best[i][j], best[i - 1][j] - miss(i - 1)):
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def _same(one: float, two: float) -> bool:
    return abs(one - two) < 1e-9
