"""`tillrig decode` and `tillrig mac`: what they print, and how they name the byte where input is bad."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tillrig.cli import main
from tillrig.protocols import mac
from tillrig.protocols.iso8583 import encode

MAK = "A1B2C3D4E5F60718"
FIELDS: dict[int, Any] = {
    2: "9900123456789012349",
    3: "000000",
    4: "000000001234",
    11: "000007",
    14: "3012",
    22: "051",
    23: "001",
    41: "10000001",
    42: "898111153110001",
    55: "9F260801020304050607089F360200079500",
    60: "22000001000600",
}
SALE = encode(
    "0200",
    FIELDS,
    tpdu="6000030000",
    header="60310031003A",
    mac=lambda data: mac.cup_ecb(bytes.fromhex(MAK), data).field,
)
HEARTBEAT = "02 0007 31 303031 0001 04 03 01"


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=stdin)


def said(result: Result) -> dict[str, Any]:
    parsed = json.loads(result.stdout)
    assert isinstance(parsed, dict)
    return parsed


@pytest.mark.parametrize("length", [True, False])
def test_a_message_is_decoded_with_and_without_its_length(length: bool) -> None:
    """TPDU and header are found, fields are in the text form of rules H4, ascending."""
    data = SALE.hex() if length else SALE[2:].hex()
    for arguments in ([], [] if length else ["--no-length"]):
        result = run("decode", "iso8583", data, *arguments, "--json")
        assert result.exit_code == 0
        decoded = said(result)
        assert (decoded["mti"], decoded["tpdu"], decoded["header"]) == ("0200", "6000030000", "60310031003A")
        assert decoded["length"] == (len(SALE) - 2 if length else None)
        assert list(decoded["fields"]) == [str(n) for n in (*FIELDS, 64)]
        assert {n: decoded["fields"][str(n)] for n in FIELDS} == FIELDS
        assert decoded["tlv"][0] == {"tag": "9F26", "value": "0102030405060708"}


@pytest.mark.parametrize(("key", "right"), [(MAK, True), ("00" * 8, False)])
def test_a_mac_key_says_whether_field_64_is_right(key: str, right: bool) -> None:
    """given and computed are the eight characters."""
    check = said(run("decode", "iso8583", "--mac-key", key, "--json", SALE.hex()))["mac"]
    assert check["ok"] is right and check["algorithm"] == "cup-ecb"
    assert check["given"] == SALE[-8:].decode()
    assert (check["computed"] == check["given"]) is right
    assert ("right" if right else "WRONG") in run("decode", "iso8583", "--mac-key", key, SALE.hex()).stdout


def test_a_message_without_field_64_has_a_mac_that_is_missing() -> None:
    """Not right, and what it should be is shown."""
    data = encode("0200", {3: "000000"}, length=False)
    check = said(run("decode", "iso8583", "--no-length", "--mac-key", MAK, "--json", data.hex()))["mac"]
    assert check["given"] is None and check["ok"] is False and len(check["computed"]) == 8


def test_text_output_shows_every_field_and_the_mac_characters() -> None:
    """Plain output is for reading."""
    shown = run("decode", "iso8583", SALE.hex()).stdout
    assert "F4      000000001234" in shown and f"({SALE[-8:].decode()})" in shown and "9F36" in shown


@pytest.mark.parametrize(
    ("arguments", "offset", "text"),
    [
        (["decode", "iso8583", SALE.hex()[:-2]], 0, "follow"),
        (["decode", "iso8583", SALE.hex() + "00"], 0, "follow"),
        (["decode", "iso8583", "00 3x"], 1, "'x' at character 4"),
        (["decode", "iso8583", "003"], 1, "odd number"),
        (["decode", "iso8583", ""], 0, "empty"),
        (["decode", "iso8583", "--no-length", "0200 4000000000000000 1A"], 10, "field 2 is 1A, not BCD"),
        (["decode", "iso8583", "--no-length", "0200 8000000000000000"], 2, "second bitmap"),
        (["decode", "iso8583", "--mac-key", "A1B2", SALE.hex()], 2, "2 bytes"),
        (["decode", "mis", HEARTBEAT[:-2] + "02"], 11, "LRC"),
        (["decode", "mis", "03" + HEARTBEAT[2:]], 0, "begins with 02"),
        (["decode", "mis", HEARTBEAT + "zz"], 12, "hexadecimal"),
        (["mac", "--key", MAK, "00 0g"], 1, "'g' at character 4"),
        (["mac", "--key", "A1B2C3D4E5F6071", "00"], 7, "the key has an odd number"),
        (["mac", "--key", "A1B2C3D4E5F607", "00"], 7, "7"),
        (["mac", "--key", MAK, "--algorithm", "x9.19", "00"], 8, "16 bytes"),
    ],
)
def test_bad_input_ends_with_two_and_names_the_byte(arguments: list[str], offset: int, text: str) -> None:
    """As text on standard error, or as one JSON object with error and offset."""
    plain = run(*arguments)
    assert plain.exit_code == 2 and f"byte {offset}" in plain.stderr and text in plain.stderr and not plain.stdout
    as_json = run(*arguments, "--json")
    assert as_json.exit_code == 2
    assert said(as_json)["offset"] == offset and text in said(as_json)["error"]
    if "--key" in arguments:
        assert arguments[arguments.index("--key") + 1] not in plain.stderr


def test_input_may_come_from_standard_input_in_lines() -> None:
    """`-` reads it; spaces and line breaks are passed over."""
    spelled = "\n".join(SALE.hex(" ")[at : at + 48] for at in range(0, 3 * len(SALE), 48))
    assert said(run("decode", "iso8583", "-", "--json", stdin=spelled))["fields"]["11"] == "000007"
    assert run("mac", "--key", MAK, "-", stdin="3031 32\n33").stdout == run("mac", "--key", MAK, "30313233").stdout


def test_a_cash_register_frame_is_decoded() -> None:
    """The function in hex, other tags as text."""
    decoded = said(run("decode", "mis", HEARTBEAT, "--json"))
    assert decoded == {"type": "31", "kind": "request", "length": 7, "tags": {"001": "04"}, "lrc": "01"}
    assert "001  04" in run("decode", "mis", HEARTBEAT).stdout


@pytest.mark.parametrize(
    ("algorithm", "key", "value"),
    [
        ("cup-ecb", MAK, "FFC5B512"),
        ("cup-ecb", "A1B2C3D4E5F607188899AABBCCDDEEF1", "154DD12B"),
        ("x9.9", MAK, "FE5E445F"),
        ("x9.19", "A1B2C3D4E5F607188899AABBCCDDEEF1", "FEE4A24A"),
    ],
)
def test_macs_have_their_check_values(algorithm: str, key: str, value: str) -> None:
    """Rules H20, and openssl for the ANSI ones."""
    data = b"0200 tillrig mac check, 37 bytes long".hex()
    assert run("mac", "--algorithm", algorithm, "--key", key, data).stdout == value + "\n"
    answer = said(run("mac", "--algorithm", algorithm, "--key", key, data, "--json"))
    assert (answer["mac"], answer["algorithm"], answer["field64"]) == (value, algorithm, value.encode().hex().upper())


def test_decoding_loads_neither_camera_nor_host() -> None:
    """The commands answer at once; what they do not need stays unloaded."""
    code = (
        "import sys; from click.testing import CliRunner; from tillrig.cli import main;"
        f"CliRunner().invoke(main, ['decode', 'mis', '{HEARTBEAT}']);"
        "print([m for m in ('cv2', 'asyncio', 'ruamel.yaml', 'serial', 'onnxruntime') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
