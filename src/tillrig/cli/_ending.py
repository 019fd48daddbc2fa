"""How a command ends when it is broken off: the error in one line, and the exit code of its verdict."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from tillrig.errors import TillrigError
from tillrig.verdicts import EXIT_CODES, of_exception

#: A shell's code for a process ended by SIGINT.
INTERRUPTED = 130


@contextmanager
def ended_by_verdict(stopped: str) -> Iterator[None]:
    """`stopped`: what Ctrl-C leaves behind, in words."""
    try:
        yield
    except TillrigError as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(EXIT_CODES[of_exception(error)])
    except KeyboardInterrupt:
        click.echo(stopped, err=True)
        sys.exit(INTERRUPTED)
