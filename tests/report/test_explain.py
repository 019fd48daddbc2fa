"""`tillrig explain`: a finding in plain words, drawn, by its id."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from tests.report.test_summary import row, summary
from tests.report.test_testimony import BLOBS, FINDING
from tillrig.cli import main
from tillrig.report.explain import as_page, as_text, explain, find
from tillrig.report.publish import write_summary
from tillrig.report.summary import Summary
from tillrig.verdicts import Finding, Verdict

UNREADABLE = msgspec.structs.replace(
    FINDING, verdict=Verdict.INCONCLUSIVE, point="screen.ask_amount.amount", requirement="SALE-AMOUNT-SCREEN",
    reason="unreadable: atlas: 6% of the line is saturated",
    exhibit=msgspec.structs.replace(FINDING.exhibit, answer="UNREADABLE"),
)  # fmt: skip
BYTES = Finding(requirement="STAN", point="host.sale.F11", verdict=Verdict.FAIL, expected="000002", seen="000001")


def told(finding: Finding) -> str:
    run = summary(row("suites/a.py::t", finding.verdict, findings=(finding,)))
    return "\n".join(as_text(explain(run.findings[0], run, {"SALE-DECLINE": "A decline shows the text of its code."})))


def test_a_mismatch_is_told_with_who_saw_what_and_what_to_do() -> None:
    text = told(FINDING)
    assert "A decline shows the text of its code." in text
    assert "from character 1: '佘' expected, '余' seen" in text
    assert "weakest character '佘' -0.65 against '余'" in text
    assert "saw the same other text" in text and "it is the terminal" in text
    assert "tillrig run suites/a.py --requirement SALE-DECLINE" in text


def test_what_could_not_be_read_is_told_with_what_helps() -> None:
    text = told(UNREADABLE)
    assert "accuses nobody" in text and "glare" in text and "calibrate --check" in text
    assert "it is the terminal" not in text


def test_a_finding_on_bytes_names_no_reader() -> None:
    text = told(BYTES)
    assert "known to the byte" in text and "who said so" not in text and "timeline.jsonl" in text


def test_of_a_secret_the_words_say_only_how_sure_the_readers_were() -> None:
    hidden = msgspec.structs.replace(FINDING, expected="****", seen="**##", exhibit=FINDING.exhibit.hidden())
    text = told(hidden)
    assert "it may show a secret" in text and "against '" not in text and "weakest" not in text


@pytest.fixture
def run(tmp_path: Path) -> tuple[Path, Summary]:
    made = summary(row("suites/a.py::t", Verdict.FAIL, findings=(FINDING, UNREADABLE, BYTES)))
    write_summary(made, tmp_path)
    return tmp_path, made


def called(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["explain", *map(str, arguments)])
    return result.exit_code, result.output


def test_the_command_writes_the_page_and_prints_the_words(run: tuple[Path, Summary]) -> None:
    folder, made = run
    code, text = called(made.findings[0].id, "--run", folder)
    page = folder / "explained" / f"{made.findings[0].id}.html"
    assert code == 0 and str(page) in text and "who said so" in text
    assert "screen.result.text" in page.read_text(encoding="utf-8")
    code, text = called(made.findings[1].id[:5], "--run", folder, "--json", "--out", folder / "x.html")
    answer = json.loads(text)
    assert code == 0 and answer["finding"]["id"] == made.findings[1].id and answer["page"] == str(folder / "x.html")


def test_an_id_that_is_not_there_names_near_ones(run: tuple[Path, Summary]) -> None:
    folder, made = run
    first = made.findings[0].id
    wrong = first[:-1] + ("0" if first[-1] != "0" else "1")
    code, text = called(wrong, "--run", folder)
    assert code == 1 and "there is no finding" in text and f"{first}  FAIL  screen.result.text" in text
    code, text = called("amount", "--run", folder)
    assert code == 1 and f"{made.findings[1].id}  INCONCLUSIVE" in text and first not in text
    code, text = called("", "--run", folder)
    assert code == 1 and first in text


def test_two_ids_that_begin_alike_are_both_named() -> None:
    made = summary(row("a", Verdict.FAIL, findings=(FINDING, BYTES)))
    alike = tuple(
        msgspec.structs.replace(one, id=name) for one, name in zip(made.findings, ("abc123", "abc456"), strict=True)
    )
    with pytest.raises(Exception, match=r"(?s)several.*abc123.*abc456"):
        find(msgspec.structs.replace(made, findings=alike), "abc")
    assert find(msgspec.structs.replace(made, findings=alike), "ABC4").id == "abc456"


def test_no_such_run_and_a_run_without_findings_are_clear_errors(tmp_path: Path) -> None:
    code, text = called("abc", "--run", tmp_path / "nowhere")
    assert code == 1 and "holds no summary.json" in text
    write_summary(summary(row("a", Verdict.PASS)), tmp_path)
    code, text = called("abc", "--run", tmp_path)
    assert code == 1 and "none that is not PASS" in text


def test_the_page_needs_no_other_file() -> None:
    made = summary(row("a", Verdict.FAIL, findings=(FINDING,)))
    page = as_page(explain(made.findings[0], made, {}), made, BLOBS.get)
    assert "data:image/jpeg" in page and 'href="#' not in page and "What to do" in page


def test_pictures_that_are_gone_are_told_and_nobody_is_sent_to_look_at_them(run: tuple[Path, Summary]) -> None:
    """The verdict stands; what proved it cannot be drawn."""
    folder, made = run
    code, text = called(made.findings[0].id, "--run", folder)
    assert code == 0 and "pictures are gone" in text and "Look at the crops" not in text
    kept = "\n".join(as_text(explain(made.findings[0], made, {}, BLOBS.get)))
    assert "pictures are gone" not in kept and "Look at the crops" in kept


def test_a_broken_requirements_file_spoils_no_explanation(
    run: tuple[Path, Summary], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sentences are left out."""
    folder, made = run
    monkeypatch.chdir(folder)
    for text in ("[bad: yaml", "SALE: 5", "- 1", ""):
        (folder / "requirements.yaml").write_text(text)
        assert called(made.findings[0].id, "--run", folder)[0] == 0


def test_a_summary_that_names_an_attempt_it_lacks_is_none(run: tuple[Path, Summary]) -> None:
    """One line instead of a traceback."""
    folder, made = run
    write_summary(msgspec.structs.replace(made, attempts=()), folder)
    code, text = called(made.findings[0].id, "--run", folder)
    assert code == 1 and "an attempt that it does not hold" in text
