"""Detect what a project consists of, and write a scaffold for its tests.

The project is read and not imported. What only running it shows is found out in a child process
(`verify_examples.py`).
"""

from understudy.init.errors import InitError
from understudy.init.findings import Findings, look
from understudy.init.plan import Change, Plan, changes_to, make_plan
from understudy.init.saving import save

__all__ = ["Change", "Findings", "InitError", "Plan", "changes_to", "look", "make_plan", "save"]
