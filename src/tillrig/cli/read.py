"""`tillrig read`: read pictures of screens, slips and anything photographed."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click


@click.command()
@click.option(
    "--list",
    "listing",
    required=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    metavar="LIST.jsonl",
    help="One JSON object a line; `-` for standard input.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each picture, in order.")
def read(listing: str, as_json: bool) -> None:
    """Read pictures of terminals' screens and slips, and amounts on photographed receipts and displays.

    Each line of the list: {"image": PATH or [PATH, ...], "kind": "screen" | "slip" | "photo", "profile": NAME or
    PATH, "corners": [[x, y] x 4] | null, "expect": [{"name", "type", "text"}]}. Corners in pixels of the picture from
    top-left clockwise: of the display's dot matrix, or of the printed width of the paper; null has them found. A
    photo needs neither profile nor corners. Relative paths are looked up beside the list, then in the working
    directory.

    Each answer: {"image", "lines": [{"text", "confidence", "box", "polygon"}]}, with "doubtful": true in a line that
    the eye does not vouch for; "expect": [{"name", "verdict", "seen", "reason"}] for what was expected; "amounts":
    [{"text", "fen", "box"}] for a photo. A picture that cannot be read gets "error"; the others are still read, and
    the exit code is 1 at the end; 130 when it is broken off. Nothing is masked: the pictures are the caller's own.
    """
    from tillrig.cli._ending import ended_by_verdict

    with ended_by_verdict("stopped; every answer until here is whole"):
        if listing != "-":
            with Path(listing).open("rb") as lines:
                failed = _answer(lines, Path(listing).parent, as_json)
        elif sys.stdin is None or sys.stdin.closed:
            raise click.UsageError("standard input is closed; name a list")
        else:
            failed = _answer(sys.stdin.buffer, Path(), as_json)
    if failed:
        sys.exit(1)


def _answer(lines: Iterable[bytes], beside: Path, as_json: bool) -> bool:
    """Whether some line could not be answered."""
    from tillrig.cli.read_desk import Desk

    desk = Desk(beside)
    failed = False
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        answer = desk.answer(number, line)
        failed |= "error" in answer
        try:
            _show(answer, as_json)
        except OSError as problem:
            if problem.errno == errno.EPIPE:  # whoever listens has heard enough
                raise
            raise click.ClickException(f"the answers cannot be written: {problem.strerror}") from problem
    return failed


def _show(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    name = ", ".join(answer["image"]) if isinstance(answer["image"], list) else answer["image"]
    # A line of the list from which no picture can be told is named by its error.
    about = f"{name}: " if name else ""
    click.echo(f"{about}{answer['error']}" if "error" in answer else f"{name}:")
    for line in answer["lines"]:
        doubt = "  (doubtful)" if line.get("doubtful") else ""
        click.echo(f"  {line['confidence']:.2f}  {line['text']}{doubt}")
    for one in answer.get("expect", ()):
        why = f"  {one['reason']}" if one["reason"] else ""
        click.echo(f"  {one['verdict']:10}  {one['name']}: {one['seen']}{why}")
    for amount in answer.get("amounts", ()):
        click.echo(f"  amount      {amount['text']}")
