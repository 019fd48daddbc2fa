"""The built-in faults as data: name, module, what breaks, requirement, point."""

from __future__ import annotations

import json
from pathlib import Path

CATALOGUE: list[dict[str, str]] = json.loads(Path(__file__).with_name("faults.json").read_text(encoding="utf-8"))
