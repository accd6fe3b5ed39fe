"""Mutants labelled by hand, and the verdicts on them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.embedded import EmbeddedServer, load_schema
from understudy.mutate.equivalence import judge
from understudy.mutate.mutants import Judgement, Mutant

HERE = Path(__file__).parent
_BACKEND = HERE.parents[1] / "examples" / "backend" / "db" / "migrations"
SCHEMAS = {
    "backend": (_BACKEND, sorted(path.name for path in _BACKEND.glob("*.sql"))),
    "blog": (HERE, ["blog.sql"]),
}


@dataclass(frozen=True)
class Label:
    """A mutant, and whether it is equivalent by reasoning about the schema."""

    mutant: Mutant
    is_equivalent: bool


@dataclass(frozen=True)
class Labels:
    """The labels of a schema, and the parameters of recorded calls by statement."""

    labels: list[Label]
    recorded: dict[str, list[list[Any]]]


def labels_of(schema: str) -> Labels:
    """Return the labels of a schema; `blog.txt` describes the form of the file.

    Raises:
        ValueError: a mutant does not change its statement.
    """
    found: list[Label] = []
    recorded: dict[str, list[list[Any]]] = {}
    statement = ""
    for line in (HERE / f"{schema}.txt").read_text(encoding="utf-8").splitlines():
        mark, rest = line[:2], line[2:]
        if mark == "@ ":
            recorded.setdefault(statement, []).append(json.loads(rest))
        elif mark in ("= ", "! "):
            found.append(Label(_mutant(statement, rest.split("  #")[0]), mark == "= "))
        elif line and mark != "# ":
            statement = line
    return Labels(found, recorded)


def _mutant(statement: str, change: str) -> Mutant:
    old, _, new = change.partition(" -> ")
    new = "" if new == "(nothing)" else new
    if old not in statement:
        raise ValueError(f"{old!r} is not in {statement!r}")
    start = statement.index(old)
    end = start + len(old)
    sql = statement[:start] + new + statement[end:]
    return Mutant(statement, sql, "by hand", start, end, change)


def judged(schema: str, labels: Labels) -> Iterator[tuple[Label, Judgement]]:
    """Yield each label with the verdict on its mutant, on an embedded server."""
    with EmbeddedServer() as server:
        server.admin.create("labels")
        folder, files = SCHEMAS[schema]
        load_schema(server.dsn("labels"), files, folder)
        mutants = [label.mutant for label in labels.labels]
        verdicts = judge(mutants, server.dsn("labels"), labels.recorded)
    for label in labels.labels:
        yield label, verdicts[label.mutant]


def right(pairs: Sequence[tuple[Label, Judgement]], *, equivalent: bool) -> tuple[int, int]:
    """Return how many mutants with this label got the verdict, and how many there are."""
    wanted = "equivalent" if equivalent else "different"
    verdicts = [verdict for label, verdict in pairs if label.is_equivalent == equivalent]
    return sum(verdict.verdict == wanted for verdict in verdicts), len(verdicts)
