"""Slips: the lines that a step must print, and the fields that a printed slip holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from tillrig.profiles.model import Profile, SlipLine
from tillrig.profiles.screens import alike, bare
from tillrig.profiles.texts import broken, eye_kind, text_of, value_of, written
from tillrig.steps import Field, Slip

_PIECE = re.compile(r"\{([\w.]+)(:plain|:>\d+)?\}")


class LineExpectation(msgspec.Struct, frozen=True, kw_only=True):
    """One line that must be printed. `label`: text before the value; `value`: what the eye must find right.

    `empty`: the same line as it would look had the terminal left the value out. `prefix`: only the label is known.
    """

    text: str
    kind: str
    field: str
    requirement: str
    money: bool = False
    size: str = "text"
    unbound: str = ""
    empty: str = ""
    label: bool = False
    prefix: bool = False


class SlipText(msgspec.Struct, frozen=True, kw_only=True):
    """Fields found on a slip and the numbers of the lines that hold them. `copy` "" when it is none of the layouts."""

    layout: str
    copy: str
    fields: dict[str, str]
    lines: dict[str, tuple[int, ...]]


def layout_of(step: Slip) -> str:
    """Which layout of the profile the step's slip has."""
    return "settlement" if step.copy == "settlement" else "sale"


def slip_lines(profile: Profile, step: Slip, bindings: Mapping[str, str]) -> tuple[LineExpectation, ...]:
    """All lines of the slip in order, rules left out. Lines of fields that must be absent are not among them."""
    fields = {field.name: field for field in step.fields}
    lines: list[LineExpectation] = []
    for template in profile.slips.get(layout_of(step), ()):
        if not template.rule:
            lines.extend(_lines(profile, template, fields, step, bindings))
    return tuple(lines)


def _lines(
    profile: Profile, template: SlipLine, fields: Mapping[str, Field], step: Slip, bindings: Mapping[str, str]
) -> list[LineExpectation]:
    names = [name for name, _ in _PIECE.findall(template.text)]
    plain_amount = ":plain}" in template.text
    about = template.field or (names[0] if names else "")
    wanted = [fields.get(name) for name in dict.fromkeys([*([template.field] if template.field else []), *names])]
    if any(field is None for field in wanted):
        return []
    known = [field for field in wanted if field is not None]
    values: dict[str, str] = {}
    unbound = ""
    for field in known:
        try:
            text = written(profile, field, bindings, slip=not plain_amount)
        except KeyError as missing:
            unbound, text = str(missing.args[0]), "?"
        if text is None or (text == "" and field.kind != "presence"):
            if not template.keep_empty:
                return []
            text = ""
        values[field.name] = text
    lead = next((field for field in known if field.money), known[0] if known else None)
    if template.each:
        return _each(profile, template, values[about], lead, step, unbound)
    text = _PIECE.sub(lambda found: _placed(values[found[1]], found[2] or ""), template.text)
    if names and not text.strip():
        return []
    label = _PIECE.sub("", template.text)
    head = label.partition("|")[0] if "|" in label else ""
    prefix = any(field.kind == "presence" for field in known) and bool(names)
    found = []
    for part in _wrapped(profile, template, text):
        plain = not names or part == head
        found.append(
            LineExpectation(
                text=part,
                kind="text" if plain or prefix or lead is None else _line_kind(part, lead),
                field=about or "text",
                requirement=lead.requirement if lead else step.requirement,
                money=bool(lead and lead.money) and not plain,
                size=template.size,
                unbound="" if plain else unbound,
                empty=label if names and label.strip() and not plain and not head else "",
                label=plain,
                prefix=prefix,
            )
        )
    return found


def _placed(value: str, form: str) -> str:
    """`value`, right-aligned in so many columns where the template says `:>n`."""
    return value.rjust(int(form[2:])) if form.startswith(":>") else value


def _each(
    profile: Profile, template: SlipLine, value: str, lead: Field | None, step: Slip, unbound: str
) -> list[LineExpectation]:
    """One line a text of a field that holds several, parted by runs of spaces."""
    texts = [part for part in re.split(r"\s{2,}", value.strip()) if part]
    return [
        LineExpectation(
            text=line, kind="text", field=template.field or "text", size=template.size, unbound=unbound,
            requirement=lead.requirement if lead else step.requirement,
        )
        for text in texts
        for line in broken(text, _columns(profile, template.size))
    ]  # fmt: skip


