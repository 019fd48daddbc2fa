"""A testimony on the page: crops, strips with their colours, who said what."""

from __future__ import annotations

import io

import msgspec
import pytest
from PIL import Image

from tests.report.test_page import picture
from tests.report.test_summary import row, summary
from tillrig.exhibits import CellMargin, Exhibit, Word
from tillrig.report.html import render
from tillrig.report.testimony import drawn
from tillrig.verdicts import Finding, Verdict

BOX = ((100.0, 200.0), (300.0, 205.0), (299.0, 245.0), (99.0, 240.0))
WORDS = (
    Word(
        reader="rapidocr", frame="screen-000002", vote="against", text="余额不足", margin=-8.0, reason="read '余额不足'"
    ),
    Word(
        reader="atlas",
        frame="screen-000002",
        vote="against",
        text="余额不足",
        margin=-13.0,
        reason="read '余额不足'",
        cells=(CellMargin("佘", -0.65, "余"), CellMargin("额", 0.9, "颗")),
    ),
    Word(reader="tesseract", frame="screen-000002", vote="silent", text="", reason="<b>blurred</b>"),
)
EXHIBIT = Exhibit(kind="text", answer="MISMATCH", frames=("screen-000002",), words=WORDS, box=BOX)
FINDING = Finding(
    requirement="SALE-DECLINE", point="screen.result.text", verdict=Verdict.FAIL, expected="佘额不足", seen="余额不足",
    pictures=("frame", "crop"), boxes=((99.0, 200.0, 300.0, 245.0), None), exhibit=EXHIBIT,
)  # fmt: skip


def crop() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (200, 50), "green").save(buffer, "PNG")
    return buffer.getvalue()


BLOBS = {"frame": picture(), "crop": crop()}


def page(finding: Finding, blobs: dict[str, bytes] = BLOBS) -> str:
    return render(summary(row("a", Verdict.FAIL, findings=(finding,))), sentences={}, blob=blobs.get)


def test_frame_crop_cells_and_words_stand_on_the_page() -> None:
    text = page(FINDING)
    assert text.count("<figure>") == 2 and "<polygon" in text
    assert "frame screen-000002, upright" in text
    assert 'class="cell mn60 against" title="margin -0.65 against 余"' in text
    assert 'class="cell mp90" title="margin +0.90 against 颗"' in text
    assert "<mark>佘</mark>" in text and "<mark>余</mark>" in text
    assert "does not say" in text and "&lt;b&gt;blurred" in text and "<b>blurred" not in text


def test_without_a_kept_crop_the_line_is_cut_out_of_the_frame() -> None:
    """A line that matched itself (one that nothing expects) is not drawn when it is read."""
    bare = msgspec.structs.replace(FINDING, pictures=("frame",), boxes=FINDING.boxes[:1])
    drawing = drawn(bare, BLOBS.get)
    assert drawing is not None and drawing.frame is not None and len(drawing.crops) == 1


def test_what_is_withheld_is_not_cut_out_of_anything() -> None:
    """The frame itself is painted over where it was stored; its line is not shown again."""
    hidden = msgspec.structs.replace(FINDING, pictures=("frame",), boxes=FINDING.boxes[:1], exhibit=EXHIBIT.hidden())
    drawing = drawn(hidden, BLOBS.get)
    assert drawing is not None and not drawing.crops
    text = page(hidden)
    assert "it may show a secret" in text and "against 余" not in text


@pytest.mark.parametrize("kept", [{}, {"frame": b"half"}, {"crop": crop()[:40]}, {"frame": picture()}])
def test_lost_and_damaged_pictures_do_not_lose_the_words(kept: dict[str, bytes]) -> None:
    assert "dots against the font" in page(FINDING, kept)


def test_a_finding_that_rests_on_no_reading_has_no_strips() -> None:
    """Bytes of a message are equal or not."""
    plain = Finding(requirement="STAN", point="host.sale.F11", verdict=Verdict.FAIL, expected="000002", seen="000001")
    assert drawn(plain, BLOBS.get) is None and 'class="strip"' not in page(plain)


def test_findings_have_short_ids_that_do_not_change() -> None:
    """The same expectation has the same id whatever was read, and two of one attempt have two."""
    again = msgspec.structs.replace(FINDING, seen="余额不兄")
    one, two = (summary(row("a", Verdict.FAIL, findings=(given,))).findings[0].id for given in (FINDING, again))
    assert one == two and len(one) == 6
    twice = summary(row("a", Verdict.FAIL, findings=(FINDING, again))).findings
    assert twice[0].id == one != twice[1].id
    assert summary(row("b", Verdict.FAIL, findings=(FINDING,))).findings[0].id != one
