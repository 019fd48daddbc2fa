"""`tillrig host`: the test acquirer alone, for a terminal on the bench or a suite in another process."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Literal, get_args, get_origin

import click
import msgspec

from tillrig.errors import RigError, SuiteError, UsageError
from tillrig.host import HostBroken, HostEvent, HostExchange, TestHost
from tillrig.host.records import to_json
from tillrig.host.scenarios import AnyScenario, Scenario
from tillrig.host.terminals import TerminalPolicy

_RIG_ERROR, _USAGE = 20, 2
KINDS: dict[str, type[AnyScenario]] = {kind.__name__: kind for kind in get_args(AnyScenario)}


def parse_scenario(text: str) -> tuple[str, int, AnyScenario]:
    """`[MESSAGE[*COUNT]=]NAME[:KEY=VALUE,…]` → message, count, scenario: `sale*2=Decline:code=51`, `any=NoAnswer`.

    Raises click.BadParameter saying what is wrong.
    """
    before, separator, after = text.partition("=")
    names_message = bool(separator) and ":" not in before
    target, spelled = (before, after) if names_message else ("any", text)
    message, _, count = target.partition("*")
    name, _, arguments = spelled.partition(":")
    if name not in KINDS:
        raise click.BadParameter(f"{text!r}: there is no scenario {name!r}; use one of {', '.join(KINDS)}")
    if not (count or "1").isdecimal():
        raise click.BadParameter(f"{text!r}: {count!r} is no number of times")
    allowed = f"{name} takes {_values(KINDS[name])}"
    values: dict[str, str] = {"type": name}
    for part in filter(None, arguments.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise click.BadParameter(f"{text!r}: {part!r} is not KEY=VALUE; {allowed}")
        values[key] = value
    try:
        scenario = msgspec.convert(values, AnyScenario, strict=False)
    except msgspec.ValidationError as error:
        raise click.BadParameter(f"{text!r}: {error}; {allowed}") from None
    if unknown := set(values) - {"type", *scenario.__struct_fields__}:
        raise click.BadParameter(f"{text!r}: no value is called {min(unknown)!r}; {allowed}")
    return message, int(count or "1"), scenario


def _values(kind: type[Scenario]) -> str:
    """The values of a scenario: `result=1|2|3, foreign=0|1|2|3`."""
    return ", ".join(map(_value, msgspec.structs.fields(kind))) or "no values"


def _value(field: msgspec.structs.FieldInfo) -> str:
    if get_origin(field.type) is Literal:
        return f"{field.name}={'|'.join(map(str, get_args(field.type)))}"
    kinds = [kind.__name__ for kind in get_args(field.type) or (field.type,) if kind is not type(None)]
    return f"{field.name}=({' or '.join(kinds)})"


def describe(event: HostEvent) -> str | None:
    """One line for a person, or None for an event that is not worth one."""
    if isinstance(event, HostBroken):
        return f"#{event.connection} {event.peer}: {event.reason} after {event.received} bytes"
    if not isinstance(event, HostExchange):
        return None
    amount = event.text(4)
    parts = [f"#{event.seq} {event.name}", f"STAN {event.text(11)}" if event.text(11) else ""]
    parts += [f"{int(amount) / 100:.2f}" if amount else "", event.card]
    parts += [f"answer {event.decision or 'sent'}" if event.answer_sent else "no answer"]
    parts += [f"[{event.played}]" if event.played else "", *event.format_errors, event.error, *event.notes]
    return "  ".join(part for part in parts if part)


@click.command()
@click.option("--listen", default="127.0.0.1:0", show_default=True, metavar="ADDRESS:PORT", help="Port 0: a free one.")
@click.option("--cards", type=click.Path(path_type=Path), default=Path("fixtures/cards.yaml"), show_default=True)
@click.option("--scenario", "scenarios", multiple=True, metavar="SPEC", help="sale*2=Decline:code=51, any=NoAnswer …")
@click.option("--time-scale", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True)
@click.option("--tmk", metavar="HEX", help="Terminal master key of unknown terminals, 16 bytes; default: the test key.")
@click.option(
    "--json",
    "log",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Write each event as a line of JSON; - is stdout.",
)
def host(
    listen: str, cards: Path, scenarios: tuple[str, ...], time_scale: float, tmk: str | None, log: Path | None
) -> None:
    """Answer terminals as their acquirer until interrupted; masked in everything it writes.

    SPEC is [MESSAGE[*COUNT]=]NAME[:KEY=VALUE,…]; messages: signin signoff sale reversal settlement batch_upload
    upload_end echo any. Exit codes: 2 wrong option or cards file, 20 no such address to be had, or a full disk.
    """
    orders = [parse_scenario(text) for text in scenarios]
    to_stdout = log == Path("-")
    ended, record = threading.Event(), _Recorder(log, not to_stdout)
    record.on_failure = ended.set
    try:
        policy = TerminalPolicy(default_tmk=_key(tmk)) if tmk else TerminalPolicy()
        running = TestHost(listen, cards=cards, terminals=policy, time_scale=time_scale, record=record)
        for message, count, scenario in orders:
            running.play(scenario, message=message, count=count)
        record.open()
        running.start()
    except SuiteError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(_USAGE)
    except RigError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(_RIG_ERROR)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.set())
    click.echo(f"listening on {running.address}", err=to_stdout)
    ended.wait()
    running.stop()
    record.close()
    if record.failure:
        click.echo(f"Error: {record.failure}", err=True)
        sys.exit(_RIG_ERROR)


def _key(text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 16:
        raise click.BadParameter("the terminal master key is not 16 bytes of hexadecimal digits")
    return key


class _Recorder:
    """Writes events down; what it could not write is its `failure`, and it writes no more."""

    def __init__(self, path: Path | None, talk: bool) -> None:
        self._path, self._talk = path, talk
        self._log: IO[str] | None = None
        self.failure = ""
        self.on_failure: Callable[[], object] = lambda: None

    def open(self) -> None:
        """Before the first event, so that a wrong path is told at once. Raises UsageError."""
        if self._path is not None:
            try:
                self._log = click.open_file(str(self._path), "w", encoding="utf-8")
            except OSError as error:
                raise UsageError(f"--json {self._path}: cannot be written: {error.strerror or error}") from None

    def close(self) -> None:
        if self._log is not None and self._path != Path("-"):
            with contextlib.suppress(OSError):  # what a full disk did not take
                self._log.close()

    def __call__(self, event: HostEvent) -> None:
        if self._log is not None and not self.failure:
            try:
                self._log.write(to_json(event).decode() + "\n")
                self._log.flush()
            except OSError as error:
                self.failure = f"--json {self._path}: cannot be written: {error.strerror or error}"
                self.on_failure()
        line = describe(event) if self._talk else None
        if line:
            click.echo(line)
