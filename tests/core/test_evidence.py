"""A run directory is readable whatever ended the run."""

from __future__ import annotations

import msgspec
import pytest

from tillrig.errors import BlockedError, CameraError, UsageError
from tillrig.evidence import AttemptRecord, SessionRecord, load_run
from tillrig.evidence.writer import new_attempt_directory, new_run_directory, session_path, slug, write_json
from tillrig.masking import Masker
from tillrig.session.attempt import Attempt, capability_of
from tillrig.timeline import Timeline
from tillrig.verdicts import Finding, Verdict

PAN = "9900035555123456786"


def begun(tmp_path, test_id="suites/sale/test_sale.py::test_one[chip]", **more):
    return Attempt(
        test_id,
        run_dir=tmp_path,
        timeline=Timeline(tmp_path, Masker([PAN])),
        masker=Masker([PAN]),
        rig="virtual",
        profile="classic",
        **more,
    )


def finding(verdict, seen="12.34"):
    return Finding(
        requirement="SALE-AMOUNT-SCREEN",
        point="screen.ask_amount.amount",
        verdict=verdict,
        expected="12.34",
        seen=seen,
        money=True,
    )


def test_an_attempt_is_read_back_as_it_was_written(tmp_path):
    with begun(tmp_path) as attempt:
        attempt.add(finding(Verdict.PASS), finding(Verdict.FAIL, "12.84"))
    (record,) = load_run(tmp_path).attempts
    assert (record.capability, record.verdict, record.money_fields) == ("sale", Verdict.FAIL, 2)
    assert record.reason == "screen.ask_amount.amount: expected 12.34, seen 12.84 (SALE-AMOUNT-SCREEN)"
    assert record.findings == attempt.findings
    assert (tmp_path / record.directory / "timeline.jsonl").exists()


def test_findings_are_masked_before_they_are_kept(tmp_path):
    with begun(tmp_path) as attempt:
        attempt.add(finding(Verdict.FAIL, PAN))
    assert PAN not in (attempt.directory / "attempt.json").read_text()


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (CameraError("black"), Verdict.RIG_ERROR),
        (BlockedError("no rig"), Verdict.BLOCKED),
        (UsageError("?"), Verdict.TEST_ERROR),
        (KeyError("x"), Verdict.TEST_ERROR),
    ],
)
def test_an_exception_that_aborts_the_attempt_gives_its_verdict(tmp_path, error, verdict):
    attempt = begun(tmp_path)
    with pytest.raises(type(error)), attempt:
        raise error
    (record,) = load_run(tmp_path).attempts
    assert record.verdict is verdict
    assert type(error).__name__ in record.error
    assert record.reason == record.error


def test_a_proven_fail_outlives_a_rig_error(tmp_path):
    """No fault of the rig can undo what was proven before."""
    attempt = begun(tmp_path)
    attempt.add(finding(Verdict.FAIL, "12.84"))
    assert attempt.close(CameraError("gone")).verdict is Verdict.FAIL


def test_an_attempt_in_which_nothing_was_judged_does_not_pass(tmp_path):
    record = begun(tmp_path).close()
    assert (record.verdict, record.reason) == (Verdict.INCONCLUSIVE, "nothing was judged")


def test_an_attempt_that_never_judged_what_its_test_is_about_does_not_pass(tmp_path):
    """The host declined, say: all that came was right, and it was not what the test wanted to see."""
    attempt = begun(tmp_path, requirements=("SALE-AMOUNT-SCREEN", "SLIP-COPIES"))
    attempt.add(finding(Verdict.PASS))
    record = attempt.close()
    assert record.verdict is Verdict.INCONCLUSIVE
    assert "SLIP-COPIES" in record.reason and "SALE-AMOUNT-SCREEN" not in record.reason


@pytest.mark.parametrize(("verdict", "ends"), [(Verdict.PASS, Verdict.PASS), (Verdict.FAIL, Verdict.INCONCLUSIVE)])
def test_what_was_met_on_the_way_to_a_state_is_judged_too(tmp_path, verdict, ends):
    attempt = begun(tmp_path, requirements=("SALE-AMOUNT-SCREEN",))
    attempt.met_on_the_way([finding(verdict)])
    assert attempt.close().verdict is ends


