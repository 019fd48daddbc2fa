"""Which branches are still possible, judged by the screens that came, and which screens may come next. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tillrig.steps import Branch, Screen, Symbol


class Track:
    """Follows all branches of a prediction at once. A branch that no longer fits is left behind."""

    def __init__(self, branches: Sequence[Branch]) -> None:
        self._live: list[tuple[Branch, tuple[Screen, ...], int]] = [
            (branch, tuple(step for step in branch.steps if isinstance(step, Screen)), 0) for branch in branches
        ]

    @property
    def branches(self) -> tuple[Branch, ...]:
        """Those still possible."""
        return tuple(branch for branch, _, _ in self._live)

    @property
    def expected(self) -> tuple[str, ...]:
        """Kinds that may come next, the most certain first."""
        kinds: dict[str, None] = {}
        for _, steps, at in self._live:
            for step in steps[at:]:
                kinds[step.kind] = None
                if not step.optional:
                    break
        return tuple(kinds)

    @property
    def first(self) -> frozenset[str]:
        """Kinds with which the branches may begin: what is optional may not come at all."""
        begins = (_until_required(steps) for _, steps, _ in self._live)
        return frozenset(step.kind for steps in begins for step in steps)

    @property
    def awaited(self) -> str:
        """The next kind that must come; "" when nothing must."""
        return next((step.kind for _, steps, at in self._live for step in steps[at:] if not step.optional), "")

    @property
    def done(self) -> bool:
        """Some branch has nothing left that must come."""
        return any(all(step.optional for step in steps[at:]) for _, steps, at in self._live)

    def see(self, kind: str, keys: Mapping[str, str]) -> tuple[Screen, ...]:
        """The steps that this screen can be, one a branch; () when it is none of them (the branches stay as they were).

        A step that must come is passed over only when no branch fits otherwise: the eye may have missed a short one.
        """
        for lenient in (False, True):
            found = [
                (branch, steps, place)
                for branch, steps, at in self._live
                if (place := _next(steps, at, kind, lenient)) is not None
            ]
            if not found:
                continue
            fitting = [one for one in found if _texts_fit(one[1][one[2]], keys)] or found
            self._live = [(branch, steps, place + 1) for branch, steps, place in fitting]
            return tuple(dict.fromkeys(steps[place] for _, steps, place in fitting))
        return ()


def _until_required(steps: Sequence[Screen]) -> Sequence[Screen]:
    required = next((place for place, step in enumerate(steps) if not step.optional), len(steps))
    return steps[: required + 1]


def _next(steps: Sequence[Screen], at: int, kind: str, lenient: bool) -> int | None:
    for place in range(at, len(steps)):
        step = steps[place]
        if step.kind == kind:
            return place
        if not step.optional and not (lenient and step.give == "none"):
            return None
    return None


def _texts_fit(step: Screen, keys: Mapping[str, str]) -> bool:
    """Whether the texts that were recognised are those of the step (as far as the step knows them)."""
    for field in step.fields:
        key = keys.get(field.name)
        if field.kind != "key" or key is None:
            continue
        if isinstance(field.value, Symbol):
            if not key.startswith(field.prefix):
                return False
        elif key != f"{field.prefix}{field.value}":
            return False
    return True
