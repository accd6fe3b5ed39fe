"""Tests commit for real, and the tables that they wrote are put back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest

from tests.real_mysql.conftest import another_test
from understudy.mysql_server.admin import Admin
from understudy.mysql_server.databases import MysqlDatabases, MysqlPlace
from understudy.mysql_server.errors import MysqlDatabaseError, MysqlUnavailable
from understudy.real_mysql import restoring
from understudy.real_mysql.fixture import RealMysql
from understudy.real_mysql.isolation import Isolation, RealDatabase
from understudy.real_mysql.server import RealMysqlServer
from understudy.real_mysql.written_tables import WrittenTables


def rows(server: RealMysqlServer, sql: str) -> tuple[tuple[object, ...], ...]:
    with server.real.connect() as admin:
        return tuple(admin.rows(sql))


def execute(real: RealMysql, *statements: str) -> None:
    connection = real.pymysql.connect(autocommit=True)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_rows_and_counters_are_put_back(server: RealMysqlServer) -> None:
    for _ in range(2):
        with another_test(server) as (real, failures):
            execute(real, "INSERT INTO Users (email) VALUES ('a')")
            assert real.insert("Users").id == 2
        assert failures == []
        assert rows(server, "SELECT COUNT(*) FROM Users") == ((0,),)


def test_rows_of_the_schema_are_put_back_past_its_triggers(server: RealMysqlServer) -> None:
    for _ in range(2):
        with another_test(server) as (real, _failures):
            execute(
                real,
                "UPDATE seeded SET what = 'changed'",
                "INSERT INTO seeded (what) VALUES ('second')",
                "DELETE FROM plans WHERE name = 'paid'",
            )
            assert rows(server, "SELECT id, what FROM seeded") == ((7, "changed"), (8, "second"))
            assert rows(server, "SELECT id, what FROM audit") == ((1, "+second"),)
        assert rows(server, "SELECT id, what FROM seeded") == ((7, "first"),)
        assert rows(server, "SELECT * FROM audit") == ()
        assert rows(server, "SELECT name FROM plans") == (("free",), ("paid",))
    assert len(rows(server, "SHOW TRIGGERS")) == 2


def test_a_clone_is_a_database_of_one_test(server: RealMysqlServer) -> None:
    before = rows(server, "SHOW DATABASES")
    with another_test(server, "clone") as (real, failures):
        execute(real, "DROP TABLE orders", "CREATE TABLE made (id INT)")
        assert real.insert("Users").id == 1
        assert len(rows(server, "SHOW DATABASES")) == len(before) + 1
    assert failures == []
    assert rows(server, "SHOW DATABASES") == before
    assert rows(server, "SELECT COUNT(*) FROM orders") == ((0,),)


def test_a_clone_that_cannot_begin_is_dropped(
    server: RealMysqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(server, "SHOW DATABASES")
    shared = server.real

    def fails(_database: RealDatabase, _isolation: object) -> None:
        raise MysqlUnavailable("the server is gone")

    monkeypatch.setattr(RealDatabase, "begin", fails)
    with pytest.raises(MysqlUnavailable):
        server.begin_test("clone")
    monkeypatch.undo()

    assert server.real is shared
    assert rows(server, "SHOW DATABASES") == before


def test_other_tables_are_not_touched(server: RealMysqlServer) -> None:
    with server.real.connect() as admin:
        admin.rows("INSERT INTO notes VALUES (1, 'of nobody')")
        with another_test(server) as (real, _failures):
            execute(real, "INSERT INTO Users (email) VALUES ('a')")
        assert admin.rows("SELECT * FROM notes") == ((1, "of nobody"),)
        admin.rows("DELETE FROM notes")


def test_a_test_may_change_the_schema(server: RealMysqlServer) -> None:
    with another_test(server) as (real, _failures):
        execute(
            real,
            "ALTER TABLE Users ADD age INT",
            "DROP TABLE orders",
            "CREATE TABLE made (id INT)",
            "INSERT INTO made VALUES (1)",
        )
    tables = {name for (name,) in rows(server, "SHOW TABLES")}
    assert tables == {
        "Users",
        "audit",
        "emails",
        "kinds",
        "log",
        "notes",
        "orders",
        "plans",
        "seeded",
    }
    assert len(rows(server, "SHOW COLUMNS FROM Users")) == 3


@pytest.fixture
def outside(server: RealMysqlServer) -> Iterator[pymysql.Connection[Any]]:
    """A connection that was opened before the test, as that of an app's pool."""
    with another_test(server):
        pass  # isolated like the tests that use it
    names = ("host", "port", "user", "password", "database")
    place: dict[str, Any] = {name: getattr(server, name) for name in names}
    with pymysql.connect(**place, autocommit=True) as connection:
        yield connection


def test_a_connection_that_outlives_a_test_sees_the_next_one(
    server: RealMysqlServer, outside: pymysql.Connection[Any]
) -> None:
    cursor = outside.cursor()
    with another_test(server):
        cursor.execute("ALTER TABLE notes ADD more INT")
    with another_test(server) as (real, failures):
        real.insert("notes", id=4)
        cursor.execute("SELECT * FROM notes")
        assert cursor.fetchall() == ((4, None),)
    assert failures == []


def test_what_a_transaction_left_open_is_reported_and_rolled_back(server: RealMysqlServer) -> None:
    with another_test(server) as (real, failures):
        connection = real.pymysql.connect()
        connection.cursor().execute("INSERT INTO Users (email) VALUES ('a')")
    assert [failure.splitlines()[0] for failure in failures] == [
        "TransactionLeftOpen: transaction #1 was never ended (1 call in it)"
    ]
    with another_test(server) as (real, failures):
        assert real.insert("Users").id == 1


