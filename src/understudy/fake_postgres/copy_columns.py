"""The columns of a COPY: what PostgreSQL says of them, and what a driver asks before it copies."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from understudy.catalog.description import Refusal
from understudy.catalog.errors import AnswerImpossible, StatementRefused
from understudy.engine.copied_rows import Columns, columns_of, listed_columns, query_of, table_of
from understudy.engine.engine import Engine
from understudy.fake_postgres import type_inference
from understudy.fake_postgres.clients import Client
from understudy.pg import sql
from understudy.pg.sql_spelling import name_of
from understudy.script import expectations
from understudy.script.calls import Call
from understudy.script.origin import NOWHERE
from understudy.script.rules import Rule

_NO_COLUMN = re.compile(r'column (".*") does not exist')


class CopyColumns:
    """Finds the columns of COPY statements.

    Args:
        engine: asks PostgreSQL.
        rules_for: returns the rules for the statement of a call.
    """

    def __init__(self, engine: Engine, rules_for: Callable[[Call], Sequence[Rule]]) -> None:
        self._engine = engine
        self._rules_for = rules_for

    def columns(self, call: Call, client: Client) -> Columns:
        """Return the columns of a COPY, with the types that PostgreSQL says or a driver was told.

        Raises:
            Failure: PostgreSQL refuses a query of these columns.
        """
        query = query_of(call.statement)
        if query is None:
            return None
        told = client.copied.get(query)
        if told is not None:
            return told
        question = client.call(query, None, call.spot)
        path = client.settings.get("search_path")
        context = self._engine.context(question, client, path)
        try:
            description = self._engine.describe(question, (), context)
        except StatementRefused as failure:
            if failure.refusal is not None:
                failure.refusal = _of_copy(failure.refusal, call.statement, query)
            raise
        return columns_of(call.statement, description)

    def accepted(self, sql: str, client: Client) -> Columns:
        """Return the columns of a COPY that the real server has accepted."""
        question = client.call(query_of(sql) or sql, None, NOWHERE)
        context = self._engine.context(question, client, client.settings.get("search_path"))
        return columns_of(sql, self._engine.describe_accepted(question, (), context))

    def asked_for(self, call: Call, client: Client) -> Sequence[tuple[str, str]] | None:
        """Return the columns of a query that a driver asks before a COPY FROM that has a rule."""
        copy = copy_of(call.statement)
        rules = self._rules_for(client.call(copy, None, call.spot)) if copy else ()
        if copy is None or not rules:
            return None
        found = scripted_columns(copy, rules)
        query = query_of(copy) or ""
        if found is None:
            failure = AnswerImpossible(columns_unknown(copy, call.origin.place))
            raise expectations.record_failure(failure)
        client.copied[query] = found
        hint = partial(not_sent, copy, call.origin.place, found)
        expectations.add_hint((client.pid, query), hint)
        return found


def _of_copy(refusal: Refusal, copy: str, query: str) -> Refusal:
    """Return the refusal of a query of the columns of a COPY as PostgreSQL refuses the COPY."""
    start = sql.tidy(copy).find(sql.tidy(query))
    if start >= 0:  # the COPY of a query
        at = refusal.position
        return replace(refusal, position=None if at is None else at + start)
    column = _NO_COLUMN.fullmatch(refusal.message)
    if column is None:
        return replace(refusal, position=None)
    message = f'column {column[1]} of relation "{table_of(copy)}" does not exist'
    return Refusal(refusal.sqlstate, message)


def copy_of(query: str) -> str | None:
    """Return the COPY FROM for which a driver asks the types of the columns with a query.

    asyncpg and psqlpy do, for `copy_records_to_table`, and quote every name.
    """
    tokens = sql.tokens(query)
    if tokens[:1] != ("SELECT",) or "FROM" not in tokens:
        return None
    at = tokens.index("FROM")
    names, table, end = tokens[1:at], tokens[at + 1 : -2], tokens[-2:]
    if end not in (("LIMIT", "1"), ("WHERE", "false")) or not table:
        return None
    if any(token[0] not in '",*.' for token in (*names, *table)):
        return None
    listed = "" if names == ("*",) else f"({', '.join(name for name in names if name != ',')})"
    return f"COPY {''.join(table)}{listed} FROM STDIN (FORMAT binary)"


def scripted_columns(copy: str, rules: Sequence[Rule]) -> Sequence[tuple[str, str]] | None:
    """Return the columns of a COPY FROM without a schema, with the types of its rules' rows.

    None if neither the COPY nor a rule tells how many they are.
    """
    rows = [
        row for rule in rules for row in rule.parameters.expected if isinstance(row, list | tuple)
    ]
    names = [name_of(name) for name in listed_columns(copy)]
    if not names:
        if not rows:
            return None
        names = [f"column {number}" for number in range(1, len(rows[0]) + 1)]
    rows = [row for row in rows if len(row) == len(names)]
    return [
        (name, type_inference.common(row[place] for row in rows))
        for place, name in enumerate(names)
    ]


def columns_unknown(copy: str, place: str) -> str:
    """Return the failure of a COPY whose columns a driver asks for and nobody knows."""
    return (
        "a driver asks for the columns of this table before it copies rows into it\n"
        f"  sql: {sql.one_line(copy)}\n  at:  {place}\n"
        "Configure the schema, which tells them; or give the rule rows: "
        'on("COPY ... FROM STDIN ...", (1, "Ana")).'
    )


def not_sent(copy: str, place: str, told: Sequence[tuple[str, str]]) -> str:
    """Return the hint about a COPY whose rows a driver has not sent."""
    types = ", ".join(f"{name} {type_name}" for name, type_name in told)
    return (
        "Without a schema, Understudy guesses the types of the columns of a COPY. A driver has "
        "asked for them\nand has sent no rows:\n"
        f"  sql:     {sql.one_line(copy)}\n  at:      {place}\n  guessed: {types}\n"
        'If the driver refused a value ("expected str, got int"), the guess was wrong. '
        "Configure the schema\n(`schema` in [tool.understudy]), or give the rule rows of the right "
        'types: on("COPY ...", (1, "Ana")).'
    )
