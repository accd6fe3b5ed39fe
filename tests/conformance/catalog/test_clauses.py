"""Where a condition begins and ends is where PostgreSQL says it does."""

from __future__ import annotations

import psycopg

from tests.conformance.catalog.corpus import conditions, statements
from understudy.catalog.describer import Describer
from understudy.pg.clauses import read_statement
from understudy.pg.queries import Statement


def test_brackets_around_a_part_of_a_condition_change_no_plan(
    describer: Describer, connection: psycopg.Connection
) -> None:
    number = 0
    for text in [*statements(describer.major), *conditions()]:
        statement = read_statement(text)
        if statement is None:
            assert text.startswith(("MERGE", "TABLE", "CALL")) or "MERGE INTO" in text, text
            continue
        parts = [
            part
            for query in statement.queries
            for _, condition in query.conditions()
            for part in condition.all()
        ]
        if parts:
            plan = _plan(connection, text)
            for part in parts:
                number += 1
                bracketed = f"({text[part.start : part.end]})"
                changed = text[: part.start] + bracketed + text[part.end :]
                assert _plan(connection, changed) == plan, changed
    assert number > 150


def test_a_statement_without_its_optional_clauses_is_still_one(
    describer: Describer, connection: psycopg.Connection
) -> None:
    number = 0
    for text in [*statements(describer.major), *conditions()]:
        statement = read_statement(text)
        for start, end in [] if statement is None else _optional(statement):
            number += 1
            _plan(connection, f"{text[:start]} {text[end:]}")
    assert number > 25


def _optional(statement: Statement) -> list[tuple[int, int]]:
    """Return the clauses that can be left out whatever else the statement has."""
    keywords = ("ORDER BY", "LIMIT", "OFFSET", "HAVING", "FOR", "CONFLICT WHERE")
    has_ties = any(clause.keyword == "FETCH" for q in statement.queries for clause in q.clauses)
    return [
        (clause.start, clause.end)
        for query in statement.queries
        for clause in query.clauses
        if clause.keyword in keywords and not clause.is_inner and not has_ties
    ]


def _plan(connection: psycopg.Connection, statement: str) -> list[tuple[str]]:
    query = f"EXPLAIN (VERBOSE, COSTS OFF, GENERIC_PLAN) {statement}"
    return connection.execute(query.encode()).fetchall()
