"""A run of suites on a rig that is always well."""

from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from tillrig.evidence.records import AttemptRecord
from tillrig.evidence.writer import new_attempt_directory, write_json
from tillrig.runner import run
from tillrig.runner.run import RunSettings, run_suites
from tillrig.runner.selection import Selection
from tillrig.verdicts import Verdict

ROOT = Path(__file__).parents[2]
SESSION = """
import os
from pathlib import Path

from tests.suites.fake_session import install

install(Path(os.environ["TILLRIG_RUN_DIR"]))
"""


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """Runs a folder of suites on a rig that is always well; one attempt has passed already, so that a run is green
    unless something says otherwise. `operated()`: its tests operate a session without a rig."""
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "pytest.ini").write_text("[pytest]\n")

    @contextmanager
    def standing(self):
        yield self._settings.rig

    monkeypatch.setattr(run._Run, "_standing_rig", standing)
    monkeypatch.setattr(run._Run, "_check_rig", lambda self, rig: None)

    def operated() -> None:
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        (tmp_path / "suites" / "conftest.py").write_text(SESSION)

    def go(silence_s: float = run.SILENCE_S, **selection: object) -> tuple[int, str]:
        number, directory = new_attempt_directory(tmp_path / "run", "earlier")
        record = AttemptRecord(number=number, id="earlier", verdict=Verdict.PASS, directory=str(directory.name))
        write_json(directory / "attempt.json", record)
        told = StringIO()
        chosen = msgspec.structs.replace(Selection(paths=(tmp_path / "suites",)), **selection)
        rig = ROOT / "rigs" / "virtual.yaml"
        settings = RunSettings(selection=chosen, rig=rig, run_dir=tmp_path / "run", silence_s=silence_s)
        code = run_suites(settings, Console(file=told, width=200))
        return code, told.getvalue()

    monkeypatch.chdir(tmp_path / "suites")
    go.folder, go.run_dir, go.operated = tmp_path / "suites", tmp_path / "run", operated
    return go
