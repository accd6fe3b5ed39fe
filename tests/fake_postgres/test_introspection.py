"""Introspection statements of drivers are answered without a script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import asyncpg.introspection
import psycopg
import pytest
from psycopg.types import TypeInfo
from psycopg.types.composite import CompositeInfo
from psycopg.types.enum import EnumInfo

from tests.catalog.describers import nobody, schema
from understudy.catalog.describer import Describer
from understudy.catalog.errors import StatementUnknown
from understudy.catalog.run_catalog import Catalog
from understudy.embedded import EmbeddedServer
from understudy.fake_postgres.current_schema import Schema
from understudy.fake_postgres.introspection import Introspection
from understudy.fake_postgres.protocol.connection import Connection
from understudy.pg.errors import ServerError
from understudy.pg.types import TypeFacts
from understudy.script import expectations

_SCHEMA = """
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TYPE pair AS (first integer, second mood);
    CREATE TABLE pg_own (id integer);
"""


class KnownSchema(Schema):
    """The schema of a catalog, or the built-in types without one."""

    def __init__(self, catalog: Catalog | None) -> None:
        super().__init__()
        self._catalog = catalog
        self._known_types = {} if catalog is None else catalog.facts.types

    @property
    def catalog(self) -> Catalog | None:
        return self._catalog

    def _facts(self) -> Mapping[str, TypeFacts]:
        return self._known_types


@pytest.fixture(scope="module")
def known() -> Iterator[KnownSchema]:
    with EmbeddedServer() as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute(_SCHEMA)
        with closing(Catalog(None, schema(), lambda: Describer(server.dsn()))) as catalog:
            yield KnownSchema(catalog)


@pytest.fixture
def connection() -> Connection:
    connection = Connection(4711, 0)
    connection.user, connection.database = "ana", "shop"
    connection.settings = {"server_version": "18.0", "search_path": '"$user", app'}
    return connection


def asked(
    known: KnownSchema, connection: Connection, sql: str, given: Sequence[Any] = ()
) -> tuple[list[tuple[str, str]], list[list[Any]]]:
    """The columns and the rows that a driver gets."""
    introspection = Introspection(known)
    statement = introspection.prepare(sql, ())
    assert statement is not None
    assert statement.fields is not None
    result = introspection.execute(statement, given, connection)
    names = [
        (field.name, kind.name)
        for field in statement.fields
        if (kind := known.types.numbered(field.oid)) is not None
    ]
    return names, [list(row) for row in result.rows]


@pytest.mark.parametrize(
    ("sql", "columns", "row"),
    [
        ("SELECT 1", [("?column?", "integer")], [1]),
        ("select pg_catalog.version()", [("version", "text")],
         ["PostgreSQL 18.0, played by Understudy"]),
        ("select current_schema()", [("current_schema", "name")], ["app"]),
        ("SELECT current_database() AS db, current_user", [("db", "name"),
         ("current_user", "name")], ["shop", "ana"]),
        ('SELECT pg_backend_pid() AS "PID"', [("PID", "integer")], [4711]),
        ("SELECT pg_is_in_recovery()", [("pg_is_in_recovery", "boolean")], [False]),
        ("SELECT pg_advisory_unlock_all()", [("pg_advisory_unlock_all", "void")], [""]),
        ("SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new",
         [("cur", "text"), ("new", "text")], ["off", "off"]),
        ("SELECT set_config('jit', $1, false)", [("set_config", "text")], ["on"]),
    ],
)  # fmt: skip
def test_a_connection_answers_for_itself(
    connection: Connection, sql: str, columns: list[tuple[str, str]], row: list[Any]
) -> None:
    found = asked(KnownSchema(None), connection, sql, ["on"] * ("$1" in sql))

    assert found == (columns, [row])


def test_without_a_schema_in_the_path_there_is_no_current_one(connection: Connection) -> None:
    connection.settings = {"search_path": '"$user"'}

    assert asked(KnownSchema(None), connection, "SELECT current_schema")[1] == [[None]]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 2147483648",
        "SELECT 'x'",
        "SELECT 1, 2",
        "SELECT now()",
        "SELECT version",
        "SELECT version() || 'x'",
        "SELECT version(),",
        "SELECT set_config('app.user', $1, true)",
        "SELECT name FROM users",
        "SELECT",
        "UPDATE users SET id = 1",
    ],
)
def test_whatever_else_needs_no_table_is_the_users(sql: str) -> None:
    assert Introspection(KnownSchema(None)).prepare(sql, ()) is None


def test_asyncpg_is_told_of_types(known: KnownSchema, connection: Connection) -> None:
    mood = known.types.oid("mood")

    names, rows = asked(
        known, connection, asyncpg.introspection.INTRO_LOOKUP_TYPES, [[known.types.oid("mood[]")]]
    )

    found = [dict(zip([name for name, _ in names], row, strict=True)) for row in rows]
    assert [(item["oid"], item["name"], item["elemtype"]) for item in found] == [
        (mood, "mood", 0),
        (known.types.oid("mood[]"), "_mood", mood),
    ]


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (TypeInfo, "mood", ["mood", "mood", "mood[]", "mood", ","]),
        (EnumInfo, "mood", ["mood", "mood", "mood[]", "mood", ["sad", "happy"]]),
        (CompositeInfo, "pair", ["pair", "pair", "pair[]", "pair", ["first", "second"],
                                 ["integer", "mood"]]),
    ],
)  # fmt: skip
def test_psycopg_is_told_of_types(
    known: KnownSchema, connection: Connection, kind: type[TypeInfo], name: str, expected: list[Any]
) -> None:
    class Pretender:
        """As much of a connection as psycopg looks at."""

        class info:  # noqa: N801 # psycopg's name
            vendor = "PostgreSQL"
            server_version = 180000

    query = kind._get_info_query(Pretender)  # type: ignore[arg-type] # it has what is asked for
    text = query if isinstance(query, str) else query.as_string(None)

    _, rows = asked(known, connection, text.replace("%(name)s", "$1"), [name])

    names = {item.oid: item.name for item in known.types._numbered.values()}
    assert [
        [
            [names[item] if isinstance(item, int) else item for item in value]
            if isinstance(value, list)
            else names.get(value, value)
            for value in row
        ]
        for row in rows
    ] == [expected]


def test_an_answer_is_made_once_for_each_parameter(
    known: KnownSchema, connection: Connection
) -> None:
    introspection = Introspection(known)
    statement = introspection.prepare("SELECT typname FROM pg_type WHERE oid = $1", (26,))
    assert statement is not None

    first = introspection.execute(statement, [known.types.oid("mood")], connection)
    nothing = introspection.execute(statement, [None], connection)

    assert first.rows == [["mood"]]
    assert nothing.rows == []
    assert introspection.execute(statement, [known.types.oid("mood")], connection) is first


def test_what_postgresql_refuses_is_refused_to_the_driver(
    known: KnownSchema, connection: Connection
) -> None:
    # Refused like any other statement, which fails the test.
    assert Introspection(known).prepare("SELECT nothing FROM pg_type", ()) is None

    with pytest.raises(ServerError) as raised:
        asked(known, connection, "SELECT $1::regclass FROM pg_am LIMIT 1", ["nothing"])
    assert raised.value.fields.message == 'relation "nothing" does not exist'


def test_a_table_of_the_users_may_be_called_like_one_of_postgresql(known: KnownSchema) -> None:
    assert Introspection(known).prepare("SELECT id FROM pg_own", ()) is None


@pytest.mark.parametrize("locked", [True, False])
def test_without_a_postgresql_to_ask_the_test_fails_and_says_why(
    connection: Connection, locked: bool
) -> None:
    catalog = Catalog(None, schema(), nobody, locked=True) if locked else None
    known = KnownSchema(None)  # a locked catalog knows no types either
    known._catalog = catalog
    with expectations.opened() as entries, pytest.raises(StatementUnknown) as raised:
        Introspection(known).prepare("SELECT typname FROM pg_type", ())

    reason = (
        "the catalog is not there\nIt is locked (--understudy-locked): run the tests once without"
        " that, and commit the file."
        if locked
        else "there is no PostgreSQL to ask, and no catalog that would hold its answer\n"
        'Run: pip install "understudy[postgres]"'
    )
    assert str(raised.value) == (
        "a driver asked PostgreSQL about the schema, and there is no answer\n"
        "  sql:    SELECT typname FROM pg_type\n"
        f"  reason: {reason}"
    )
    assert entries.failures == [raised.value]