@pytest.mark.parametrize("broken", ["timeline", "slice"])
def test_an_attempt_whose_evidence_is_incomplete_does_not_pass(tmp_path, broken):
    """The disk filled up after the last wait, or just for the attempt's own part; a proven FAIL still stands."""
    for number, (verdict, ends) in enumerate([(Verdict.PASS, Verdict.RIG_ERROR), (Verdict.FAIL, Verdict.FAIL)]):
        attempt = begun(tmp_path, f"suites/sale/test_sale.py::test_{number}")
        attempt.add(finding(verdict))
        if broken == "timeline":
            attempt._timeline._fail("cannot record: no space left")
        else:
            (attempt.directory / "timeline.jsonl").mkdir()
        record = attempt.close()
        assert record.verdict is ends
        assert any("cannot record" in note or "could not be written" in note for note in record.notes)
        (read,) = [one for one in load_run(tmp_path).attempts if one.id == record.id]
        assert read == record


def test_an_action_is_on_disk_before_it_is_carried_out(tmp_path):
    attempt = begun(tmp_path)
    attempt.begins(b'{"type":"Sale"}')
    assert (attempt.directory / "actions.jsonl").read_bytes() == b'{"type":"Sale"}\n'


def test_closing_twice_changes_nothing(tmp_path):
    attempt = begun(tmp_path)
    first = attempt.close()
    assert attempt.close(CameraError("late")) is first


def test_a_killed_process_leaves_an_attempt_that_says_so(tmp_path):
    begun(tmp_path)
    (record,) = load_run(tmp_path).attempts
    assert (record.ended, record.verdict) == (False, Verdict.RIG_ERROR)
    assert "in the midst" in record.reason


def test_attempts_of_several_processes_are_numbered_on(tmp_path):
    numbers = [new_attempt_directory(tmp_path, f"suites/a/test.py::t{n}")[0] for n in range(3)]
    assert numbers == [1, 2, 3]


def test_what_is_damaged_is_named_and_the_rest_is_read(tmp_path):
    begun(tmp_path).close()
    second = new_attempt_directory(tmp_path, "suites/b/test.py::t")[1]
    (second / "attempt.json").write_text('{"number": 2, "id"')
    run = load_run(tmp_path)
    assert [one.number for one in run.attempts] == [1]
    assert any(str(second) in text for text in run.damaged)


def test_a_directory_that_is_no_run_is_read_as_empty(tmp_path):
    assert load_run(tmp_path / "nothing").attempts == ()


def test_a_later_process_writes_a_session_record_of_its_own(tmp_path):
    for number in range(2):
        write_json(session_path(tmp_path), SessionRecord(tillrig="0", rig=f"r{number}"))
    assert [one.rig for one in load_run(tmp_path).sessions] == ["r0", "r1"]


def test_latest_points_at_the_newest_run(tmp_path):
    new_run_directory(tmp_path)
    newest = new_run_directory(tmp_path)
    assert (tmp_path / "latest").resolve() == newest.resolve()
    assert str((tmp_path / "latest").readlink()) == newest.name


def test_a_picture_is_found_by_its_id(tmp_path):
    identity = Timeline(tmp_path).blob(b"picture")
    run = load_run(tmp_path)
    assert run.blob(identity) == b"picture"
    assert run.blob("sha256:" + "0" * 64) is None
    assert run.blob("../../etc/passwd") is None


@pytest.mark.parametrize(
    ("test_id", "capability"),
    [
        ("suites/sale/test_sale.py::test_x", "sale"),
        ("suites/zh/中文示例.robot::签到", "zh"),
        ("tests/core/test_x.py::y", ""),
        ("suites/test_top.py::y", ""),
    ],
)
def test_the_capability_is_the_folder_below_suites(test_id, capability):
    assert capability_of(test_id) == capability


@pytest.mark.parametrize("text", ["suites/a.py::test_x[1/2 ..]", "签到", "", "a" * 300, "../../x"])
def test_a_directory_name_is_short_and_harmless(text):
    name = slug(text)
    assert name
    assert "/" not in name
    assert not name.startswith(".")
    assert len(name.encode()) <= 60


def test_a_record_decodes_from_its_own_json():
    record = AttemptRecord(number=1, id="x", findings=(finding(Verdict.PASS),))
    assert msgspec.json.decode(msgspec.json.encode(record), type=AttemptRecord) == record
