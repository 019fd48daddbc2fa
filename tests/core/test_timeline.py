"""The timeline keeps every event in order, wakes who waits, and survives a full disk."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from tillrig.errors import EvidenceError
from tillrig.masking import Masker
from tillrig.timeline import BALLAST_BYTES, Timeline, blob_path


def test_events_are_numbered_and_on_disk_at_once(tmp_path):
    timeline = Timeline(tmp_path)
    for number in range(3):
        timeline.append("key", key=str(number))
    lines = [json.loads(text) for text in (tmp_path / "timeline.jsonl").read_text().splitlines()]
    assert [one["seq"] for one in lines] == [1, 2, 3]
    assert [one["data"]["key"] for one in lines] == ["0", "1", "2"]
    assert lines == sorted(lines, key=lambda one: one["at"])


def test_a_second_process_goes_on_where_the_first_ended(tmp_path):
    """Several suite processes write into one run."""
    Timeline(tmp_path).close()
    first = Timeline(tmp_path)
    first.append("a")
    first.close()
    Timeline(tmp_path).append("b")
    assert len((tmp_path / "timeline.jsonl").read_text().splitlines()) == 2


def test_texts_are_masked_on_the_way_in(tmp_path):
    timeline = Timeline(tmp_path, Masker(["9900028765432102"]))
    event = timeline.append("screen", rows=["9900028765432102"])
    assert event.data["rows"] == ["990002******2102"]
    assert "9900028765432102" not in (tmp_path / "timeline.jsonl").read_text()


def test_whoever_waits_is_woken_by_an_event_of_another_thread(tmp_path):
    timeline = Timeline(tmp_path)
    threading.Timer(0.05, lambda: timeline.append("screen", screen="menu")).start()
    began = time.monotonic()
    found = timeline.wait_for(lambda: next((one for one in timeline.events(kind="screen")), None), began + 5)
    assert found is not None
    assert time.monotonic() - began < 1


def test_waiting_ends_at_the_deadline(tmp_path):
    began = time.monotonic()
    assert Timeline(tmp_path).wait_for(lambda: None, began + 0.1) is None
    assert time.monotonic() - began < 0.6


def test_an_event_between_the_question_and_the_wait_is_not_lost(tmp_path):
    """The predicate looks, an event comes, only then does the waiting begin: it must look again at once."""
    timeline = Timeline(tmp_path)
    looked = []

    def predicate():
        looked.append(1)
        if len(looked) == 1:
            timeline.append("late")
            return None
        return True

    began = time.monotonic()
    assert timeline.wait_for(predicate, began + 5)
    assert time.monotonic() - began < 0.3


def test_what_is_forgotten_in_memory_stays_on_disk(tmp_path):
    timeline = Timeline(tmp_path)
    for _ in range(5):
        timeline.append("x")
    timeline.forget(3)
    assert [one.seq for one in timeline.events()] == [4, 5]
    assert timeline.append("y").seq == 6
    assert [one.seq for one in timeline.events(after=5)] == [6]
    assert len((tmp_path / "timeline.jsonl").read_text().splitlines()) == 6


def test_a_picture_is_stored_once(tmp_path):
    timeline = Timeline(tmp_path)
    first, second = timeline.blob(b"jpeg"), timeline.blob(b"jpeg")
    assert first == second
    assert blob_path(tmp_path, first.removeprefix("sha256:")).read_bytes() == b"jpeg"


def test_a_full_disk_stops_the_run_but_not_the_record(tmp_path):
    """Appending goes on in memory, waiting raises, and the reserve is given back for the records that end the run."""
    timeline = Timeline(tmp_path, path=Path("/dev/full"))
    assert (tmp_path / ".ballast").stat().st_size == BALLAST_BYTES
    timeline.append("key")
    assert "No space left" in timeline.failure
    assert not (tmp_path / ".ballast").exists()
    timeline.append("another")
    assert len(timeline.events()) == 2
    with pytest.raises(EvidenceError, match="No space left"):
        timeline.wait_for(lambda: True, time.monotonic() + 1)
    timeline.close()


def test_a_directory_that_cannot_be_written_is_told_at_once(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(EvidenceError, match="cannot record"):
        Timeline(blocked)
