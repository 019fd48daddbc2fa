"""The screens of the flows, model-free: kind, title, prompt or text by key, values (terminal; rules T2, T3, T6)."""

from __future__ import annotations

from tillrig.reference.fields import field
from tillrig.reference.values import Parameters
from tillrig.steps import Field, Give, Screen, Symbol, Value

#: Texts of an exchange that failed (rules H21), by outcome of the exchange; of a bad answer by what differs.
FAILURE_TEXTS = {
    "no_answer": "text.answer_timeout",
    "closed": "text.connect_failed",
    "refused_connection": "text.connect_failed",
    "not_sent": "text.no_link",
    "unreadable": "text.unreadable",
    "bad_mac": "text.bad_mac",
    "mti": "text.bad_mti",
    "F3": "text.bad_f3",
    "F11": "text.bad_f11",
    "F41": "text.bad_f41",
    "F42": "text.bad_f42",
    "F4": "text.bad_f4",
}


def titled(kind: str, title: str, requirement: str, *fields: Field, optional: bool = False) -> Screen:
    """A screen whose first row is the name of the function."""
    return Screen(
        kind=kind,
        requirement=requirement,
        optional=optional,
        fields=(field("title", "key", title, requirement), *fields),
    )


def prompt(
    kind: str,
    title: str,
    requirement: str,
    *fields: Field,
    give: Give = "none",
    value: Value = None,
    optional: bool = False,
) -> Screen:
    """A screen that asks: its prompt's key is "prompt.<kind>"."""
    return Screen(
        kind=kind,
        requirement=requirement,
        optional=optional,
        fields=(
            field("title", "key", title, requirement),
            field("prompt", "key", f"prompt.{kind}", requirement),
            *fields,
        ),
        give=give,
        value=value,
    )


def says(kind: str, title: str, text: str, requirement: str, *, optional: bool = False) -> Screen:
    """A screen that only says something, by key of the text."""
    return titled(kind, title, requirement, field("text", "key", text, requirement), optional=optional)


def answered(title: str, code: str | Symbol, requirement: str) -> Screen:
    """The result screen with the text of the host's code (rules H13, H14)."""
    return titled("result", title, requirement, field("text", "key", code, requirement, prefix="response."))


def menu(path: str) -> Screen:
    """The main menu, from which `path` is chosen, such as "7-6"."""
    return Screen(kind="menu", requirement="MENU", give="menu", value=path)


def busy(title: str) -> Screen:
    """通讯中: may be over before a camera sees it."""
    return says("busy", title, "text.busy", "SALE-PROMPTS", optional=True)


def remove_card(title: str, *, optional: bool) -> Screen:
    """请取走卡片: certain after a cancel with the card in, elsewhere only if the card is still in."""
    return prompt("remove_card", title, "CANCEL", give="remove", optional=optional)


def printing(title: str) -> Screen:
    """正在打印: may be covered by the next prompt."""
    return says("printing", title, "text.printing", "SLIP-COPIES", optional=True)


def version_fields(parameters: Parameters) -> tuple[Field, ...]:
    """Model and version; unknown ones are symbols without a bind, so the first place that shows them settles them."""
    return (
        field("model", "text", parameters.model, "VERSION"),
        field("version", "text", parameters.version or Symbol("version"), "VERSION"),
    )
