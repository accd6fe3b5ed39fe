"""Run a test again in the same process, with one change at the boundary to its database."""

from understudy.rerun.reruns import Reruns, made, of, once
from understudy.rerun.runs import Recorded, Run

__all__ = ["Recorded", "Reruns", "Run", "made", "of", "once"]
