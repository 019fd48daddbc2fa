"""The pytest plugin in runs that have nothing to do with a terminal, and what it collects."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("cv2", "onnxruntime", "numpy", "robot", "serial", "tillrig.session", "tillrig.vision", "rich")


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=cwd, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, **environment},
    )  # fmt: skip


def test_an_unrelated_run_imports_nothing_heavy(tmp_path):
    """The plugin is in every pytest run of the machine; it must not cost anything there."""
    (tmp_path / "test_nothing.py").write_text(
        f"import sys\n\ndef test_nothing():\n    assert [name for name in {HEAVY!r} if name in sys.modules] == []\n"
    )
    done = run("-p", "tillrig.pytest_plugin", str(tmp_path), cwd=tmp_path, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert done.returncode == 0, done.stdout


def test_both_kinds_of_suites_are_collected_and_robot_can_be_left_to_robot():
    """`pytest suites` collects Robot files too; `--no-robot` leaves them out."""
    both = run("suites", "--collect-only", cwd=ROOT)
    assert "sale.robot::Chip Sale With PIN" in both.stdout
    assert "中文示例.robot::签到后消费并结算" in both.stdout
    assert "test_entry_modes.py::test_sale" in both.stdout
    assert ".robot" not in run("suites", "--collect-only", "--no-robot", cwd=ROOT).stdout


def test_tests_are_chosen_by_requirement_in_both_kinds():
    """--requirement keeps tests whose marker or tag names the id, and no others."""
    chosen = run("suites", "--collect-only", "--requirement", "REPRINT", cwd=ROOT).stdout
    assert "test_reprint.py" in chosen
    assert "reprint.robot" in chosen
    assert "test_amounts.py" not in chosen
    assert "sale.robot" not in chosen


def test_shuffling_is_random_but_repeatable():
    """The same seed gives the same order, another seed another."""
    orders = []
    for seed in ("1", "1", "2"):
        listed = run(
            "suites/decline", "suites/cancel", "--collect-only", "--no-robot", "--shuffle", seed, cwd=ROOT
        ).stdout
        orders.append([line for line in listed.splitlines() if "::" in line])
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2])


def test_every_seeded_fault_has_a_test_that_declares_its_requirement():
    """`tillrig demo --fault X` chooses tests by the requirement; there must be some."""
    from tillrig.cli.faults import catalogue

    suites = "".join(path.read_text() for path in (ROOT / "suites").rglob("*.*") if path.suffix in (".py", ".robot"))
    assert [fault["name"] for fault in catalogue() if str(fault["requirement"]) not in suites] == []


def test_a_robot_file_with_a_suite_setup_is_refused(tmp_path):
    """A mini-run a test would run Suite Setup once a test: refused, and said why."""
    (tmp_path / "x.robot").write_text(
        "*** Settings ***\nSuite Setup    Log    x\n*** Test Cases ***\nT\n    Log    y\n"
    )
    done = run(str(tmp_path), cwd=tmp_path)
    assert done.returncode != 0
    assert "use Test Setup" in done.stdout
