"""Pure: branches × observations ► findings. The branch that fits the host's log becomes the ledger."""

from __future__ import annotations

from tillrig.judge.judgement import Judgement, Witnesses, bind, judge

__all__ = ["Judgement", "Witnesses", "bind", "judge"]
