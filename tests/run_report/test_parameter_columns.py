"""Which column a parameter is for, as far as the text of a statement is certain."""

from __future__ import annotations

import pytest

from understudy.run_report.parameter_columns import NUMBER, parameter_columns


@pytest.mark.parametrize(
    ("statement", "columns"),
    [
        ("SELECT id FROM users WHERE email = $1", {1: {"email"}}),
        (
            "SELECT id FROM users u WHERE u.email ILIKE $1 AND NOT u.age >= $2",
            {1: {"email"}, 2: {"age"}},
        ),
        ("SELECT id FROM users WHERE id = ANY($1)", {1: {"id"}}),
        (
            "SELECT id FROM users WHERE id = ANY($1::int[]) LIMIT $2 OFFSET $3",
            {1: {"id"}, 2: {NUMBER}, 3: {NUMBER}},
        ),
        (
            "UPDATE users SET name = $1, password = $2::text WHERE id = $3",
            {1: {"name"}, 2: {"password"}, 3: {"id"}},
        ),
        (
            "INSERT INTO users (name, email) VALUES ($1, $2), ($3, lower($4))",
            {1: {"name"}, 2: {"email"}, 3: {"name"}},
        ),
        ('INSERT INTO app.users AS u ("Name") VALUES ($1) RETURNING id', {1: {"Name"}}),
        ("SELECT 1 FROM users WHERE name = $1 OR email = $1", {1: {"name", "email"}}),
        # Not certain:
        ("SELECT id FROM users WHERE lower(email) = $1", {}),
        ("SELECT id FROM users WHERE first || last = $1", {}),
        ("SELECT id FROM users WHERE name = $1 AND check_password($1)", {}),
        ("SELECT id FROM users WHERE (name, email) = ($1, $2)", {}),
        ("SELECT id FROM users WHERE id IN ($1, $2)", {}),
        ("INSERT INTO users VALUES ($1)", {}),
        ("INSERT INTO users (name) SELECT $1", {}),
        ("SELECT id FROM users WHERE name = $1 || email", {}),
        ("SELECT id FROM users WHERE name = $1::varchar(9) || email", {}),
        ("SELECT $1", {}),
        # A name may be that of a query's column:
        ("SELECT 1 FROM (SELECT email AS name FROM users) u WHERE u.name = $1", {}),
        ("SELECT 1 FROM users a, LATERAL (SELECT a.email AS name) b WHERE b.name = $1", {}),
        ("SELECT 1 FROM users a JOIN (SELECT email AS name FROM users) b ON b.name = $1", {}),
        ("SELECT 1 FROM users AS u (id, name) WHERE name = $1", {}),
        ("SELECT 1 FROM app.users u (id, name) WHERE name = $1", {}),
        ("WITH u (name) AS (SELECT email FROM users) SELECT 1 FROM u WHERE name = $1", {}),
        ("INSERT INTO users (name, email) SELECT b, a FROM (VALUES ($1, $2)) AS v (a, b)", {}),
        # It is that of a table's column:
        (
            "SELECT id FROM app.users u WHERE u.id IN (SELECT id FROM notes WHERE body = $1)",
            {1: {"body"}},
        ),
        ("INSERT INTO users (id) OVERRIDING SYSTEM VALUE VALUES ($1::int)", {1: {"id"}}),
        ("not SQL = $1 (", {}),
    ],
)
def test_columns(statement: str, columns: dict[int, set[str]]) -> None:
    assert parameter_columns(statement) == columns
