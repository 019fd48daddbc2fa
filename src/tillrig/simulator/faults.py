"""``python -m tillrig.simulator.faults [--json]``: the built-in faults and what each breaks."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from tillrig.simulator.firmware.faults import CATALOGUE


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the list; with ``--json`` as one JSON array of objects ``name breaks requirement point``."""
    arguments = sys.argv[1:] if arguments is None else arguments
    listed = [{key: entry[key] for key in ("name", "breaks", "requirement", "point")} for entry in CATALOGUE]
    if list(arguments) == ["--json"]:
        text = json.dumps(listed, ensure_ascii=False, indent=2)
    elif arguments:
        sys.stderr.write("usage: python -m tillrig.simulator.faults [--json]\n")
        return 2
    else:
        text = "\n".join("{name:22} {breaks} [{requirement} {point}]".format(**entry) for entry in listed)
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
