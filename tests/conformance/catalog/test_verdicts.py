"""The Describer's verdict on every statement and mutant equals PostgreSQL's."""

from __future__ import annotations

import re
from collections import Counter

import psycopg
import pytest
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGresult

from tests.conformance.catalog.corpus import mutants, statements
from understudy.catalog.describer import Describer
from understudy.catalog.description import Description, Refusal, Verdict

pytestmark = pytest.mark.slow

ACCEPTED = ("00000", None)
# To the client a domain is the type below it.
_TYPES = """
    SELECT parameter_types::text[], ARRAY(
        SELECT format_type(coalesce(nullif(typbasetype, 0), oid), NULL)
        FROM unnest(result_types::oid[]) WITH ORDINALITY AS r (type, place)
        JOIN pg_type ON oid = type ORDER BY place
    )
    FROM pg_prepared_statements WHERE name = 'subject'
"""


def test_the_corpus_is_as_large_as_it_says(connection: psycopg.Connection) -> None:
    tables = connection.execute(
        "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
        "AND relnamespace IN ('public'::regnamespace, 'stock'::regnamespace)"
    ).fetchone()

    assert tables is not None
    assert tables[0] >= 15
    assert len(set(statements(16))) >= 300


def test_every_statement_is_described_as_postgresql_describes_it(
    describer: Describer, connection: psycopg.Connection
) -> None:
    known = statements(describer.major)
    for statement, verdict in zip(known, describer.describe(known), strict=True):
        assert isinstance(verdict, Description), (statement, verdict)
        connection.execute(f"PREPARE subject AS {statement}".encode())
        row = connection.execute(_TYPES).fetchone()
        assert row is not None
        connection.execute("DEALLOCATE subject")
        assert verdict.parameters == tuple(row[0]), statement
        assert [column.type for column in verdict.columns] == row[1], statement


def test_every_mutant_is_judged_as_postgresql_judges_it(
    describer: Describer, connection: psycopg.Connection
) -> None:
    known = statements(describer.major)
    subjects = list(dict.fromkeys(mutant for one in known for mutant in mutants(one)))
    # PREPARE needs a statement; what Parse says of none is another test's.
    subjects = [subject for subject in subjects if subject and subject not in set(known)]

    verdicts = describer.describe(subjects)

    counts: Counter[str] = Counter()
    wrong = []
    for subject, verdict in zip(subjects, verdicts, strict=True):
        expected = _prepare(connection, subject)
        if isinstance(verdict, Refusal) and expected == ACCEPTED:
            expected = _execute(connection, subject)
        counts[expected[0]] += 1
        if _summary(verdict) != expected:
            wrong.append((subject, verdict, expected))
    print(f"{len(known)} statements, {len(subjects)} mutants: {dict(counts.most_common())}")  # noqa: T201 # the figures of the proof
    assert wrong == []
    assert len(subjects) >= 3000
    # A generator that broke everything, or nothing, would prove nothing.
    assert counts["00000"] >= 1000
    assert counts.keys() >= {"42601", "42703", "42P01", "42883", "42P18", "42702", "42803"}


def _summary(verdict: Verdict) -> tuple[str, str | None]:
    if isinstance(verdict, Refusal):
        return verdict.sqlstate, verdict.message
    return ACCEPTED


def _prepare(connection: psycopg.Connection, statement: str) -> tuple[str, str | None]:
    result = connection.pgconn.exec_(b"PREPARE m AS " + statement.encode())
    if result.status == ExecStatus.COMMAND_OK:
        connection.pgconn.exec_(b"DEALLOCATE m")
        return ACCEPTED
    return _error(result)


def _execute(connection: psycopg.Connection, statement: str) -> tuple[str, str | None]:
    """Run a statement that only the planner refuses, with NULL for every parameter."""
    count = max(map(int, re.findall(r"\$(\d+)", statement)), default=0)
    connection.pgconn.exec_(b"BEGIN")
    result = connection.pgconn.exec_params(statement.encode(), [None] * count)
    connection.pgconn.exec_(b"ROLLBACK")
    return _error(result) if result.status == ExecStatus.FATAL_ERROR else ACCEPTED


def _error(result: PGresult) -> tuple[str, str | None]:
    state = result.error_field(DiagnosticField.SQLSTATE)
    message = result.error_field(DiagnosticField.MESSAGE_PRIMARY)
    assert state is not None
    assert message is not None
    return state.decode(), message.decode()
