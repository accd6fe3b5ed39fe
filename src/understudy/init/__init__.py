"""Tests for a project that has none: what it is made of is found, and a scaffold is written.

The project is read, never imported: where only running it tells, it runs in a process of its own
(`trial.py`).
"""

from understudy.init.errors import InitError
from understudy.init.findings import Findings, look
from understudy.init.plan import Change, Plan, make_plan
from understudy.init.saving import save

__all__ = ["Change", "Findings", "InitError", "Plan", "look", "make_plan", "save"]
