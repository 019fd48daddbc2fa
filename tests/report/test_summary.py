"""The fold of a run, and what it may never hide."""

from hypothesis import given
from hypothesis import strategies as st

from tillrig.report.summary import AttemptRow, RigRow, Trouble, final_rows, summarise
from tillrig.verdicts import EXIT_CODES, Finding, Verdict, fold


def row(identity: str, verdict: Verdict, attempt: int = 1, **changes: object) -> AttemptRow:
    values: dict[str, object] = {
        "id": identity, "capability": "sale", "verdict": verdict, "attempt": attempt, "seconds": 1.0, "reason": "",
        "directory": "", "actions": (), "frames_read": 2, "slip_lines": 3, "host_messages": 4, "money_fields": 1,
        "findings": (),
    }  # fmt: skip
    return AttemptRow(**{**values, **changes})  # type: ignore[arg-type]


def summary(*rows: AttemptRow, collected: tuple[str, ...] | None = None, troubles: tuple[Trouble, ...] = ()):
    return summarise(
        version="1", rig=RigRow(name="r", profile="p", simulated=True), started="", seconds=1.0,
        collected=tuple(row.id for row in rows) if collected is None else collected, attempts=rows, troubles=troubles,
    )  # fmt: skip


def test_a_run_in_which_everything_passed_passes():
    """All PASS gives PASS and exit code 0."""
    result = summary(row("a", Verdict.PASS), row("b", Verdict.PASS))
    assert (result.verdict, result.exit_code) == (Verdict.PASS, 0)


def test_a_test_that_never_ended_is_never_green():
    """Collected but not ended is BLOCKED, and the test is named."""
    result = summary(row("a", Verdict.PASS), collected=("a", "b"))
    assert result.exit_code == 22
    assert result.not_run == ("b",)


def test_a_run_without_any_attempt_is_never_green():
    """Nothing collected, nothing run: BLOCKED."""
    assert summary().verdict is Verdict.BLOCKED


def test_a_retry_may_clear_a_rig_error_but_never_a_fail():
    """The last attempt counts, except that a FAIL stays."""
    cleared = summary(row("a", Verdict.RIG_ERROR), row("a", Verdict.PASS, 2))
    assert (cleared.exit_code, cleared.retried) == (0, 1)
    kept = summary(row("a", Verdict.FAIL), row("a", Verdict.PASS, 2))
    assert kept.exit_code == 10


def test_what_aborted_the_run_counts():
    """A rig that dies between attempts makes the run RIG_ERROR."""
    trouble = Trouble(verdict=Verdict.RIG_ERROR, text="the lamp is dark")
    result = summary(row("a", Verdict.PASS), troubles=(trouble,))
    assert (result.exit_code, result.troubles) == (20, (trouble,))


def test_a_trouble_that_comes_late_counts_and_takes_nothing_back():
    """The page could not be written: a sound run is sound no more, a FAIL stays one."""
    trouble = Trouble(verdict=Verdict.RIG_ERROR, text="disk full")
    assert summary(row("a", Verdict.PASS)).with_trouble(trouble).exit_code == 20
    assert summary(row("a", Verdict.FAIL)).with_trouble(trouble).exit_code == 10


def test_findings_that_are_not_pass_are_listed_with_their_attempt():
    """summary.json holds requirement and point of every broken expectation, and no PASS finding."""
    broken = Finding(
        requirement="SLIP-AMOUNT", point="slip.merchant.amount", verdict=Verdict.FAIL, expected="12.34", seen="12.30"
    )
    fine = Finding(requirement="MENU", point="screen.menu", verdict=Verdict.PASS, expected="", seen="")
    result = summary(row("a", Verdict.FAIL, findings=(fine, broken)))
    assert [(f.requirement, f.point, f.attempt_id) for f in result.findings] == [
        ("SLIP-AMOUNT", "slip.merchant.amount", "a")
    ]


@given(st.lists(st.sampled_from(list(Verdict))))
def test_the_fold_never_hides_the_strongest(verdicts):
    """Whatever the order, a FAIL is a FAIL, and PASS needs nothing but PASS."""
    folded = fold(verdicts)
    assert (folded is Verdict.FAIL) == (Verdict.FAIL in verdicts)
    assert (folded is Verdict.PASS) == all(verdict is Verdict.PASS for verdict in verdicts)
    assert fold(reversed(verdicts)) is folded


def test_exit_codes_are_those_of_the_manual():
    """One code a verdict, all different."""
    assert sorted(EXIT_CODES.values()) == [0, 10, 20, 21, 22, 30]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(list(Verdict)))))
def test_one_row_a_test_counts(attempts):
    """final_rows has each test once."""
    rows = tuple(row(identity, verdict) for identity, verdict in attempts)
    assert set(final_rows(rows)) == {identity for identity, _ in attempts}
