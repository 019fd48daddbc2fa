"""Puts Allure's results right: allure-robotframework reports every failure as `failed`, and makes a test's history
depend on the folder in which robot was started."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tillrig.report.summary import Summary
from tillrig.verdicts import Verdict

STATUS = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.BLOCKED: "skipped",
    Verdict.RIG_ERROR: "broken",
    Verdict.INCONCLUSIVE: "broken",
    Verdict.TEST_ERROR: "broken",
}


def normalise(results: Path, summary: Summary) -> int:
    """Rewrite the results whose status or history differs from what tillrig says; how many were changed.

    What a killed process left half written is left alone: Allure passes over it too.
    """
    changed = 0
    for path in sorted(results.glob("*-result.json")):
        result = _read(path)
        if result is None:
            continue
        message = (result.get("statusDetails") or {}).get("message") or ""
        word = message.removeprefix("VerdictError: ").removeprefix("AssertionError: ").removeprefix("Skipped: ")
        named = word.partition(":")[0].strip()
        fresh = dict(result)
        if named in Verdict.__members__:
            fresh["status"] = STATUS[Verdict(named)]
        fresh["historyId"] = hashlib.sha256(_identity(result).encode()).hexdigest()
        if fresh != result:
            path.write_text(json.dumps(fresh, ensure_ascii=False), encoding="utf-8")
            changed += 1
    _environment(results, summary)
    return changed


def _read(path: Path) -> dict[str, Any] | None:
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return result if isinstance(result, dict) else None


def _identity(result: dict[str, Any]) -> str:
    """File or suite and name: the same wherever the run was started."""
    name = str(result.get("fullName") or result.get("name"))
    suite = next((label["value"] for label in result.get("labels", []) if label["name"] == "suite"), "")
    parameters = sorted(f"{p['name']}={p['value']}" for p in result.get("parameters", []))
    return "|".join([suite, name.rpartition("suites")[2], *parameters])


def _environment(results: Path, summary: Summary) -> None:
    results.mkdir(parents=True, exist_ok=True)
    lines = {"rig": summary.rig.name, "profile": summary.rig.profile, "detail": summary.rig.detail}
    (results / "environment.properties").write_text(
        "".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8"
    )
