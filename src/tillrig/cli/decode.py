"""`tillrig decode`: messages of the host and of the cash-register line, taken apart."""

from __future__ import annotations

import json
from typing import Any

import click

from tillrig.cli import _hexinput
from tillrig.errors import ProtocolError
from tillrig.protocols import ber_tlv, iso8583, mis
from tillrig.protocols.iso8583 import Message
from tillrig.protocols.mac import ALGORITHMS, Algorithm, compute

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_HEX = click.argument("data", nargs=-1, required=True, metavar="HEX")


@click.group()
def decode() -> None:
    """Take a message apart; HEX may hold spaces and line breaks, `-` reads it from standard input.

    Bad input ends with exit code 2 and names the byte. Nothing is masked: the message is the caller's own.
    """


@decode.command("iso8583")
@click.option("--no-length", is_flag=True, help="The message comes without the two length bytes.")
@click.option("--mac-key", metavar="HEX", help="MAC key in clear, 8 or 16 bytes: say whether field 64 is right.")
@click.option("--algorithm", type=click.Choice(ALGORITHMS), default="cup-ecb", show_default=True)
@_JSON
@_HEX
def decode_iso8583(
    no_length: bool, mac_key: str | None, algorithm: Algorithm, as_json: bool, data: tuple[str, ...]
) -> None:
    """An ISO 8583 message of the UnionPay POS dialect; TPDU and header are found by themselves."""
    try:
        key = _hexinput.to_bytes(mac_key, "the MAC key") if mac_key is not None else None
        if key is not None and len(key) not in (8, 16):
            raise ProtocolError(f"the MAC key has {len(key)} bytes, not 8 or 16", len(key))
        message = iso8583.decode(_hexinput.to_bytes(_hexinput.read(data)), False if no_length else None)
        result = _describe(message)
        if key is not None:
            result["mac"] = _check_mac(message, key, algorithm)
    except ProtocolError as error:
        _hexinput.fail(error, as_json)
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        _print_message(result)


def _describe(message: Message) -> dict[str, Any]:
    bitmap = message.raw[message.body + 2 : message.body + 2 + iso8583.BITMAP_SIZE]
    result: dict[str, Any] = {
        "length": message.length,
        "tpdu": message.tpdu,
        "header": message.header,
        "mti": message.mti,
        "bitmap": bitmap.hex().upper(),
        "fields": {str(number): text for number, text in message.fields.items()},
    }
    if 55 in message.fields:
        found, error = ber_tlv.parse(message.data(55))
        result["tlv"] = [{"tag": each.tag, "value": each.value.hex().upper()} for each in found]
        if error is not None:
            at = message.values[55].data_start + (error.offset or 0)
            result["tlv_error"] = {"error": f"field 55, {error}", "offset": at}
    return result


def _check_mac(message: Message, key: bytes, algorithm: Algorithm) -> dict[str, Any]:
    try:
        computed = compute(algorithm, key, message.mac_input)
    except ValueError as error:
        raise ProtocolError(str(error), len(key)) from None
    given = message.data(64) if 64 in message.fields else None
    shown = None
    if given is not None:
        printable = all(0x20 <= byte < 0x7F for byte in given)
        shown = given.decode("ascii") if printable else given.hex().upper()
    return {"algorithm": algorithm, "given": shown, "computed": computed.text, "ok": given == computed.field}


def _print_message(result: dict[str, Any]) -> None:
    for part in ("length", "tpdu", "header", "mti", "bitmap"):
        if result[part] is not None:
            click.echo(f"{part:<7} {result[part]}")
    for number, text in result["fields"].items():
        beside = ""
        if number == "64":
            characters = bytes.fromhex(text)
            beside = f"  ({characters.decode('ascii')})" if characters.isalnum() and characters.isascii() else ""
        click.echo(f"F{number:<6} {text}{beside}")
        if number == "55":
            for each in result["tlv"]:
                click.echo(f"        {each['tag']:<6} {each['value']}")
            if "tlv_error" in result:
                click.echo(f"        {result['tlv_error']['error']}")
    if "mac" in result:
        check = result["mac"]
        word = "right" if check["ok"] else f"WRONG, {check['given'] or 'missing'} instead of {check['computed']}"
        click.echo(f"MAC     {check['algorithm']}: {word}")


@decode.command("mis")
@_JSON
@_HEX
def decode_mis(as_json: bool, data: tuple[str, ...]) -> None:
    """A frame of the cash-register line, CN MIS TLV, from STX to LRC."""
    try:
        frame = mis.decode(_hexinput.to_bytes(_hexinput.read(data)))
    except ProtocolError as error:
        _hexinput.fail(error, as_json)
    kind = "request" if frame.kind == mis.REQUEST else "answer"
    result = {
        "type": f"{frame.kind:02X}",
        "kind": kind,
        "length": len(frame.raw) - 5,
        "tags": frame.texts,
        "lrc": f"{frame.raw[-1]:02X}",
    }
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    click.echo(f"type {frame.kind:02X} {kind}")
    for tag, text in frame.texts.items():
        click.echo(f"{tag}  {text}")