def _line_kind(text: str, field: Field) -> str:
    kind = eye_kind(field)
    if kind == "digits" and not re.search(r"\d", text):
        return "text"
    return kind


def _columns(profile: Profile, size: str) -> int:
    printer = profile.printer
    return {"small": printer.small_columns, "amount": printer.amount_columns}.get(size, printer.columns)


def _wrapped(profile: Profile, template: SlipLine, text: str) -> list[str]:
    return [line for line in broken(text, _columns(profile, template.size)) if line.strip()]


def copy_of(profile: Profile, texts: Sequence[str]) -> str:
    """merchant, cardholder or settlement, by the lines that name it; "" when none is near enough."""
    names = {
        "merchant": text_of(profile, "slip.copy.merchant"),
        "cardholder": text_of(profile, "slip.copy.cardholder"),
        "settlement": text_of(profile, "slip.settlement.title"),
    }
    scored = [(alike(bare(name), bare(text)), copy) for copy, name in names.items() for text in texts[:6]]
    score, copy = max(scored, default=(0.0, ""))
    return copy if score >= 0.6 else ""


def parse_slip(profile: Profile, texts: Sequence[str]) -> SlipText:
    """Fields by their labels, in the order of the layout; what is misread a little is found all the same."""
    copy = copy_of(profile, texts)
    layout = "settlement" if copy == "settlement" else "sale"
    fields: dict[str, str] = {}
    lines: dict[str, tuple[int, ...]] = {}
    at = 0
    labelled = [
        (template, names, head) for template in profile.slips.get(layout, ()) for names, head in _heads(template)
    ]
    labels = [head for _, _, head in labelled]
    for template, names, head in labelled:
        found = _label_at(head, labels, texts, at)
        if found is None:
            continue
        value = bare(texts[found])[len(head) :]
        used = [found]
        if "|" in template.text and not value and found + 1 < len(texts):
            used.append(found + 1)
            value = texts[found + 1].strip()
        if len(names) == 1 or value:
            fields[names[0]] = value
            lines[names[0]] = tuple(used)
        at = used[-1] + 1
    if copy:
        fields["copy"] = copy
    return SlipText(layout=layout, copy=copy, fields=fields, lines=lines)


def _heads(template: SlipLine) -> list[tuple[list[str], str]]:
    """The template's fields and its label, bare; none when it has no label."""
    names = [name for name, _ in _PIECE.findall(template.text)]
    head = bare(template.text.partition("{")[0].partition("|")[0])
    return [(names, head)] if names and head and not template.rule else []


def _label_at(label: str, labels: Sequence[str], texts: Sequence[str], start: int) -> int | None:
    """The line from `start` that begins most like `label`, and more like it than like any other label."""

    def likeness(one: str, text: str) -> float:
        return alike(one, text[: len(one)])

    best, found = 0.65, None
    for place in range(start, len(texts)):
        text = bare(texts[place])
        score = likeness(label, text) - 0.01 * (place - start)
        if score >= best and likeness(label, text) >= max(likeness(other, text) for other in labels):
            best, found = score, place
    return found


def absent(field: Field, bindings: Mapping[str, str]) -> bool:
    """Whether the step wants the field not to be there."""
    try:
        value = value_of(field, bindings)
    except KeyError:
        return False
    return value is None or value is False


def labels_of(profile: Profile, step: Slip, field: str) -> tuple[str, ...]:
    """Fixed texts by which a line of `field` can be known, on the step's slip."""
    labels = []
    for template in profile.slips.get(layout_of(step), ()):
        names = [name for name, _ in _PIECE.findall(template.text)]
        if field in (template.field, *names[:1]) and not template.rule:
            head = template.text.partition("{")[0].partition("|")[0]
            if len(bare(head)) >= 4:
                labels.append(head)
            else:
                labels.append(_PIECE.sub("", template.text))
    return tuple(label for label in labels if label.strip())
