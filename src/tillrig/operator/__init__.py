"""Does what a tester does: looks at the screen, answers what it asks as the action means, and gives up when lost."""

from __future__ import annotations

from tillrig.operator.hand import Hand
from tillrig.operator.perform import Operator, Performance
from tillrig.operator.track import Track

__all__ = ["Hand", "Operator", "Performance", "Track"]
