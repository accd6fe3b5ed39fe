"""Which statements change rows."""

from __future__ import annotations

import pytest

from understudy.pg.writes import is_write


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO users (name) VALUES ($1)",
        "update users set name = 'x'",
        "/* a comment */ DELETE FROM users",
        "MERGE INTO users USING news ON true WHEN MATCHED THEN DO NOTHING",
        "WITH gone AS (DELETE FROM jobs RETURNING id) SELECT id FROM gone",
        "WITH gone AS (SELECT 1) INSERT INTO jobs SELECT * FROM gone",
        "WITH a AS MATERIALIZED (UPDATE t SET x = 1 RETURNING x) SELECT 1",
        "COPY users (name) FROM STDIN",
    ],
)
def test_a_statement_that_changes_rows(statement: str) -> None:
    assert is_write(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "SELECT name FROM users FOR UPDATE",
        "WITH a AS (SELECT 1) SELECT * FROM a FOR NO KEY UPDATE",
        "WITH a AS (SELECT update FROM t) SELECT delete(1) FROM a",
        "COPY (SELECT name FROM users) TO STDOUT",
        "SELECT 'INSERT INTO users'",
        "CREATE TABLE t (a int)",
        "SET LOCAL x.y = 'update'",
    ],
)
def test_a_statement_that_changes_none(statement: str) -> None:
    assert not is_write(statement)
