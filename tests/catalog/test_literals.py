"""Secrets and values that change with every run stay out of the committed file."""

from __future__ import annotations

import pytest

from tests.catalog.describers import Scripted, schema
from understudy.catalog.description import ParsedOnly, Refusal
from understudy.catalog.literals import skeleton, without_secrets
from understudy.catalog.run_catalog import Catalog

KEPT = "'...'"
UUIDS = ("6fa459ea-ee8a-4ca4-894e-db77e160355e", "16fd2706-8baf-433b-82eb-8c7fada847da")


@pytest.mark.parametrize(
    ("statement", "secret"),
    [
        ("ALTER ROLE app PASSWORD 'hunter2'", "hunter2"),
        ("CREATE USER app WITH LOGIN ENCRYPTED PASSWORD 'it''s'", "it''s"),
        ("CREATE ROLE app PASSWORD $$hunter2$$", "hunter2"),
        ("UPDATE users SET password = E'a\\'b' WHERE id = $1", "a\\'b"),
        ("SELECT id FROM users WHERE users.\"token\" = 'abc'", "abc"),
        ("CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'app', password 'pw')", "pw"),
        ("CREATE SUBSCRIPTION s CONNECTION 'host=h password=pw' PUBLICATION p", "password=pw"),
        ("SELECT dblink_connect('postgresql://app:pw@host/db')", "app:pw"),
        ("INSERT INTO keys VALUES ('sk_live_4eC39HqLyjWDarjt')", "sk_live"),
        ("SELECT 1 FROM t WHERE jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x'", "eyJ"),
        (
            "INSERT INTO users (name, password) VALUES ('Ana', 'pw1'), ('B', f('x')), (1, 'pw2')",
            "pw",
        ),
        ("INSERT INTO t (a, api_token) VALUES (lower('a', 'b'), 'abc')", "abc"),
        ("SELECT 1 FROM t WHERE hashed_password = 'abc'", "abc"),
        ("SELECT 1 FROM t WHERE \"accessToken\" IN ('abc')", "abc"),
        ("SELECT 1 FROM t WHERE secret LIKE 'abc%'", "abc"),
        ("INSERT INTO users (hash) VALUES ('$2b$12$abcdefghijklmnopqrstuv')", "$2b$"),
    ],
)
def test_a_secret_is_left_out(statement: str, secret: str) -> None:
    kept = without_secrets(statement)

    assert secret not in kept
    assert KEPT in kept


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT password FROM users WHERE name = 'Ana'",
        "UPDATE users SET password = $1, token = NULL WHERE id = $2",
        "ALTER ROLE app PASSWORD NULL",
        "SELECT 'https://example.com/a' AS url, 'a_b' AS token",
        "SELECT count(*) FROM tokens WHERE kind = 'access'",
        "SELECT $1, $2::text",
        "INSERT INTO users (password, name) VALUES ($1, 'Ana') RETURNING 'x'",
        "INSERT INTO users (password, name) SELECT 'a', 'b'",
        "SELECT '",
    ],
)
def test_what_is_no_secret_stays(statement: str) -> None:
    assert without_secrets(statement) == statement


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"SELECT 1 WHERE id = '{UUIDS[0]}'", f"SELECT 1 WHERE id = '{UUIDS[1]}'"),
        ("SELECT '2026-11-29T09:50:54.123Z'", "SELECT '2026-11-30 10:00'"),
        ("SELECT 1 WHERE at > 1732873854.25", "SELECT 1 WHERE at > 1732873999.5"),
        ("CREATE TABLE tmp_4f3a2b1c (id int)", "CREATE TABLE tmp_99aabb00 (id int)"),
        ("SELECT '9f86d081884c7d659a2feaa0'", "SELECT '60303ae22b998861bce3b28f'"),
    ],
)
def test_texts_that_differ_in_what_is_made_anew(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other) is not None


@pytest.mark.parametrize(
    "statement",
    ["SELECT 1", "SELECT '2026-11-29'", "SELECT 100000", "SELECT a_decade, deadbeef FROM t"],
)
def test_texts_in_which_nothing_is(statement: str) -> None:
    assert skeleton(statement) is None


def test_the_file_holds_no_secret_and_serves_another() -> None:
    statement = "ALTER ROLE app PASSWORD 'hunter2'"
    describer = Scripted({statement: ParsedOnly("ALTER ROLE")})
    catalog = Catalog(None, schema(), lambda: describer)
    catalog.verdict(statement)
    catalog.verdict(statement.replace("hunter2", "hunter3"))

    delta = catalog.delta()
    assert delta is not None
    assert "hunter" not in delta.text
    assert len([asked for asked in describer.asked if asked]) == 1


def test_a_refusal_of_a_secret_is_not_kept() -> None:
    statement = "SELECT 1 FROM t WHERE token = 'x'"
    catalog = Catalog(
        None, schema(), lambda: Scripted({statement: Refusal("22P02", "invalid input syntax")})
    )
    assert isinstance(catalog.verdict(statement), Refusal)
    assert catalog.delta() is None
