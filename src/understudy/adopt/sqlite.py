"""Suites that stand on SQLite: their engines, rewritten for real_postgres."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.adopt.adoption import Adoption
from understudy.project.sources import Project


def find(project: Project) -> Sequence[Adoption]:
    """Return the rewrite of a project's engines on SQLite."""
    return ()
