"""Why tests that passed before fail on PostgreSQL: what the database said, grouped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from understudy.adopt.trial import Trial

# What SQLite does instead, by the beginning of an SQLSTATE.
_HINTS = {
    "22001": "SQLite does not enforce the length of a column.",
    "22003": "SQLite's integers have 64 bits, whatever the column's type says.",
    "22P02": "SQLite stores and compares text in a column of any type.",
    "23502": "The schema that PostgreSQL has requires a value that the test does not give.",
    "23503": "SQLite does not enforce foreign keys, unless PRAGMA foreign_keys is on.",
    "25P02": "After an error, PostgreSQL refuses every statement of the transaction but ROLLBACK.",
    "42703": "The column is in the models, and not in the schema.",
    "42725": "SQLite has no types of parameters; PostgreSQL asks for a cast.",
    "42803": "SQLite picks any row for a column that GROUP BY does not name.",
    "42804": "SQLite stores a value of any type in a column.",
    "42883": "SQLite has other functions, and compares values of any types.",
    "42P01": "The table is in the models, and not in the schema.",
    "42P10": "SQLite accepts an ORDER BY that is not in the list of SELECT DISTINCT.",
    "55P03": "Another connection of the test is in a transaction; StaticPool has one connection.",
}


@dataclass(frozen=True)
class Cause:
    """A reason for which tests fail.

    Attributes:
        said: the first line of the database's error, or the test's own error.
        detail: the database's detail of it, or an empty string.
        sqlstate: PostgreSQL's code, or an empty string.
        statement: the statement that failed first, or an empty string.
        place: the line of the project that the first error passed.
        hint: what SQLite does instead, or an empty string.
        tests: the tests, by node id.
    """

    said: str
    detail: str
    sqlstate: str
    statement: str
    place: str
    hint: str
    tests: Sequence[str]


def grouped(trial: Trial) -> list[Cause]:
    """Return the causes of the differences, the most frequent first."""
    groups: dict[str, list[str]] = {}
    for name, test in trial.different.items():
        groups.setdefault(_key(test.get("said") or test.get("error", "")), []).append(name)
    causes = []
    for names in groups.values():
        first = trial.different[names[0]]
        sqlstate = first.get("sqlstate", "")
        said = first.get("said") or first.get("error", "")
        causes.append(
            Cause(
                f"{sqlstate} {said}".strip(),
                first.get("detail", ""),
                sqlstate,
                first.get("statement", ""),
                first.get("place", ""),
                _HINTS.get(sqlstate, ""),
                names,
            )
        )
    return sorted(causes, key=lambda cause: -len(cause.tests))


def _key(said: str) -> str:
    """Return an error without the values in it: those differ from test to test."""
    return re.sub(r"\d+", "N", said)
