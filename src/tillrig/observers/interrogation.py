"""Puts expectations to the eye and makes screen and slip observations of its testimony."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from tillrig.masking import Masker, mask_digits
from tillrig.observations import Line, Reading, ScreenSeen, SlipSeen, Testimony
from tillrig.observers.redaction import painted_over, rectified
from tillrig.observers.screen import SECRET_FIELDS, Sighting, State
from tillrig.observers.slip import Capture
from tillrig.profiles import LineExpectation, Profile, RowExpectation
from tillrig.profiles.slips import parse_slip
from tillrig.vision import Frame, ScreenReader, SlipReader
from tillrig.vision.grammar import obeys

#: Distinct frames offered to the eye for one expectation.
FRAMES = 3
#: Camera pixels left and right of a line that are painted over with the paper above it.
BESIDE = 400.0
Point = tuple[float, float]
Box = tuple[float, float, float, float]
Store = Callable[[bytes], str]


class _Said(msgspec.Struct, frozen=True):
    """The eye's word on a row, where it stands, and the frames that were asked if they are to be drawn. `secret`: stars
    were expected there."""

    word: Testimony
    box: Box
    frames: tuple[Frame, ...] = ()
    secret: bool = False


class ScreenInterrogator:
    """Asks the eye about rows of a sighting; remembers what it said."""

    def __init__(self, reader: ScreenReader, profile: Profile, masker: Masker) -> None:
        self._reader, self._profile, self._masker = reader, profile, masker
        self._said: dict[tuple[int, int, str, str], _Said] = {}
        self.frames_read: set[str] = set()

    def ask(self, sighting: Sighting, expectations: Iterable[RowExpectation]) -> None:
        """Hear the eye on each expectation that it was not asked about before."""
        state = sighting.last
        for one in expectations:
            key = (id(state), one.row, one.text, one.kind)
            frames = self.frames(sighting, one.row)
            if one.unbound or key in self._said or not frames:
                continue
            said = self._reader.testify_row(frames, one.row, one.text, one.kind)
            self.frames_read.update(said.frames)
            testimony = said.observed()
            secret = one.part in SECRET_FIELDS
            kept = () if testimony.reading is Reading.MATCH or secret else frames
            self._said[key] = _Said(_hidden(testimony, one, state), _box(said.box), kept, secret)

    def ask_as_read(self, sighting: Sighting) -> None:
        """Hear the eye on each row's own quick reading: whether an unknown screen is legible at all."""
        rows = enumerate(sighting.last.rows)
        self.ask(
            sighting,
            [
                RowExpectation(row=number, text=text, kind="text", part=f"row{number + 1}", requirement="")
                for number, text in rows
                if text.strip()
            ],
        )

    def frames(self, sighting: Sighting, row: int | None = None) -> tuple[Frame, ...]:
        """The newest sound frames of the sighting's last state; settled ones when there are enough.

        For one `row` also those of earlier states that showed the same there, when the last state was short.
        """
        state = sighting.last
        frames = state.frames(sighting.ended_at is not None)
        if row is not None and len(frames) < FRAMES:
            same = [one for one in sighting.states[:-1] if one.rows[row] == state.rows[row]]
            frames += tuple(frame for one in reversed(same) for frame in one.frames(True))
        settled = [frame for frame in frames if state.settled_at is not None and frame.time >= state.settled_at]
        return tuple((settled if len(settled) >= 2 else frames)[:FRAMES])

    def picture(self, sighting: Sighting) -> bytes:
        """The newest frame as it may be stored (JPEG, b"" for none). Painted over are rows with a card number, and a
        secret's row in which the eye did not find the stars, because it may show the secret itself.
        """
        frames = self.frames(sighting)
        if not frames:
            return b""
        areas = self._areas(frames[0], self._hidden_rows(sighting.last))
        return painted_over(frames[0].jpeg, areas) if areas else frames[0].jpeg

    def _hidden_rows(self, state: State) -> frozenset[int]:
        secret = {state.recognition.fields.get(name, "") for name in SECRET_FIELDS} - {""}
        masked = self._masker.text("\n".join(state.rows)).split("\n")  # a card number may go on in the next row
        asked = {at for (owner, at, _, _), one in self._said.items() if owner == id(state) and one.secret}
        return frozenset(
            number
            for number, row in enumerate(state.rows)
            if masked[number] != row
            or ((number in asked or "".join(row.split()) in secret) and not self._starred(state, number))
        )

    def _areas(self, frame: Frame, rows: Iterable[int]) -> list[tuple[Point, ...]]:
        hidden = sorted(rows)
        read = self._reader.quick_rows(frame) if hidden else ()
        return [read[number].box for number in hidden]

    def _starred(self, state: State, row: int) -> bool:
        said = [one.word for (owner, at, _, _), one in self._said.items() if owner == id(state) and at == row]
        return any(word.reading is Reading.MATCH and not word.expected.strip("* ") for word in said)

    def _shown(self, one: _Said, sighting: Sighting, row: int, store: Store | None) -> Testimony:
        """The eye's word with what a person may see of it. A frame may be of an earlier state of the screen."""
        exhibit = one.word.exhibit
        if row in self._hidden_rows(sighting.last):
            whole = self._masker.text(one.word.seen) != one.word.seen
            hide = self._masker.text if whole else mask_digits
            return msgspec.structs.replace(
                one.word, seen=hide(one.word.seen), why=hide(one.word.why), exhibit=exhibit and exhibit.hidden()
            )
        if exhibit is None:
            return _masked(one.word, self._masker)
        crops: tuple[str, ...] = ()
        if store is not None and one.word.seen == self._masker.text(one.word.seen):
            hidden = frozenset().union(*map(self._hidden_rows, sighting.states)) - {row}
            asked = [frame for frame in one.frames if frame.id in exhibit.frames]
            drawn = [rectified(frame.jpeg, exhibit.box, self._areas(frame, hidden)) for frame in asked]
            crops = tuple(store(png) for png in drawn if png)
        return msgspec.structs.replace(one.word, exhibit=exhibit.masked(self._masker), crops=crops)

    def observe(self, sighting: Sighting, seq: int, picture: str = "", store: Store | None = None) -> ScreenSeen:
        """The observation with everything that the eye said of it so far. `store` keeps a picture and gives its blob:
        with it, lines that are no match are drawn."""
        state = sighting.last
        frames = self.frames(sighting)
        lines = []
        secret = {state.recognition.fields.get(name, "") for name in SECRET_FIELDS} - {""}
        for number, row in enumerate(state.rows):
            said = [value for (owner, at, _, _), value in self._said.items() if owner == id(state) and at == number]
            shown = mask_digits(row) if "".join(row.split()) in secret else self._masker.text(row)
            box = said[0].box if said else (0.0, 0.0, 0.0, 0.0)
            words = tuple(self._shown(one, sighting, number, store) for one in said)
            lines.append(Line(text=shown, confidence=1.0, box=box, blank=not row, testimonies=words))
        fields = {
            name: mask_digits(text) if name in SECRET_FIELDS else self._masker.text(text)
            for name, text in state.recognition.fields.items()
        }
        return ScreenSeen(
            seq=seq,
            at=sighting.at,
            until=sighting.ended_at or 0.0,
            kind=sighting.kind,
            fields=fields,
            keys=dict(state.recognition.keys),
            lines=tuple(lines),
            frames=tuple(frame.id for frame in frames),
            settled=len(frames) >= 2 and (state.settled_at is not None or len(state.frames(True)) >= 3),
            picture=picture,
            exposed=self._masker.exposed(*state.rows),
        )

    def forget(self) -> None:
        """Drop what was said; between actions."""
        self._said.clear()
        self.frames_read.clear()


