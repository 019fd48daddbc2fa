"""The HTML page: offline, with pictures, with what differs marked."""

import io
import re

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.report.test_summary import row, summary
from tillrig.report.html import marked, render
from tillrig.report.pictures import inline
from tillrig.report.summary import Trouble
from tillrig.verdicts import Finding, Verdict


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (1280, 720), "white").save(buffer, "JPEG")
    return buffer.getvalue()


FINDING = Finding(
    requirement="SLIP-AMOUNT", point="slip.cardholder.amount", verdict=Verdict.FAIL, expected="RMB 12.34",
    seen="RMB 12.30", pictures=("sha256:1",), boxes=((100.0, 200.0, 300.0, 240.0),),
)  # fmt: skip


def test_the_page_shows_expected_seen_sentence_and_picture():
    """A reader sees what was broken without opening another file."""
    page = render(
        summary(row("suites/a.py::test", Verdict.FAIL, findings=(FINDING,))),
        sentences={"SLIP-AMOUNT": "The amount on the slip is the amount approved."},
        blob=lambda identity: picture() if identity == "sha256:1" else None,
    )
    assert "The amount on the slip is the amount approved." in page
    assert "slip.cardholder.amount" in page
    assert "<mark>4</mark>" in page
    assert "<mark>0</mark>" in page
    assert "data:image/jpeg;base64," in page


def test_the_page_needs_no_network():
    """No address of any other machine stands in it."""
    page = render(summary(row("a", Verdict.PASS)), sentences={}, blob=lambda _: None, gallery=[(picture(), "screen")])
    assert re.findall(r"(?:src|href)=\"(?!#|data:)[^\"]*\"|https?://|@import", page) == []


def test_text_from_outside_cannot_become_markup():
    """What a terminal prints is shown, never interpreted."""
    evil = Finding(requirement="X", point="p", verdict=Verdict.FAIL, expected="<b>1</b>", seen="<script>2</script>")
    page = render(summary(row("<i>a</i>", Verdict.FAIL, findings=(evil,))), sentences={}, blob=lambda _: None)
    assert "<script>" not in page
    assert "<i>a" not in page


def test_a_picture_that_was_lost_does_not_lose_the_page():
    """Evidence may be gone; the finding stays."""
    page = render(summary(row("a", Verdict.FAIL, findings=(FINDING,))), sentences={}, blob=lambda _: None)
    assert "slip.cardholder.amount" in page


def test_a_picture_that_is_half_written_does_not_lose_the_page():
    """A killed process, a full disk: the finding stays, and so does the gallery's rest."""
    page = render(
        summary(row("a", Verdict.FAIL, findings=(FINDING,))),
        sentences={}, blob=lambda _: picture()[:400], gallery=[(b"", "none"), (picture(), "whole")],
    )  # fmt: skip
    assert "slip.cardholder.amount" in page
    assert page.count("data:image/jpeg") == 1


def test_what_befell_the_run_outside_its_attempts_is_shown():
    trouble = Trouble(verdict=Verdict.TEST_ERROR, text="pytest was killed", detail="<the end of its log>")
    page = render(summary(row("a", Verdict.PASS), troubles=(trouble,)), sentences={}, blob=lambda _: None)
    assert "pytest was killed" in page
    assert "&lt;the end of its log&gt;" in page


@given(st.text(), st.text())
def test_marking_keeps_every_character(expected, seen):
    """Marks are added, nothing else changes."""
    plain = [str(side).replace("<mark>", "").replace("</mark>", "") for side in marked(expected, seen)]
    from markupsafe import escape

    assert plain == [str(escape(expected)), str(escape(seen))]


def test_texts_that_have_little_in_common_are_not_marked():
    """Marks in a sentence that stands against "(absent)" only confuse."""
    assert "<mark>" not in str(marked("screen.sleep in time", "(absent)"))
    assert "<mark>" in str(marked("RMB 12.34", "RMB 99.99"))
    assert "<mark>" in str(marked("交易成功", "交易失败"))


def test_the_strongest_finding_comes_first_and_repetition_is_told():
    """A reader of a FAIL does not begin with a blurred line that was read well in the end."""
    blurred = Finding(requirement="MENU", point="screen.menu", verdict=Verdict.INCONCLUSIVE, expected="a", seen="b")
    page = render(
        summary(
            row("first", Verdict.INCONCLUSIVE, findings=(blurred,)),
            row("second", Verdict.FAIL, findings=(FINDING,)),
            row("first", Verdict.PASS, 2),
        ),
        sentences={}, blob=lambda _: None,
    )  # fmt: skip
    assert page.index("slip.cardholder.amount") < page.index("screen.menu")
    assert "attempt 1 of 2" in page
    assert "passed at attempt 2" in page


def test_what_did_not_match_is_not_lost_among_what_did():
    """Both are on the page; what matched is folded away where something did not."""
    fine = Finding(requirement="MENU", point="screen.menu.row1", verdict=Verdict.PASS, expected="1 消费", seen="1 消费")
    page = render(summary(row("a", Verdict.FAIL, findings=(fine, FINDING))), sentences={}, blob=lambda _: None)
    attempt = page[page.index("<h2>Attempts") :]
    assert attempt.index("slip.cardholder.amount") < attempt.index("1 expectation matched") < attempt.index("1 消费")


def test_a_box_is_shown_large_enough_to_read():
    """With a box the picture is cut around it; a box outside the frame shows the whole frame."""
    cut = inline(picture(), "", (600.0, 300.0, 700.0, 340.0)).svg
    assert "<polygon" in cut
    width = int(re.search(r'width="(\d+)" viewBox', cut)[1])
    assert width < 700
    whole = inline(picture(), "", (5000.0, 5000.0, 5001.0, 5001.0)).svg
    assert 'viewBox="0 0 1280 720"' in whole