def test_statements_between_tests_are_undone(
    server: RealMysqlServer, outside: pymysql.Connection[Any]
) -> None:
    outside.cursor().execute("INSERT INTO Users (email) VALUES ('a')")
    with another_test(server) as (real, failures):
        assert real.insert("Users").id == 1
    assert failures == []


def test_tables_that_cannot_be_put_back_are_reported(
    server: RealMysqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring.Restorer, "restore", _refuse)
    with pytest.raises(MysqlDatabaseError) as raised, another_test(server) as (real, _failures):
        real.insert("Users")
    assert str(raised.value) == (
        "The tables of the tests cannot be put back after this one: no locks"
    )
    monkeypatch.undo()
    with another_test(server) as (real, _failures):
        assert real.insert("Users").id == 1


def test_a_database_that_cannot_be_made_is_made_by_the_next_test(
    databases: MysqlDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = RealMysqlServer(lambda: databases.place)
    monkeypatch.setattr(MysqlPlace, "new_database", _refuse)
    with pytest.raises(MysqlDatabaseError, match="no locks"):
        server.start()
    monkeypatch.undo()

    server.start()

    try:
        assert rows(server, "SELECT COUNT(*) FROM notes") == ((0,),)
    finally:
        server.stop()


def _refuse(*_: object) -> None:
    raise MysqlDatabaseError("no locks")


@pytest.fixture(scope="module")
def schema_reader(server: RealMysqlServer) -> Iterator[Admin]:
    with server.real.connect() as admin:
        yield admin


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("INSERT INTO notes VALUES (1, 'x')", {"notes"}),
        ("/* a */ INSERT IGNORE `notes` (id) SELECT id FROM Users", {"notes"}),
        ("INSERT INTO users (email) VALUES ('x')", {"Users"}),
        ("INSERT INTO emails (email) VALUES ('x')", {"Users", "orders"}),
        ("INSERT INTO seeded (what) VALUES ('x')", {"audit", "seeded"}),
        ("INSERT INTO Users VALUES (1) ON DUPLICATE KEY UPDATE id = 2", {"Users", "orders"}),
        ("REPLACE INTO app.Users VALUES (1)", {"Users", "orders"}),
        ("UPDATE LOW_PRIORITY notes SET text = (SELECT plan FROM Users)", {"notes"}),
        ("UPDATE plans p JOIN notes ON 1 SET text = '', price = 1", {"notes", "plans"}),
        ("UPDATE (SELECT 1 AS x FROM log WHERE 1) s JOIN notes SET id = x", {"log", "notes"}),
        ("DELETE FROM Users WHERE id IN (SELECT id FROM notes)", {"Users", "orders"}),
        ("DELETE n FROM notes n, plans", {"notes", "plans"}),
        ("TRUNCATE TABLE orders", {"orders"}),
        ("LOAD DATA INFILE 'x' INTO TABLE notes", {"notes"}),
        ("CALL add_note(1)", {"notes"}),
        ("SELECT * FROM Users FOR UPDATE", set()),
        ("WITH found AS (SELECT 1) SELECT * FROM notes, found", set()),
        ("WITH found AS (SELECT 1) DELETE FROM notes", {"notes"}),
        ("START TRANSACTION", set()),
        ("SET @x = 1", set()),
        ("CREATE TEMPORARY TABLE made (id INT)", set()),
        (
            "HANDLER notes OPEN",
            {"Users", "audit", "kinds", "log", "notes", "orders", "plans", "seeded"},
        ),
        (
            "BEGIN NOT ATOMIC DELETE FROM notes; END",
            {"Users", "audit", "kinds", "log", "notes", "orders", "plans", "seeded"},
        ),
        ("", set()),
    ],
)
def test_which_tables_a_statement_writes(
    server: RealMysqlServer, schema_reader: Admin, sql: str, tables: set[str]
) -> None:
    written = WrittenTables(schema_reader, server.real.address.database)

    written.note(sql)

    assert (written.names, written.is_changed) == (tables, False)


@pytest.mark.parametrize("sql", ["ALTER TABLE notes ADD x INT", "CREATE INDEX i ON notes (id)"])
def test_what_changes_the_schema(server: RealMysqlServer, schema_reader: Admin, sql: str) -> None:
    written = WrittenTables(schema_reader, server.real.address.database)

    written.note(sql)

    assert written.is_changed


@pytest.mark.parametrize("isolation", ["delete", "clone", "rollback"])
async def test_a_statement_whose_client_is_gone_does_not_hold_up_the_end_of_a_test(
    server: RealMysqlServer, isolation: Isolation
) -> None:
    with another_test(server, isolation) as (real, _failures):
        connection = await real.aiomysql.connect(autocommit=True)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await (await connection.cursor()).execute("UPDATE plans SET price = SLEEP(600)")
        connection.close()
    assert rows(server, "SELECT * FROM plans") == (("free", 0), ("paid", 10))


def test_a_client_learns_that_the_server_has_ended_its_idle_connection(
    server: RealMysqlServer,
) -> None:
    with another_test(server) as (real, failures):
        connection = real.pymysql.connect()
        with connection.cursor() as cursor:
            cursor.execute("SELECT CONNECTION_ID()")
            [number] = cursor.fetchone()
        rows(server, f"KILL {number}")
        connection._sock.settimeout(10)
        assert connection._sock.recv(1) == b""
        connection._force_close()
    assert failures == []
