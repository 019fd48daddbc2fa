"""`tillrig host`: the test acquirer alone, for a terminal on the bench or a suite in another process."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

import click
import msgspec

from tillrig.errors import RigError, SuiteError
from tillrig.host import HostBroken, HostEvent, HostExchange, TestHost
from tillrig.host.records import to_json
from tillrig.host.scenarios import AnyScenario
from tillrig.host.terminals import TerminalPolicy

_RIG_ERROR, _USAGE = 20, 2


def parse_scenario(text: str) -> tuple[str, int, AnyScenario]:
    """`[MESSAGE[*COUNT]=]NAME[:KEY=VALUE,…]` → message, count, scenario: `sale*2=Decline:code=51`, `any=NoAnswer`.

    Raises click.BadParameter saying what is wrong.
    """
    before, separator, after = text.partition("=")
    names_message = bool(separator) and ":" not in before
    target, spelled = (before, after) if names_message else ("any", text)
    message, _, count = target.partition("*")
    name, _, arguments = spelled.partition(":")
    values: dict[str, str] = {"type": name}
    for part in filter(None, arguments.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise click.BadParameter(f"{part!r} in {text!r} is not KEY=VALUE")
        values[key] = value
    try:
        scenario = msgspec.convert(values, AnyScenario, strict=False)
        known = {field.encode_name for field in msgspec.structs.fields(scenario)} | {"type"}
        if set(values) - known:
            raise click.BadParameter(f"{name} has no value called {min(set(values) - known)}")
        return message, int(count or "1"), scenario
    except (msgspec.ValidationError, ValueError) as error:
        raise click.BadParameter(f"{text!r}: {error}") from None


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
@click.option("--json", "log", type=click.File("w", lazy=True), help="Write each event as a line of JSON; - is stdout.")
def host(
    listen: str, cards: Path, scenarios: tuple[str, ...], time_scale: float, tmk: str | None, log: IO[str] | None
) -> None:
    """Answer terminals as their acquirer until interrupted; masked in everything it writes.

    SPEC is [MESSAGE[*COUNT]=]NAME[:KEY=VALUE,…]; messages: signin signoff sale reversal settlement batch_upload
    upload_end echo any. Exit codes: 2 wrong option or cards file, 20 the address cannot be had.
    """
    orders = [parse_scenario(text) for text in scenarios]
    to_stdout = log is not None and log.name == "-"
    ended = threading.Event()
    try:
        policy = TerminalPolicy(default_tmk=_key(tmk)) if tmk else TerminalPolicy()
        running = TestHost(
            listen, cards=cards, terminals=policy, time_scale=time_scale, record=_recorder(log, not to_stdout)
        )
        for message, count, scenario in orders:
            running.play(scenario, message=message, count=count)
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


def _key(text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 16:
        raise click.BadParameter("the terminal master key is not 16 bytes of hexadecimal digits")
    return key


def _recorder(log: IO[str] | None, talk: bool) -> Callable[[HostEvent], None]:
    def record(event: HostEvent) -> None:
        if log is not None:
            log.write(to_json(event).decode() + "\n")
            log.flush()
        line = describe(event) if talk else None
        if line:
            click.echo(line)

    return record
