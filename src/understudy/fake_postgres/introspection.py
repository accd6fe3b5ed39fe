"""The statements that drivers and ORMs send by themselves, answered without a script.

PostgreSQL answers those about the schema (catalog/introspection_statements.py tells them apart);
the connection answers those about itself (connection_queries.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from understudy.catalog.cached_answers import AnswerRows
from understudy.catalog.describe_errors import shortened
from understudy.catalog.description import Description, Refusal
from understudy.catalog.errors import CatalogError, StatementUnknown
from understudy.catalog.introspection_statements import is_introspection, is_system
from understudy.catalog.run_catalog import Catalog
from understudy.fake_postgres.client_errors import refused
from understudy.fake_postgres.connection_queries import Item, items_of
from understudy.fake_postgres.current_schema import Schema
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.statements import Result, Statement
from understudy.fake_postgres.type_lookups import Lookup, lookup_in, quoting_in
from understudy.pg.codecs.codec import TEXT
from understudy.script import expectations


@dataclass(slots=True)
class Question:
    """An introspection statement, as the notes of its Statement.

    Attributes:
        declared: the names of the types that the client declared.
        items: what it reads of the connection; None for a statement about the schema.
        lookup: how it is answered without PostgreSQL; None for any other statement.
        answers: its results, by parameters.
    """

    declared: tuple[str, ...] = ()
    items: tuple[Item, ...] | None = None
    lookup: Lookup | None = None
    answers: dict[tuple[str | None, ...], Result] = field(default_factory=dict)


class Introspection:
    """Answers introspection statements, which no test scripts."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def prepare(self, statement: str, declared: Sequence[int]) -> Statement | None:
        """Return the statement if it is a driver's introspection, else None.

        Args:
            statement: its text.
            declared: the numbers of the types that the client declared.

        Raises:
            StatementUnknown: PostgreSQL cannot be asked, or the catalog is locked.
        """
        items = items_of(statement)
        if items is not None:
            fields = tuple(self._schema.field(item.name, item.type) for item in items)
            parameters = (self._schema.types.oid("text"),) if "$1" in statement else ()
            return Statement(statement, "SELECT", parameters, fields, notes=Question(items=items))
        lookup = quoting_in(statement)
        if lookup is None and not is_introspection(statement):
            return None
        if lookup is None and self._schema.catalog is None:
            lookup = lookup_in(statement)
        if lookup is not None:
            fields = tuple(self._schema.field(*item) for item in lookup.columns.items())
            numbers = tuple(map(self._schema.types.oid, lookup.parameters))
            return Statement(statement, "SELECT", numbers, fields, notes=Question(lookup=lookup))
        types = [self._schema.types.numbered(oid) for oid in declared]
        spelt = tuple("" if type_ is None else type_.name for type_ in types)
        try:
            verdict = self._catalog(statement).verdict(statement, spelt)
        except CatalogError as error:
            raise _unknown(statement, str(error)) from error
        if isinstance(verdict, Refusal):
            return None  # refused like any other statement
        # A table of the user's may be called pg_something.
        if not isinstance(verdict, Description) or not all(map(is_system, verdict.tables)):
            return None
        return Statement(
            statement,
            "SELECT",
            tuple(map(self._schema.types.oid, verdict.parameters)),
            tuple(self._schema.field(column.name, column.type) for column in verdict.columns),
            notes=Question(spelt),
        )

    def execute(
        self, statement: Statement, parameters: Sequence[Any], connection: Connection
    ) -> Result:
        """Answer a statement that `prepare` has returned.

        Raises:
            ServerError: PostgreSQL refuses to answer.
            StatementUnknown: as `prepare`.
        """
        question: Question = statement.notes
        if question.items is not None:
            return Result([[item.value(connection, parameters) for item in question.items]])
        if question.lookup is not None:
            return Result(question.lookup.rows(self._schema, parameters))
        given = tuple(
            None if value is None else self._schema.values.encoder(oid, TEXT)(value).decode()
            for oid, value in zip(statement.parameters, parameters, strict=True)
        )
        found = question.answers.get(given)
        if found is None:
            found = question.answers[given] = self._answer(statement, question, given)
        return found

    def _answer(
        self, statement: Statement, question: Question, given: tuple[str | None, ...]
    ) -> Result:
        try:
            answer = self._catalog(statement.sql).answer(statement.sql, question.declared, given)
        except CatalogError as error:
            raise _unknown(statement.sql, str(error)) from error
        if not isinstance(answer, AnswerRows):
            raise refused(answer, answer.position)
        decoders = [self._schema.values.decoder(item.oid, TEXT) for item in statement.fields or ()]
        return Result(
            [
                [
                    None if text is None else decode(text.encode())
                    for text, decode in zip(row, decoders, strict=True)
                ]
                for row in answer.rows
            ]
        )

    def _catalog(self, statement: str) -> Catalog:
        catalog = self._schema.catalog
        if catalog is None:
            raise _unknown(
                statement,
                (
                    "there is no PostgreSQL to ask, and no catalog that would hold its answer\n"
                    'Run: pip install "understudy[postgres]"'
                ),
            )
        return catalog


def _unknown(statement: str, reason: str) -> StatementUnknown:
    return expectations.record_failure(
        StatementUnknown(
            "a driver asked PostgreSQL about the schema, and there is no answer\n"
            f"  sql:    {shortened(statement)}\n"
            f"  reason: {reason}"
        )
    )
