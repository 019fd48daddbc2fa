"""A lesson for the eye: the terminal is led through screens whose text is known, and its glyphs are harvested."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tillrig.errors import BlockedError
from tillrig.observers.screen import Sighting, State
from tillrig.profiles.screens import bare
from tillrig.profiles.texts import amount_text
from tillrig.session.looking import Looker
from tillrig.vision.calibration.shown import KnownScreen, screens_of
from tillrig.vision.learning import Harvest, TextRow
from tillrig.vision.readers.glyphs import is_wide

if TYPE_CHECKING:
    from tillrig.lab import Operator
    from tillrig.session.session import Session

#: Typed at the amount prompt one after the other: each digit stands in three places at least.
AMOUNTS = ("123456", "789012", "908765", "403981", "257634", "718290")
#: One press from the menu, and back with cancel: screens that only show something.
MENUS = ("4", "5", "6", "7", "8")
_STEP_S = 4.0
_FRAMES = 3


class Lesson:
    """Leads the terminal and takes what it shows; the terminal is left at its menu. `screens` counts by kind."""

    def __init__(self, session: Session, harvest: Harvest) -> None:
        self._session, self._harvest = session, harvest
        self._bench = session.bench
        self._look = Looker(self._bench)
        self._known: dict[str, list[KnownScreen]] = {}
        for screen in screens_of(session.profile):
            self._known.setdefault(screen.kind, []).append(screen)
        self._taken: set[tuple[str, ...]] = set()
        self.screens: dict[str, int] = {}

    def give(self) -> None:
        """All of it. Raises BlockedError when the terminal cannot be led, and the rig's own errors."""
        session, hand = self._session, self._bench.hand
        session.ensure("operator_prompt")
        number, operator = self._cashier()
        self._take()
        hand.press(*number)
        self._take(typed=number)
        hand.press("enter")
        self._look.kind("ask_password", _STEP_S)
        password = operator.password.reveal()
        with hand.keypad.secret():
            hand.press(*password)
        self._take(typed="*" * len(password))
        hand.press("enter")
        self._to_menu()
        self._take()
        for key in MENUS:
            self._visit(key)
        if "version" in session.profile.screens:
            self._visit(*session.profile.menu_keys("7-8"))
        if "menu_manage_2" in session.profile.screens:
            self._visit(session.profile.key("7"), "down")
        self._amounts()
        session.recover()

    def _cashier(self) -> tuple[str, Operator]:
        """One who may sell: a supervisor or an administrator is not let to the amount prompt."""
        for number, operator in self._session.lab.operators.items():
            if operator.role == "operator":
                return number, operator
        raise BlockedError("operators.yaml names nobody of role operator, who alone is let to the amount prompt")

    def _visit(self, *keys: str) -> None:
        before = self._look.settled()
        for key in keys:
            self._bench.hand.press(key)
            self._look.change(before, _STEP_S)
            before = self._look.settled()
        self._take()
        self._to_menu()

    def _amounts(self) -> None:
        session, hand = self._session, self._bench.hand
        hand.press("1")
        self._look.kind("ask_amount", _STEP_S)
        for digits in AMOUNTS:
            hand.press(*digits)
            self._take(typed=amount_text(int(digits), session.profile.formats.screen_thousands))
            hand.press(*["clear"] * len(digits))
            self._take(typed=amount_text(0, session.profile.formats.screen_thousands))
        self._to_menu()

    def _to_menu(self) -> None:
        for _ in range(3):
            current = self._look.settled()
            if current is not None and current.kind == "menu":
                return
            reached = self._session.recover()
            if reached != "menu":
                raise BlockedError(f"the lesson lost the menu; {self._look.standing()}")
        raise BlockedError(f"the menu did not come; {self._look.standing()}")

    # -- what is shown

    def _take(self, typed: str = "") -> None:
        """Harvest the screen at rest. `typed`: what must stand in the row that is typed into."""
        if typed:
            self._echoed(typed)
        current = self._look.settled()
        if current is None or not current.kind:
            return
        state = self._with_frames(current)
        if state is None:
            return
        rows = tuple(self._rows(current.kind, state, typed))
        if rows and state.rows not in self._taken:
            self._taken.add(state.rows)
            frames = state.frames(current.ended_at is not None)[:_FRAMES]
            taken = [self._harvest.add(self._bench.screen_reader, frames, row) for row in rows]
            self.screens[current.kind] = self.screens.get(current.kind, 0) + any(taken)

    def _echoed(self, typed: str) -> None:
        """Wait until what was typed stands there; what does not echo is not learned from."""
        eye = self._bench.eye
        self._bench.hand.keypad.wait_open()

        def shown() -> bool | None:
            current = eye.current
            rows = current.last.rows if current is not None else ()
            return True if any(bare(row) == bare(typed) for row in rows) else None

        self._bench.timeline.wait_for(shown, time.monotonic() + _STEP_S)

    def _with_frames(self, current: Sighting) -> State | None:
        """The state at rest, once enough frames of it are kept."""
        state = current.last

        def enough() -> bool | None:
            self._bench.eye.check()
            return True if len(state.frames(False)) >= _FRAMES or current.ended_at is not None else None

        return state if self._bench.timeline.wait_for(enough, time.monotonic() + _STEP_S) else None

    def _rows(self, kind: str, state: State, typed: str) -> Iterator[TextRow]:
        """Rows of which the profile, or what was typed, says the text, and which read the very same."""
        columns = self._session.profile.display.columns
        for number, read in enumerate(state.rows):
            if typed and bare(read) == bare(typed):
                yield TextRow(number, columns - _width(typed), typed)
                continue
            known = self._known_row(kind, number, read)
            if known is not None:
                yield TextRow(number, *known)

    def _known_row(self, kind: str, number: int, read: str) -> tuple[int, str] | None:
        columns = self._session.profile.display.columns
        for screen in self._known.get(kind, ()):
            if number >= len(screen.rows):
                continue
            row = screen.rows[number]
            if not row.text or not row.rest or bare(row.text) != bare(read):
                continue
            free = columns - _width(row.text)
            if free < 0 or (row.align in ("#", "^") and free % 2):
                continue
            return {"#": free // 2, "^": free // 2, ">": free}.get(row.align, 0), row.text
        return None


def _width(text: str) -> int:
    return sum(2 if is_wide(char) else 1 for char in text)


def summary(harvest: Harvest, screens: dict[str, int]) -> Sequence[str]:
    """What was learned, in lines for the user."""
    glyphs = harvest.glyphs()
    lines = [
        f"{sum(screens.values())} screens of {len(screens)} kinds: {', '.join(sorted(screens))}",
        f"{len(glyphs)} characters: {''.join(sorted(glyphs))}",
    ]
    lines += [f"not learned: {char!r} {why}" for char, why in sorted(harvest.problems.items())]
    if harvest.missing_digits:
        lines.append(
            f"no digit is used: {', '.join(harvest.missing_digits)} missing, so no amount is read with this font"
        )
    return lines
