"""Writes what a run leaves for machines and people: summary.json, index.html; Allure's results are put right."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from tillrig.errors import EvidenceError
from tillrig.evidence import Run, load_run
from tillrig.report.allure import normalise
from tillrig.report.html import GalleryItem, render
from tillrig.report.summary import Summary, Trouble
from tillrig.verdicts import Verdict, of_exception

#: Pictures of sound attempts shown at the end of the page.
GALLERY = 8


def publish(summary: Summary, run_dir: Path) -> tuple[Summary, Path]:
    """Write everything below `run_dir`; the summary and the page's path. What cannot be written is a trouble of the
    summary, never an exception: the verdict comes out whatever becomes of the page."""
    page = run_dir / "index.html"
    try:
        write_summary(summary, run_dir)
        run = load_run(run_dir)
        page.write_text(
            render(summary, sentences=requirement_sentences(), blob=run.blob, gallery=_gallery(run)), encoding="utf-8"
        )
        normalise(run_dir / "allure", summary)
    except Exception as error:  # noqa: BLE001 - a bug of the page's would hide a FAIL
        text = f"the report could not be written: {type(error).__name__}: {error}"
        summary = summary.with_trouble(Trouble(verdict=of_exception(error), text=text))
        with contextlib.suppress(OSError):
            write_summary(summary, run_dir)
    return summary, page


def write_summary(summary: Summary, run_dir: Path) -> None:
    """summary.json. Raises OSError."""
    (run_dir / "summary.json").write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=1) + b"\n")


def read_summary(run_dir: Path) -> Summary:
    """The summary.json of an earlier run. Raises EvidenceError when it cannot be read or is none."""
    path = run_dir / "summary.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Summary)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EvidenceError(f"{path} is not the summary of a run: {error}") from error


def requirement_sentences(path: Path = Path("requirements.yaml")) -> dict[str, str]:
    """Requirement id → sentence; empty where the run was made away from the requirements, or where the file is none:
    a report is written all the same."""
    try:
        listed = YAML(typ="safe").load(path)
        return {str(identity): str(entry["sentence"]) for identity, entry in listed.items()}
    except (OSError, ValueError, YAMLError, AttributeError, LookupError, TypeError):
        return {}


def _gallery(run: Run) -> list[GalleryItem]:
    """The pictures of the sound attempt that has most of them: usually a sale, prompts to slips."""
    sound = [record for record in run.attempts if record.verdict is Verdict.PASS]
    richest = max(sound, key=lambda record: len(record.gallery), default=None)
    if richest is None:
        return []
    pictures = []
    for identity, caption in richest.gallery[:GALLERY]:
        encoded = run.blob(identity)
        if encoded is not None:
            pictures.append((encoded, f"{richest.id}: {caption}"))
    return pictures
