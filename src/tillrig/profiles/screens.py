"""Screens: recognised tolerantly, to operate; rendered exactly, to judge."""

from __future__ import annotations

import re
import unicodedata
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import SequenceMatcher

import msgspec
import regex

from tillrig.profiles.model import Profile
from tillrig.profiles.texts import broken, eye_kind, response_text, text_of, written
from tillrig.steps import Field, Screen

#: Share of a screen's characters that must fit its template; less is asked of a screen that is expected next.
SURE, LIKELY = 0.74, 0.52
_PIECE = re.compile(r"\{(\w+)(\*?)\}")
_MARKS = "#^>"


class RowExpectation(msgspec.Struct, frozen=True, kw_only=True):
    """What must stand in `row` (0 = top); text "" for a blank row. `kind` is the eye's. `part` ends the point's name.

    `unbound` names a symbol without a value yet: the row cannot be judged.
    """

    row: int
    text: str
    kind: str
    part: str
    requirement: str
    money: bool = False
    unbound: str = ""


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` is "" when no screen of the profile is near enough. `fields` as read; `keys` the texts' keys they show.

    `partial`: a row that holds one of the profile's texts on this screen is blank, as in the middle of a change.
    """

    kind: str
    score: float
    fields: dict[str, str] = {}
    keys: dict[str, str] = {}
    partial: bool = False


class Row(msgspec.Struct, frozen=True):
    """One template row taken apart: literals and fields in order."""

    pieces: tuple[tuple[str, str], ...]  # (literal, "") or ("", field)
    flows: bool

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(field for _, field in self.pieces if field)

    @property
    def literal(self) -> str:
        return "".join(text for text, _ in self.pieces)


def rows_of(templates: Sequence[str]) -> tuple[Row, ...]:
    """Take templates apart."""
    rows = []
    for template in templates:
        text = template[1:] if template[:1] in _MARKS else template
        pieces: list[tuple[str, str]] = []
        end = 0
        flows = False
        for found in _PIECE.finditer(text):
            if found.start() > end:
                pieces.append((text[end : found.start()], ""))
            pieces.append(("", found[1]))
            flows = flows or bool(found[2])
            end = found.end()
        if text[end:]:
            pieces.append((text[end:], ""))
        rows.append(Row(tuple(pieces), flows))
    return tuple(rows)


def render_screen(profile: Profile, step: Screen, bindings: Mapping[str, str]) -> tuple[RowExpectation, ...]:
    """The rows that the step must show. A row with a field that the step does not tell is left out: nobody knows it."""
    layout = profile.screens.get(step.kind)
    if layout is None:
        return ()
    fields = {field.name: field for field in step.fields}
    expectations: list[RowExpectation] = []
    rows = rows_of(layout.rows)
    number = 0
    for row in rows:
        named = [fields[name] for name in row.fields if name in fields]
        if len(named) < len(row.fields):
            number = profile.display.rows if row.flows else number + 1
            continue
        texts, unbound = _filled(profile, row, fields, bindings)
        lead = _lead(named)
        height = profile.display.rows - number if row.flows else 1
        for offset in range(height):
            text = texts[offset] if offset < len(texts) else ""
            expectations.append(_row(step, number + offset, text, lead, unbound))
        number += height
    expectations.extend(_row(step, blank, "", None, "") for blank in range(number, profile.display.rows))
    return tuple(expectations)


def _filled(
    profile: Profile, row: Row, fields: Mapping[str, Field], bindings: Mapping[str, str]
) -> tuple[list[str], str]:
    text = ""
    for literal, name in row.pieces:
        if not name:
            text += literal
            continue
        try:
            text += written(profile, fields[name], bindings, slip=False) or ""
        except KeyError as missing:
            return [""], str(missing.args[0])
    return (broken(text, profile.display.columns) if row.flows else [text.replace("|", "")]), ""


def _lead(fields: Sequence[Field]) -> Field | None:
    """The field that a row is about: one that counts as money before others."""
    return next((field for field in fields if field.money), fields[0] if fields else None)


def _row(step: Screen, number: int, text: str, field: Field | None, unbound: str) -> RowExpectation:
    shown = field if text or unbound else None
    return RowExpectation(
        row=number,
        text=text,
        kind=eye_kind(shown) if shown else "text",
        part=shown.name if shown else f"row{number + 1}",
        requirement=shown.requirement if shown else step.requirement,
        money=bool(shown and (shown.money or shown.kind == "amount")),
        unbound=unbound,
    )


def bare(text: str) -> str:
    """Half-width forms, no spaces."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def alike(one: str, two: str) -> float:
    """0 … 1: share of characters that two bare texts have in common, in order."""
    if one == two:
        return 1.0
    if not one or not two:
        return 0.0
    return SequenceMatcher(None, one, two, autojunk=False).ratio()


class ScreenRecogniser:
    """Tells which screen of a profile some rows show, though a few characters be misread or wrong."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._screens = {kind: _Matcher(profile, kind) for kind in profile.screens}
        self._known: OrderedDict[tuple[tuple[str, ...], frozenset[str]], Recognition] = OrderedDict()

    def recognise(self, rows: Sequence[str], expected: Collection[str] = ()) -> Recognition:
        """`rows` as read; `expected` kinds come first among equals, and may be less alike."""
        key = (tuple(rows), frozenset(expected))
        if key not in self._known:
            self._known[key] = self._best([bare(row) for row in rows], key[1])
            while len(self._known) > 400:
                self._known.popitem(last=False)
        return self._known[key]

    def _best(self, rows: list[str], expected: frozenset[str]) -> Recognition:
        if not any(rows):
            return Recognition(kind="", score=1.0)
        found = [matcher.match(rows) for matcher in self._screens.values()]
        found.sort(key=lambda one: one.score + (0.04 if one.kind in expected else 0), reverse=True)
        best = found[0] if found else Recognition(kind="", score=0)
        if best.score >= SURE or (best.kind in expected and best.score >= LIKELY):
            return best
        return Recognition(kind="", score=best.score, fields={f"row{n + 1}": row for n, row in enumerate(rows)})


class _Matcher:
    """One screen's template, ready to be compared."""

    def __init__(self, profile: Profile, kind: str) -> None:
        layout = profile.screens[kind]
        self.kind = kind
        self._height = profile.display.rows
        # Errors are counted: a value with a few wrong characters still has the field's form.
        self._patterns = {
            field: regex.compile(f"(?:{pattern}){{e<=4}}", regex.BESTMATCH)
            for field, pattern in layout.patterns.items()
        }
        self._rows = rows_of(layout.rows)
        # field → bare text → key; of several keys with one text the first stands for all.
        self._texts = {field: dict(reversed(list(_texts(profile, keys)))) for field, keys in layout.texts.items()}

    def match(self, rows: list[str]) -> Recognition:
        fields: dict[str, str] = {}
        keys: dict[str, str] = {}
        gained, weight = 0.0, 0.0
        padded = rows + [""] * (self._height - len(rows))
        number = 0
        partial = False
        for row in self._rows:
            seen = "".join(padded[number:]) if row.flows else padded[number]
            partial = partial or (not seen and self._holds_text(row))
            number = self._height if row.flows else number + 1
            score, worth = self._row(row, seen, fields, keys)
            gained, weight = gained + score * worth, weight + worth
        for left in padded[number : self._height]:
            worth = max(2.0, len(left))
            gained, weight = gained + (0.0 if left else worth), weight + worth
        return Recognition(
            kind=self.kind, score=gained / weight if weight else 0.0, fields=fields, keys=keys, partial=partial
        )

    def _holds_text(self, row: Row) -> bool:
        return bool(bare(row.literal)) or any(self._texts.get(name) for name in row.fields)

    def _row(self, row: Row, seen: str, fields: dict[str, str], keys: dict[str, str]) -> tuple[float, float]:
        if not row.pieces:
            return (0.0 if seen else 1.0), max(2.0, len(seen))
        if len(row.pieces) == 1 and row.fields:
            return self._field(row.fields[0], seen, fields, keys)
        literal = bare(row.literal)
        if not row.fields:
            return alike(literal, seen), max(2.0, len(literal))
        at = len(bare(row.pieces[0][0]))
        value = seen[at:]
        fields[row.fields[0]] = value
        return alike(literal, seen[:at]), max(2.0, len(literal))

    def _field(self, name: str, seen: str, fields: dict[str, str], keys: dict[str, str]) -> tuple[float, float]:
        fields[name] = seen
        texts = self._texts.get(name)
        if texts is None:
            pattern = self._patterns.get(name)
            if pattern is None:
                return 1.0, 0.5
            return _formed(pattern, seen), max(2.0, len(seen) * 0.6)
        if seen in texts:
            keys[name] = texts[seen]
            return 1.0, max(2.0, len(seen))
        score, text = max(((alike(text, seen), text) for text in texts), default=(0.0, ""))
        keys[name] = texts.get(text, "")
        return score, max(2.0, len(text))


def _formed(pattern: regex.Pattern[str], seen: str) -> float:
    """0 … 1: how far a value has the form of its field; a wrong character costs double its share."""
    found = pattern.fullmatch(seen)
    wrong = sum(found.fuzzy_counts) if found is not None else len(seen)
    if not wrong and found is not None:
        return 1.0
    return max(0.0, 1.0 - 2.0 * wrong / len(seen)) if seen else 0.3


def _texts(profile: Profile, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    for key in keys:
        if key == "response.*":
            for code in profile.responses:
                yield bare(response_text(profile, code).replace("|", "")), f"response.{code}"
            yield bare(response_text(profile, "?").replace("|", "")), "response.?"
        elif key.endswith("*"):
            for name, text in profile.texts.items():
                if name.startswith(key[:-1]):
                    yield bare(text.replace("|", "")), name
        else:
            yield bare(text_of(profile, key).replace("|", "")), key
