"""Values to text and back: amounts, dates, masked numbers, texts by key, row breaking. Amounts are integer fen."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from tillrig.errors import ProfileError
from tillrig.profiles.model import Profile
from tillrig.steps import Field, Symbol


def width(text: str) -> int:
    """Columns of half-width characters that `text` takes: Chinese ones take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def broken(text: str, columns: int) -> list[str]:
    """`text` in rows of `columns`, greedily, never inside a Chinese character (rules H14, R1); `|` always breaks."""
    rows: list[str] = []
    for part in text.split("|"):
        row = ""
        for char in part:
            if width(row) + width(char) > columns:
                rows.append(row)
                row = ""
            row += char
        rows.append(row)
    return rows


def amount_text(fen: int, thousands: str) -> str:
    """Yuan with two decimals (money)."""
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    yuan = f"{fen // 100:,}".replace(",", thousands)
    return f"{sign}{yuan}.{fen % 100:02d}"


def text_of(profile: Profile, key: str) -> str:
    """The text of a key; `response.<code>` and `issuer.<digits>` come from their tables. Raises ProfileError."""
    table, _, name = key.partition(".")
    if table == "response":
        return response_text(profile, name)
    if table == "issuer":
        return profile.issuers.get(name[:8], name)
    if key not in profile.texts:
        raise ProfileError(f"{profile.directory / 'profile.yaml'}: texts.{key} is wanted and is not there")
    return profile.texts[key]


def response_text(profile: Profile, code: str) -> str:
    """What the screen says of F39 (rules H13, H14)."""
    text = profile.responses.get(code)
    if text is None:
        return profile.response_unknown.format(code=code)
    return text if code in profile.approvals else profile.response_text.format(code=code, text=text)


def value_of(field: Field, bindings: Mapping[str, str]) -> str | int | bool | None:
    """The field's value with its symbol filled in; None: must be absent. Raises KeyError when a symbol is not bound."""
    value = field.value
    if isinstance(value, Symbol):
        bound = value.value(bindings)
        if bound is None:
            raise KeyError(value.name)
        value = bound or None
        if value is not None and field.kind in ("amount", "count", "stars"):
            return int(value)
    return value


def written(  # noqa: PLR0911 - one line a kind
    profile: Profile, field: Field, bindings: Mapping[str, str], *, slip: bool
) -> str | None:
    """How the terminal writes the field; None when it must be absent. Raises KeyError for an unbound symbol."""
    value = value_of(field, bindings)
    if value is None or value is False:
        return None
    formats = profile.formats
    match field.kind:
        case "amount":
            return amount_text(int(value), formats.slip_thousands if slip else formats.screen_thousands)
        case "key":
            return text_of(profile, f"{field.prefix}{value}")
        case "stars":
            return "*" * int(value)
        case "expiry":
            text = str(value)
            if text.strip("0") == "":
                return None
            return formats.expiry.format(yyyy=formats.century + text[:2], mm=text[2:4])
        case "datetime":
            return _datetime(str(value), formats.slip_datetime if slip else formats.screen_datetime, bindings)
        case "presence":
            return ""
    return str(value)


def _datetime(value: str, layout: str, bindings: Mapping[str, str]) -> str:
    """`value` MMDDhhmmss, or with the year before it; without, the year is that of the run (bindings["year"])."""
    year, rest = (value[:4], value[4:]) if len(value) > 10 else (bindings.get("year", "0000"), value)
    return layout.format(yyyy=year, mm=rest[:2], dd=rest[2:4], HH=rest[4:6], MM=rest[6:8], SS=rest[8:10])


#: How the eye judges what a kind of field shows.
EYE_KIND = {
    "amount": "amount",
    "digits": "digits",
    "count": "digits",
    "masked_pan": "masked_pan",
    "date": "date",
    "time": "time",
    "expiry": "date",
}


def eye_kind(field: Field) -> str:
    """The eye's kind for a field of the reference engine."""
    return EYE_KIND.get(field.kind, "text")
