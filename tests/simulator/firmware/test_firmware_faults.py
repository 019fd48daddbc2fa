"""Each seeded fault does what its line in the list says, and a fault file is loaded or refused with file and line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulator.firmware.firmware_acquirer import Acquirer, code, silent, wrong_mac
from tests.simulator.firmware.firmware_desk import Card, Desk
from tillrig.simulator import faults
from tillrig.simulator.firmware.faults import CATALOGUE
from tillrig.simulator.firmware.faults.chain import FaultError
from tillrig.simulator.firmware.faults.loader import load
from tillrig.simulator.firmware.hooks import Hooks

Start = Callable[..., Desk]
NAMES = {
    "screen-amount-digit", "screen-result-text", "screen-prompt-text", "pin-visible", "amount-off-by-one",
    "slip-amount",
    "slip-pan-unmasked", "slip-voucher", "slip-auth-missing", "slip-signature-lost", "host-entry-mode",
    "host-stan-repeat", "reversal-skipped", "mac-unchecked", "free-limit-inclusive",
}  # fmt: skip


def test_the_list_names_fifteen_faults_and_prints_as_json() -> None:
    command = [sys.executable, "-m", "tillrig.simulator.faults", "--json"]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=30).stdout)
    assert {entry["name"] for entry in listed} == NAMES == {entry["name"] for entry in CATALOGUE}
    assert all(set(entry) == {"name", "breaks", "requirement", "point"} for entry in listed)


def test_a_wrong_option_of_the_list_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert faults.main(["--yaml"]) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("fault", ["", "slips"])
def test_faults_on_slips(start: Start, chip_card: Card, fault: str) -> None:
    options = ["slip-amount", "slip-pan-unmasked", "slip-voucher", "slip-auth-missing", "slip-signature-lost"]
    desk = start(*(word for name in options for word in ("--fault", name) if fault))
    desk.sign_in()
    desk.sale("1234", chip_card)
    desk.see("请取走卡片")
    desk.card("withdrawn")
    merchant, cardholder = desk.wait_slips(2)
    broken = bool(fault)
    assert ("RMB 12.30" in cardholder) is broken
    assert "RMB 12.34" in merchant
    assert ("9900028*****2102 /I" in merchant) is broken
    assert ("凭证号 VOUCHER NO:000003" in merchant) is broken
    assert ("授权码 AUTH NO:" in merchant) is broken
    assert ("持卡人签名 CARDHOLDER SIGNATURE" not in merchant) is broken


@pytest.mark.parametrize("fault", ["", "screens"])
def test_faults_on_screens(start: Start, acquirer: Acquirer, chip_card: Card, fault: str) -> None:
    acquirer.script["sale"] = [code("51")]
    options = ["screen-amount-digit", "screen-result-text", "screen-prompt-text", "pin-visible"]
    desk = start(*(word for name in options for word in ("--fault", name) if fault))
    desk.sign_in()
    desk.press("1")
    desk.see("请输入金额")
    desk.press(*"1234", "enter")
    broken = bool(fault)
    desk.see("请刷卡/插卡/换卡" if broken else "请刷卡/插卡/挥卡")
    assert desk.screens[-2][2].strip() == ("12.35" if broken else "12.34")
    desk.card("inserted", chip_card)
    desk.see("请输入密码")
    desk.press(*"1234", "enter")
    desk.see("[51]可用佘额不足" if broken else "[51]可用余额不足")
    stars = {rows[2].strip() for rows in desk.screens if "请输入密码" in rows}
    assert ("***4" in stars) is broken
    assert acquirer.of("sale")[0][4] == "000000001234"


@pytest.mark.parametrize("fault", ["", "host"])
def test_faults_towards_the_host(start: Start, acquirer: Acquirer, chip_card: Card, fault: str) -> None:
    acquirer.script["sale"] = [code("51")]
    options = ["amount-off-by-one", "host-entry-mode", "host-stan-repeat"]
    desk = start(*(word for name in options for word in ("--fault", name) if fault))
    desk.sign_in()
    for _ in range(2):
        desk.sale("100001", chip_card)
        desk.see("请取走卡片")
        desk.card("withdrawn")
        desk.see("1 消费")
    broken = bool(fault)
    first, second = acquirer.of("sale")
    assert (first[4], first[22]) == (("000000100000", "021") if broken else ("000000100001", "051"))
    assert (first[11] == second[11]) is broken


@pytest.mark.parametrize("options", [(), ("--fault", "reversal-skipped", "--fault", "mac-unchecked")])
def test_faults_of_reversal_and_mac(
    start: Start, acquirer: Acquirer, chip_card: Card, options: tuple[str, ...]
) -> None:
    acquirer.script["sale"] = [silent, wrong_mac]
    desk = start(*options, scale=100.0)
    desk.sign_in()
    for text in ("接收超时", "交易成功" if options else "MAC校验不符"):
        desk.sale("100", chip_card, "tapped", pin=None)
        desk.see(text)
        desk.see("1 消费")
        desk.card("removed")
    assert len(acquirer.of("reversal")) == (0 if options else 1)


@pytest.mark.parametrize("options", [(), ("--fault", "free-limit-inclusive")])
def test_fault_of_the_free_limit(start: Start, chip_card: Card, options: tuple[str, ...]) -> None:
    desk = start(*options)
    desk.sign_in()
    desk.sale("100000", chip_card, "tapped", pin=None)
    desk.see("请输入密码" if options else "交易成功")


def test_a_fault_file_changes_what_its_hooks_say(start: Start, tmp_path: Path, chip_card: Card) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "def key(names, step):\n    return names * 2 if step == 'ask_amount' and names == ['7'] else names\n"
        "def slip_lines(lines, copy):\n    return [line for line in lines if line.field != 'batch']\n",
        encoding="utf-8",
    )
    desk = start("--fault-file", str(file))
    desk.sign_in()
    desk.sale("17", chip_card, "tapped", pin=None)
    merchant, _ = desk.wait_slips(2)
    assert "RMB 1.77" in merchant
    assert not any(line.startswith("批次号") for line in merchant)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "def slip_feilds(fields, copy):\n    return fields\n",
            ":1: slip_feilds is no hook; did you mean",
        ),
        ("\ndef stan(number):\n    return number\n", ":2: stan is called as stan(number, last, message)"),
        ("x = 1\n", ":1: no hook is defined here"),
        ("\n\ndef broken(:\n", ":3: invalid syntax"),
        ("\nraise KeyError('x')\n", ":2: KeyError"),
    ],
)
def test_a_wrong_fault_file_is_refused_with_file_and_line(tmp_path: Path, source: str, message: str) -> None:
    file = tmp_path / "wrong.py"
    file.write_text(source, encoding="utf-8")
    with pytest.raises(FaultError) as error:
        load([], [file])
    assert f"{file}{message}" in str(error.value)


def test_a_hook_that_returns_nothing_is_told_while_it_runs(tmp_path: Path) -> None:
    file = tmp_path / "quiet.py"
    file.write_text("def pin(digits):\n    digits + '1'\n", encoding="utf-8")
    with pytest.raises(FaultError, match=r"quiet\.py:1: pin returned nothing"):
        load([], [file]).pin("1234")


def test_an_unknown_fault_is_refused_with_a_near_name_and_the_process_ends_with_2(start: Start) -> None:
    desk = start("--fault", "slip-amout")
    assert desk.process.wait(20) == 2
    assert "did you mean slip-amount?" in desk.log.read_text()


def test_every_hook_is_in_the_manual_with_its_parameters() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "faults.md").read_text(encoding="utf-8")
    missing = [name for name in vars(Hooks) if not name.startswith("_") and f"`{name}(" not in manual]
    assert missing == []
