"""Tests for a project that has none: what it is made of is found, and a scaffold is written.

The project is read, never imported: where only running it tells, it runs in a process of its own
(`trial.py`).
"""

from understudy.writer.errors import WriterError
from understudy.writer.findings import Findings, look
from understudy.writer.plan import Change, Plan, make_plan
from understudy.writer.saving import save

__all__ = ["Change", "Findings", "Plan", "WriterError", "look", "make_plan", "save"]
