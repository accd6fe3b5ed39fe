"""What a catalog asks about statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from understudy.catalog.cached_answers import Answer
from understudy.catalog.description import Description, SchemaFacts, Verdict
from understudy.catalog.session_schema import Context
from understudy.catalog.store import Server


class Describer(Protocol):
    """What gives the verdicts: `catalog.describer.Describer` for PostgreSQL."""

    @property
    def major(self) -> Server:
        """The server, as a catalog file tells it."""

    def describe(
        self, statements: Sequence[str], declared: Sequence[Sequence[str]] = ()
    ) -> list[Verdict]:
        """Return the verdict on each statement, in order."""

    def describe_in(
        self, context: Context, statement: str, declared: Sequence[str] = ()
    ) -> Verdict:
        """Return the verdict on a statement in a session that has changed something."""

    def answer(
        self, statement: str, description: Description, given: Sequence[str | None]
    ) -> Answer:
        """Return the answer to a query of the system catalogs."""

    def schema_facts(self) -> SchemaFacts:
        """Return the types and constraints of the schema."""

    def is_alive(self) -> bool:
        """Return whether it can still be asked."""

    def close(self) -> None:
        """Close its connection."""
