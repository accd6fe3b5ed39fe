"""A describer with scripted verdicts, which counts its calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from understudy.catalog import store
from understudy.catalog.cached_answers import Answer
from understudy.catalog.describer import Describer
from understudy.catalog.description import (
    Column,
    Constraint,
    Description,
    Refusal,
    SchemaFacts,
    Verdict,
)
from understudy.catalog.errors import DescribeFailed
from understudy.catalog.run_catalog import Catalog
from understudy.pg.types import TypeFacts

ACCEPTED = Description("SELECT", (), (Column("n", "integer", None, "nullable"),), (), ())
REFUSED = Refusal("42703", 'column "nmae" does not exist', position=8)
FACTS = SchemaFacts(
    {"mood": TypeFacts("enum", labels=("sad",))},
    (Constraint("users_pkey", "users", "primary key", ("id",)),),
)


class Scripted(Describer):
    """Says of every statement that it is accepted, unless `says` has something else."""

    def __init__(
        self,
        says: Mapping[str, Verdict] | None = None,
        *,
        major: int = 18,
        facts: SchemaFacts = FACTS,
    ) -> None:
        super().__init__("")
        self.says = dict(says or {})
        self._major = major
        self._facts = facts
        self.asked: list[tuple[str, ...]] = []
        self.answers: dict[str, Answer] = {}
        self.closed = 0
        self.lost: str | None = None

    def describe(
        self, statements: Sequence[str], declared: Sequence[Sequence[str]] = ()
    ) -> list[Verdict]:
        types = declared or [()] * len(statements)
        keys = [store.key(*pair) for pair in zip(statements, types, strict=True)]
        self.asked.append(tuple(keys))
        if self.lost is not None:
            raise DescribeFailed(self.lost)
        return [self.says.get(key, ACCEPTED) for key in keys]

    def answer(
        self, statement: str, description: Description, given: Sequence[str | None]
    ) -> Answer:
        self.asked.append((store.key(statement, (), given),))
        return self.answers[store.key(statement, (), given)]

    def schema_facts(self) -> SchemaFacts:
        return self._facts

    @property
    def major(self) -> int:
        return self._major

    def close(self) -> None:
        self.closed += 1


def nobody() -> Describer:
    """Stands for a PostgreSQL that must not be asked."""
    raise AssertionError("a server was started")


def schema(name: str = "schema") -> Callable[[int], str]:
    """The fingerprint of a schema."""
    return lambda major: f"{name} on {major}"


def catalog_of(says: Mapping[str, Verdict], facts: SchemaFacts = FACTS) -> Catalog:
    """A catalog that keeps nothing."""
    return Catalog(None, schema(), lambda: Scripted(says, facts=facts))


def spellings(path: Path) -> list[str]:
    """The statements that a file holds, in its order."""
    found = store.read(path)
    assert found is not None
    return list(found.statements)
