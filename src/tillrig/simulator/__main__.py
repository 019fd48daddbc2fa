"""``python -m tillrig.simulator`` is the bench."""

from __future__ import annotations

import sys

from tillrig.simulator.bench.__main__ import main

sys.exit(main())
