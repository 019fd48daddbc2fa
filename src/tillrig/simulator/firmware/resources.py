"""What makes this firmware a *classic*: texts, menus, times, layouts, read from ``classic/1.0/``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Resources:
    """The data of one model and version. ``overrides`` replace single parameters or seconds (``--set``)."""

    def __init__(self, model: str, version: str, overrides: dict[str, str]) -> None:
        folder = Path(__file__).parent / model / version
        self.model = _load(folder / "model.json")
        self._texts: dict[str, str] = _load(folder / "texts.json")
        self.responses = _load(folder / "responses.json")
        self.menus = _load(folder / "menus.json")
        self.slips = _load(folder / "slips.json")
        self.overrides = overrides
        for key, value in overrides.items():
            self._override(key, value)

    def _override(self, key: str, value: str) -> None:
        if key.startswith("seconds."):
            name = key.removeprefix("seconds.")
            if name not in self.model["seconds"]:
                raise ValueError(f"--set {key}: no such time; known: {', '.join(self.model['seconds'])}")
            self.model["seconds"][name] = float(value)
        elif key in self.model["params"]:
            self.model["params"][key] = typed(self.model["params"][key], value)
        else:
            known = ", ".join(self.model["params"])
            raise ValueError(f"--set {key}: no such parameter; known: {known}, seconds.*")

    def text(self, name: str, **values: str) -> str:
        """A text by name; ``|`` marks forced row breaks."""
        return self._texts[name].format(**values) if values else self._texts[name]


def typed(like: Any, value: str) -> Any:
    """``value`` in the type of ``like``."""
    return int(value) if isinstance(like, int) else value


def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
