"""What `understudy adopt` finds in a project, and what it would change there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from understudy.init.database_kind import POSTGRES, DatabaseKind

# What a suite stands on today.
Kind = Literal[
    "sqlite",
    "running-postgres",
    "testcontainers",
    "pytest-postgresql",
    "running-mysql",
    "testcontainers-mysql",
    "pytest-mysql",
    "mock",
]


@dataclass(frozen=True)
class Place:
    """A place in the project's source.

    Attributes:
        path: of the file.
        line: counted from 1.
        what: what is there, in a few words, such as "the fixture `db_session`".
    """

    path: Path
    line: int
    what: str


@dataclass(frozen=True)
class Refusal:
    """Something that is not rewritten.

    Attributes:
        place: where.
        why: the reason, as a sentence.
        instead: what to do by hand, as a sentence.
    """

    place: Place
    why: str
    instead: str


@dataclass(frozen=True)
class Adoption:
    """One way in which a project's tests reach their database, and its rewrite.

    Attributes:
        kind: what the tests stand on today.
        found: the fixtures and calls that show it.
        files: the new text of each file to change or to create, by path; empty for a report.
        settings: the keys to set in `[tool.understudy]`, as TOML values in Python.
        notes: sentences for the reader on what changes in behaviour.
        refusals: the places that stay as they are, with reasons.
        database: the kind of database that they move to.
    """

    kind: Kind
    found: Sequence[Place]
    files: Mapping[Path, str] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    notes: Sequence[str] = ()
    refusals: Sequence[Refusal] = ()
    database: DatabaseKind = POSTGRES


def add_settings(settings: dict[str, object], more: Mapping[str, object]) -> None:
    """Add keys for `[tool.understudy]` to others; the entries of two tables come together."""
    for key, value in more.items():
        known = settings.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            settings[key] = {**known, **value}
        else:
            settings[key] = value
