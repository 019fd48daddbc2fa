"""Which disturbances the reference engine predicts: where each may come, and what must not have happened before it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from tillrig.errors import UsageError
from tillrig.host.messages import SERVED
from tillrig.host.scenarios import ProcessRequest, Scenario
from tillrig.reference import Conditions
from tillrig.timeline import Event

if TYPE_CHECKING:
    from tillrig.session.interferences import When

#: An act that begins with this presses a key.
PRESS = "press:"
#: A request has come, and the terminal waits for its answer.
WAITING = frozenset(f"host.{message}" for message in SERVED)
#: Where an act must come for the engine to know what follows; an act named nowhere leaves the rig as it was. Keys are
#: ignored while the terminal waits for an answer (rules T6); at a prompt they are somebody's answer to it.
PREDICTED: dict[str, frozenset[str]] = {
    "pull_card": frozenset({"screen.busy", "host.sale"}),
    "link_down": frozenset({"screen.ask_amount", "screen.ask_card", "screen.ask_pin", "screen.confirm_settle"}),
    "paper_out": frozenset({"screen.ask_amount", "screen.ask_card", "screen.ask_pin", "screen.busy", "host.sale"}),
    "cut_power": frozenset(),
    "press": WAITING,
}
#: What has come too early for an act that is not yet done: the prediction no longer holds.
TOO_LATE: dict[str, frozenset[str]] = {
    "pull_card": frozenset({"host.sale.answered"}),
    "link_down": frozenset({"screen.busy", "screen.reversing", "screen.settling", "screen.signing_in"}) | WAITING,
    "paper_out": frozenset({"screen.printing"}),
}
#: What of `reference.Conditions` an act changes.
CONDITIONS: dict[str, tuple[str, bool]] = {
    "link_down": ("link_up", False),
    "paper_out": ("paper_in", False),
    "pull_card": ("card_pulled", True),
}
#: What an act restores of them, and where the action no longer depends on it.
RESTORED: dict[str, tuple[str, frozenset[str]]] = {
    "link_up": ("link_up", frozenset({"screen.result", "screen.refused", "screen.menu"})),
    "paper_in": ("paper_in", frozenset({"screen.paper_out", "screen.menu"})),
}


def kind_of(act: object) -> str:
    """The word under which an act is predicted; "" for a function of the suite's own."""
    if not isinstance(act, str):
        return ""
    return "press" if act.startswith(PRESS) else act


def is_predicted(when: When) -> bool:
    """Whether the engine counts on this act."""
    return kind_of(when.act) in PREDICTED


def conditions_of(whens: Sequence[When], standing: Conditions) -> Conditions:
    """What `whens` make of the `standing` conditions. Raises UsageError for an act whose consequences nobody predicts:
    it would be judged as if it had not happened.
    """
    for when in whens:
        known = PREDICTED.get(kind_of(when.act))
        if known is not None and when.point not in known:
            raise _unpredicted(when, known)
    acts = {kind_of(when.act) for when in whens}
    changes = {name: value for act, (name, value) in CONDITIONS.items() if act in acts}
    conditions: Conditions = msgspec.structs.replace(standing, **changes)
    for when in whens:
        name, places = RESTORED.get(kind_of(when.act), ("", frozenset()))
        if name and not getattr(conditions, name) and when.point not in places:
            raise _unpredicted(when, places)
    return conditions


def _unpredicted(when: When, known: frozenset[str]) -> UsageError:
    places = ", ".join(sorted(known)) or "no point yet"
    return UsageError(f"what {when.act} at {when.point} leads to is not predicted; predicted at: {places}")


def refuse_unpredicted(scenarios: Iterable[Scenario]) -> None:
    """Raise UsageError for what the host may be told to do without anybody knowing what the terminal then does."""
    for one in scenarios:
        if isinstance(one, ProcessRequest) and one.nibble:
            raise UsageError(
                f"what {one.name}({one.nibble}) leads to is not predicted yet: the terminal obeys it in a later action"
            )


def too_late(when: When, done: float, events: Iterable[Event]) -> str:
    """What had come before an act that was `done` (monotonic s) could still lead to what is predicted; "" for nothing.

    `events`: of the timeline, since the action began.
    """
    limits = TOO_LATE.get(kind_of(when.act), frozenset())
    if kind_of(when.act) == "press":
        limits = frozenset({f"{when.point}.answered"})
    came = [(at, point) for event in events for point in limits if (at := time_of(point, event)) is not None]
    return next((point for at, point in sorted(came) if at < done), "")


def time_of(point: str, event: Event) -> float | None:
    """When `point` came, where `event` says that it did; an answer when its last byte was handed over."""
    place, _, what = point.partition(".")
    name, _, phase = what.partition(".")
    if place == "screen":
        return event.at if event.kind == "screen" and event.data.get("screen") == name else None
    if place != "host" or event.data.get("name") != name:
        return None
    if phase != "answered":
        return event.at if event.kind == "host_request" else None
    at: float | None = event.data.get("at_answer") if event.kind == "host_exchange" else None
    return at
