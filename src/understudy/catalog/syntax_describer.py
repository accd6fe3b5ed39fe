"""Describe what does not depend on a schema: whether the syntax of statements is valid."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.catalog.command_tags import command_in
from understudy.catalog.describer import Describer
from understudy.catalog.description import ParsedOnly, Refusal, SchemaFacts, Verdict
from understudy.catalog.introspection_statements import is_introspection


class SyntaxDescriber(Describer):
    """A describer for a database that need not have the tables."""

    def describe(
        self, statements: Sequence[str], declared: Sequence[Sequence[str]] = ()
    ) -> list[Verdict]:
        """Return a refusal for each statement with a syntax error, and the command of the others.

        Queries of the system catalogs are described: those are the same in every database.
        """
        return [
            verdict
            if (isinstance(verdict, Refusal) and verdict.sqlstate == "42601")
            or is_introspection(statement)
            else ParsedOnly(command_in(statement))
            for statement, verdict in zip(
                statements, super().describe(statements, declared), strict=True
            )
        ]

    def schema_facts(self) -> SchemaFacts:
        """Return nothing: there is no schema."""
        return SchemaFacts({}, ())
