"""The names of the files of a project with several databases."""

from __future__ import annotations

from pathlib import Path

MYSQL_SUFFIX = "-mysql"  # of the file with MySQL's answers, beside PostgreSQL's


def is_mysql(path: Path) -> bool:
    """Return whether a file has MySQL's answers."""
    return path.name.endswith(MYSQL_SUFFIX)
