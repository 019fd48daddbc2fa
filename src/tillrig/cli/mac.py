"""`tillrig mac`: the message authentication code of some bytes."""

from __future__ import annotations

import json

import click

from tillrig.cli import _hexinput
from tillrig.errors import ProtocolError
from tillrig.protocols.mac import ALGORITHMS, Algorithm, compute


@click.command()
@click.option("--algorithm", type=click.Choice(ALGORITHMS), default="cup-ecb", show_default=True)
@click.option("--key", required=True, metavar="HEX", help="MAC key in clear, 8 or 16 bytes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.argument("data", nargs=-1, required=True, metavar="HEX")
def mac(algorithm: Algorithm, key: str, as_json: bool, data: tuple[str, ...]) -> None:
    """Print the MAC of HEX (`-`: standard input): the eight characters of field 64.

    The data of an ISO 8583 message are its bytes from the message type up to the byte before field 64.
    """
    try:
        key_bytes = _hexinput.to_bytes(key, "the key")
        message = _hexinput.to_bytes(_hexinput.read(data))
        try:
            result = compute(algorithm, key_bytes, message)
        except ValueError as error:
            raise ProtocolError(str(error), len(key_bytes)) from None
    except ProtocolError as error:
        _hexinput.fail(error, as_json)
    if as_json:
        block = result.block.hex().upper()
        answer = {"algorithm": algorithm, "mac": result.text, "block": block, "field64": result.field.hex().upper()}
        click.echo(json.dumps(answer | {"bytes": len(message)}))
    else:
        click.echo(result.text)
