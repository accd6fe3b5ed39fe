"""No column that is described as NOT NULL is ever NULL when the statements run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import psycopg
import pytest
from psycopg.pq import ExecStatus

from tests.conformance.catalog.corpus import mutants, statements
from understudy.catalog.describer import Describer
from understudy.catalog.description import Description

pytestmark = pytest.mark.slow

_TEXTS = {
    "bigint": ("1", "4", "99"),
    "boolean": ("t", "f", "t"),
    "character": ("pt", "br", "zz"),
    "date": ("2023-05-01", "2024-05-01", "2030-01-01"),
    "double precision": ("1", "0", "NaN"),
    "email": ("ana@x", "q@q", "x@y"),
    "address": ("(a,b,1)", "(,,)", "(a,,)"),
    "integer": ("1", "2", "99"),
    "integer[]": ("{1,2}", "{}", "{NULL}"),
    "interval": ("1 day", "-1 day", "0"),
    "jsonb": ("{}", '{"a": null}', "[]"),
    "money": ("1", "0", "2"),
    "mood": ("sad", "ok", "happy"),
    "numeric": ("0", "1", "NaN"),
    "positive": ("1", "2", "3"),
    "smallint": ("1", "2", "3"),
    "text[]": ("{a,b}", "{}", "{NULL}"),
    "timestamp with time zone": ("2024-01-01 12:00+00", "infinity", "-infinity"),
    "timestamp without time zone": ("2024-01-01 12:00", "infinity", "-infinity"),
    "tstzrange": ("(,)", "empty", "[2024-01-01,2024-01-02)"),
    "uuid": ("00000000-0000-0000-0000-000000000000",) * 3,
}
_ANY = ("a", "Portugal", "customers")
_TABLES = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relkind IN ('r', 'p') AND NOT relispartition
        AND relnamespace IN ('public'::regnamespace, 'stock'::regnamespace)
    ORDER BY 1
"""
_NULLABLE_COLUMNS = """
    SELECT attrelid::regclass::text, quote_ident(attname)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND attnum > 0 AND NOT attisdropped
        AND NOT attnotnull AND attgenerated = '' AND attislocal AND atttypid <> 'positive'::regtype
        AND relnamespace IN ('public'::regnamespace, 'stock'::regnamespace)
        AND attrelid <> 'settings'::regclass
    ORDER BY 1, 2 DESC
"""


def test_no_certain_not_null_is_ever_wrong(
    describer: Describer, connection: psycopg.Connection
) -> None:
    corpus = _returning(describer, statements(describer.major))
    seen: dict[tuple[str, int], set[bool]] = {}
    for state in states(connection):
        for statement, verdict in corpus:
            for values in _values(verdict.parameters, everything=not state):
                for row in _run(connection, state, statement, values):
                    for place, is_null in enumerate(row):
                        seen.setdefault((statement, place), set()).add(is_null)

    counts: Counter[str] = Counter()
    observed: Counter[str] = Counter()
    wrong = []
    for statement, verdict in corpus:
        for place, column in enumerate(verdict.columns):
            counts[column.nullability] += 1
            nulls = seen.get((statement, place), set())
            observed[f"{column.nullability}: {_words(nulls)}"] += 1
            if column.nullability == "not null" and True in nulls:
                wrong.append((statement, place, column))
    print(f"{counts.total()} columns: {dict(counts)}, wrong: {len(wrong)}")  # noqa: T201 # the figures of the proof
    print(f"seen: {dict(sorted(observed.items()))}")  # noqa: T201 # the figures of the proof
    assert wrong == []
    # What was never seen proves nothing.
    assert observed["not null: no row"] <= 0.1 * counts["not null"]
    assert counts["not null"] >= 0.4 * counts.total()


def test_nor_is_it_of_a_mutant_that_postgresql_accepts(
    describer: Describer, connection: psycopg.Connection
) -> None:
    subjects = dict.fromkeys(
        mutant for one in statements(describer.major) for mutant in mutants(one)
    )
    corpus = _returning(describer, list(subjects))
    # A recursion may have lost its end.
    connection.execute("SET statement_timeout = '200ms'")

    wrong = []
    for statement, verdict in corpus:
        for values in _values(verdict.parameters, everything=False):
            for row in _run(connection, [], statement, values):
                wrong += [
                    (statement, column)
                    for column, is_null in zip(verdict.columns, row, strict=True)
                    if is_null and column.nullability == "not null"
                ]
    print(f"{len(corpus)} mutants with {sum(len(v.columns) for _, v in corpus)} columns")  # noqa: T201 # the figures of the proof
    assert wrong == []
    assert len(corpus) >= 1000


def _returning(describer: Describer, subjects: Sequence[str]) -> list[tuple[str, Description]]:
    """The statements that return rows, and what is said of them."""
    return [
        (statement, verdict)
        for statement, verdict in zip(subjects, describer.describe(subjects), strict=True)
        if isinstance(verdict, Description) and verdict.columns
    ]


def states(connection: psycopg.Connection) -> Iterator[list[str]]:
    """What is done to the data before a statement runs; all of it is rolled back."""
    yield []
    tables = [row[0] for row in connection.execute(_TABLES)]
    yield [f"DELETE FROM {table}" for table in tables]
    yield [
        f"UPDATE {table} SET {column} = NULL"
        for table, column in connection.execute(_NULLABLE_COLUMNS)
    ]
    for table in tables:
        yield [f"DELETE FROM {table}"]


def _values(types: Sequence[str], *, everything: bool) -> Iterator[list[str | None]]:
    if not types:
        yield []
        return
    choices = range(3) if everything else range(1)
    for choice in choices:
        yield [_TEXTS.get(name, _ANY)[choice] for name in types]
    yield [None] * len(types)
    if everything:
        for missing in range(len(types)):
            yield [
                None if place == missing else _TEXTS.get(name, _ANY)[0]
                for place, name in enumerate(types)
            ]


def _run(
    connection: psycopg.Connection, state: list[str], statement: str, values: list[str | None]
) -> list[list[bool]]:
    """Which columns of which rows were NULL; no row where PostgreSQL refused."""
    pgconn = connection.pgconn
    # Without foreign keys, so that every table can be emptied.
    prepared = pgconn.exec_(
        ";".join(
            [
                "BEGIN",
                "SET LOCAL session_replication_role = replica",
                *state,
                "SET LOCAL session_replication_role = origin",
            ]
        ).encode()
    )
    assert prepared.status == ExecStatus.COMMAND_OK, prepared.error_message
    result = pgconn.exec_params(
        statement.encode(), [None if value is None else value.encode() for value in values]
    )
    rows = [
        [result.get_value(row, column) is None for column in range(result.nfields)]
        for row in range(result.ntuples)
    ]
    pgconn.exec_(b"ROLLBACK")
    return rows


def _words(nulls: set[bool]) -> str:
    if not nulls:
        return "no row"
    return "NULL seen" if True in nulls else "values only"