class SlipInterrogator:
    """Asks the eye about lines of a captured slip."""

    def __init__(self, reader: SlipReader, profile: Profile, masker: Masker) -> None:
        self._reader, self._profile, self._masker = reader, profile, masker
        self._exposed = False

    def read(self, capture: Capture, hints: Sequence[str] = ()) -> None:
        """Read the newest slip in view; `hints`: texts that may be proven instead of read blind. Idempotent."""
        if capture.lines is not None:
            return
        reading = self._reader.read_slip(capture.frames, hints, newest_only=True)
        newest = reading.slips[-1] if reading.slips else ()
        capture.lines = tuple(line for line in newest if line.height != "rule")
        capture.whole = self._whole(newest, reading.slips)

    def _whole(self, newest: Sequence[object], slips: Sequence[object]) -> bool:
        if not newest:
            return False
        top, bottom = getattr(newest[0], "top", 0), getattr(newest[-1], "bottom", 0)
        margin = self._reader.geometry.gap // 2
        return bottom <= self._reader.length_dots - margin and (len(slips) > 1 or top >= 4)

    def ask(self, capture: Capture, expectations: Sequence[LineExpectation], aligned: Sequence[int | None]) -> None:
        """Hear the eye on each expectation about the line that `aligned` gives it."""
        assert capture.lines is not None
        for one, index in zip(expectations, aligned, strict=True):
            if index is None or one.unbound:
                continue
            self._ask(capture, index, one.text, one.kind)
            said = capture.said[(index, one.text)]
            if said.reading != "MATCH" and one.empty.strip():
                self._ask(capture, index, one.empty, "text")

    def ask_as_read(self, capture: Capture) -> None:
        """Hear the eye on the own text of each line that nothing expected was laid on: whether it is really there."""
        asked = {index for index, _ in capture.said}
        for index, line in enumerate(capture.lines or ()):
            if index not in asked and line.text.strip() and self._masker.text(line.text) == line.text:
                self._ask(capture, index, line.text, "amount" if obeys("amount", line.text) else "text")

    def _ask(self, capture: Capture, index: int, text: str, kind: str) -> None:
        assert capture.lines is not None
        if (index, text) in capture.said:
            return
        line = capture.lines[index]
        said = self._reader.testify_line(capture.frames, line, text, kind)
        if said.answer is Reading.UNREADABLE and capture.look_longer():
            said = self._reader.testify_line(capture.frames, line, text, kind)
        testimony = said.observed()
        capture.said[(index, text)] = _masked(testimony, self._masker)

    def picture(self, capture: Capture) -> bytes:
        """The newest frame as it may be stored (JPEG): lines that show a card number are painted over, and, once a
        slip showed one, whatever older slip hangs above the newest.
        """
        hidden = self._areas(capture)
        self._exposed = self._exposed or bool(hidden)
        jpeg = capture.frames[-1].jpeg
        return painted_over(jpeg, hidden) if hidden else jpeg

    def _areas(self, capture: Capture) -> list[Sequence[Point]]:
        lines = capture.lines or ()
        hidden: list[Sequence[Point]] = [line.box for line in lines if self._masker.text(line.text) != line.text]
        if self._exposed and lines:
            (left, top), (right, _) = lines[0].box[0], lines[0].box[1]
            hidden.append(((left - BESIDE, 0.0), (right + BESIDE, 0.0), (right + BESIDE, top), (left - BESIDE, top)))
        return hidden

    def _shown(self, capture: Capture, index: int, text: str, store: Store | None) -> Testimony:
        """The eye's word on a line with what a person may see of it: no crop where it is a plain match, or where the
        line shows a card number."""
        said, line = capture.said[(index, text)], (capture.lines or ())[index]
        match = said.reading is Reading.MATCH
        if store is None or match or said.exhibit is None or self._masker.text(line.text) != line.text:
            return said
        hidden = self._areas(capture)
        asked = [frame for frame in capture.frames if frame.id in said.exhibit.frames][:FRAMES]
        drawn = [rectified(frame.jpeg, said.exhibit.box, hidden) for frame in asked]
        return msgspec.structs.replace(said, crops=tuple(store(png) for png in drawn if png))

    def observe(self, capture: Capture, seq: int, picture: str = "", store: Store | None = None) -> SlipSeen:
        """The observation with everything that the eye said of it so far. `store` keeps a picture and gives its blob:
        with it, lines that are no match are drawn."""
        self.read(capture)
        assert capture.lines is not None
        found = parse_slip(self._profile, [line.text for line in capture.lines])
        lines = tuple(
            Line(
                text=self._masker.text(line.text),
                confidence=line.confidence,
                box=_box(line.box),
                height=line.height,
                testimonies=tuple(self._shown(capture, at, text, store) for at, text in capture.said if at == index),
            )
            for index, line in enumerate(capture.lines)
        )
        return SlipSeen(
            seq=seq,
            at=capture.at,
            copy=found.copy,
            fields={name: self._masker.text(text) for name, text in found.fields.items()},
            field_lines=found.lines,
            lines=lines,
            frames=tuple(frame.id for frame in capture.frames),
            complete=capture.whole,
            picture=picture,
            exposed=self._masker.exposed(*(line.text for line in capture.lines)),
        )


def _hidden(said: Testimony, one: RowExpectation, state: State) -> Testimony:
    """What a secret field showed is told without its digits."""
    if one.part not in SECRET_FIELDS:
        return said
    return msgspec.structs.replace(
        said,
        seen=mask_digits(said.seen),
        why="something else than a star is readable" if said.why else "",
        exhibit=said.exhibit and said.exhibit.hidden(),
    )


def _masked(said: Testimony, masker: Masker) -> Testimony:
    return msgspec.structs.replace(
        said,
        seen=masker.text(said.seen),
        why=masker.text(said.why),
        exhibit=said.exhibit and said.exhibit.masked(masker),
    )


def _box(points: Sequence[tuple[float, float]]) -> Box:
    """The upright box around four camera points."""
    if not points:
        return (0.0, 0.0, 0.0, 0.0)
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return (min(xs), min(ys), max(xs), max(ys))
