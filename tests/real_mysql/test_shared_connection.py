"""What the clients of a test find of the one connection that they share: nothing."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import mysql.connector
import pymysql
import pytest

from tests.real_mysql.conftest import another_test
from understudy.mysql.packets import Command
from understudy.mysql_server.admin import LONGEST_WAIT
from understudy.real_mysql import isolation
from understudy.real_mysql.fixture import RealMysql
from understudy.real_mysql.rollback import SharedTransaction
from understudy.real_mysql.server import RealMysqlServer

pytestmark = pytest.mark.parametrize("real", ["rollback"], indirect=True)
CHARSET = (
    "SELECT @@character_set_client, @@character_set_connection, @@character_set_results,"
    " @@collation_connection"
)


def rows(connection: pymysql.Connection[Any], sql: str) -> tuple[tuple[object, ...], ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return tuple(cursor.fetchall())


def reset(connection: pymysql.Connection[Any]) -> None:
    connection._execute_command(Command.RESET_CONNECTION, b"")
    connection._read_ok_packet()


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


def kill_shared_connection(server: RealMysqlServer) -> None:
    upstream = server.real.shared.upstream
    with server.real.connect() as admin:
        admin.rows(f"KILL {upstream.id}")
    until(lambda: upstream.is_lost)


def prepared(real: RealMysql) -> Any:
    place = {name: getattr(real, name) for name in ("host", "port", "user", "password", "database")}
    return mysql.connector.connect(**place, use_pure=True, autocommit=True)


def test_a_prepared_statement_ends_with_the_shared_connection(
    real: RealMysql, server: RealMysqlServer
) -> None:
    find, add = "SELECT text FROM notes WHERE id = ?", "INSERT INTO notes (id) VALUES (?)"
    with another_test(server, "rollback") as (other, failures), ExitStack() as stack:
        one, two = (stack.enter_context(prepared(other)) for _ in range(2))
        for number in range(4):  # the server counts them, too
            two.cursor(prepared=True).execute(add, (number,))
        finding = one.cursor(prepared=True)
        finding.execute(find, (3,))
        assert finding.fetchall() == [(None,)]
        kill_shared_connection(server)
        for _ in range(3):  # else MariaDB goes on to count where the ended connection was
            stack.enter_context(server.real.connect())
        adding = [two.cursor(prepared=True) for _ in range(6)]  # with numbers that were given
        for number, cursor in enumerate(adding):
            cursor.execute(add, (number,))

        with pytest.raises(mysql.connector.Error) as raised:
            finding.execute(find, (99,))
        assert (raised.value.errno, raised.value.msg) == (
            1243,
            "Unknown prepared statement handler (1) given to mysqld_stmt_execute",
        )
        finding.close()  # and no other one
        for number, cursor in enumerate(adding, start=6):
            cursor.execute(add, (number,))
        found = rows(other.pymysql.connect(autocommit=True), "SELECT id FROM notes")
        assert found == tuple((number,) for number in range(12))
    assert failures == [
        "SharedConnectionLost: the real server has ended the connection that this test's "
        "connections share. What they wrote before is gone. A packet that is longer than "
        "max_allowed_packet of the server does that.\n"
        "To give each its own connection, mark the test: "
        '@pytest.mark.understudy(isolation="delete")'
    ]


def test_a_session_that_is_reset_has_the_character_set_of_its_login(real: RealMysql) -> None:
    one = real.pymysql.connect(autocommit=True, charset="latin1")
    two = real.pymysql.connect(autocommit=True)
    reset(one)

    assert rows(two, CHARSET) == (("utf8mb4",) * 3 + ("utf8mb4_general_ci",),)
    assert rows(one, CHARSET) == (("latin1",) * 3 + ("latin1_swedish_ci",),)
    assert rows(one, "SELECT HEX(CONCAT('\xe4'))") == (("E4",),)


def test_a_session_that_is_reset_may_write(real: RealMysql) -> None:
    one = real.pymysql.connect()
    rows(one, "START TRANSACTION READ ONLY")
    reset(one)
    one.autocommit(False)

    rows(one, "INSERT INTO notes (id) VALUES (1)")
    one.commit()


def test_settings_of_the_character_set_are_those_of_one_client(real: RealMysql) -> None:
    one, two = (real.pymysql.connect(autocommit=True) for _ in range(2))
    rows(one, "SET collation_connection = utf8mb4_bin")
    rows(one, "SET character_set_results = NULL")

    assert rows(two, CHARSET) == (("utf8mb4",) * 3 + ("utf8mb4_general_ci",),)
    assert rows(one, CHARSET) == (("utf8mb4", "utf8mb4", None, "utf8mb4_bin"),)
    rows(one, "SET NAMES latin1")
    assert rows(two, CHARSET) == (("utf8mb4",) * 3 + ("utf8mb4_general_ci",),)
    assert rows(one, CHARSET) == (("latin1",) * 3 + ("latin1_swedish_ci",),)


def test_a_setting_that_only_the_server_knows_is_that_of_one_client(real: RealMysql) -> None:
    one, two = (real.pymysql.connect(autocommit=True) for _ in range(2))
    rows(one, "SET long_query_time = 7")

    assert rows(two, "SELECT @@long_query_time") == ((10.0,),)
    assert rows(one, "SELECT @@long_query_time") == ((7.0,),)


@pytest.mark.parametrize(
    "name", ["wait_timeout", "interactive_timeout", "idle_transaction_timeout"]
)
@pytest.mark.parametrize("rest", ["", ", @mine = 5"])
def test_a_timeout_does_not_end_the_shared_connection(
    real: RealMysql, name: str, rest: str
) -> None:
    one, two = (real.pymysql.connect(autocommit=True) for _ in range(2))
    before = rows(two, f"SELECT @@{name}")
    shared = rows(one, f"SELECT @@{name} + 0")
    rows(one, f"SET SESSION {name} = 31{rest}")

    assert rows(one, f"SELECT @@{name}") == ((31,),)
    assert rows(one, f"SELECT @@{name} + 0") == shared
    assert rows(one, "SELECT @mine") == ((5 if rest else None,),)
    assert rows(two, f"SELECT @@{name}, @mine") == ((*before[0], None),)


def test_the_shared_connection_may_be_idle_for_long(real: RealMysql) -> None:
    assert rows(real.pymysql.connect(), "SELECT @@wait_timeout + 0") == ((LONGEST_WAIT,),)


def test_a_variable_is_set_again_from_the_value_that_it_had(real: RealMysql) -> None:
    one, two = (real.pymysql.connect(autocommit=True) for _ in range(2))
    rows(one, "SET @mode = @@sql_mode")
    rows(one, "SET sql_mode = 'ANSI_QUOTES'")
    rows(two, "SET sql_mode = ''")
    rows(one, "SET sql_mode = @mode")
    rows(one, "SET @mode = 'NONSENSE'")

    assert rows(two, "SELECT @mode, @@sql_mode LIKE '%STRICT%', 1 + 1") == ((None, 0, 2),)
    assert rows(one, "SELECT @mode, @@sql_mode LIKE '%STRICT%', 1 + 1") == (("NONSENSE", 1, 2),)


def test_a_variable_that_a_query_has_set_is_set_again_by_its_name(real: RealMysql) -> None:
    one, two = (real.pymysql.connect(autocommit=True) for _ in range(2))
    rows(one, "SELECT 'ANSI_QUOTES' INTO @mode")
    rows(one, "SET sql_mode = @mode")

    assert rows(two, "SELECT @@sql_mode LIKE '%ANSI%'") == ((0,),)
    assert rows(one, "SELECT @@sql_mode LIKE '%ANSI%'") == ((1,),)
    rows(one, "SELECT NULL INTO @mode")  # later tests see what a query has set


def test_a_client_that_cannot_be_prepared_holds_up_no_other(
    real: RealMysql, server: RealMysqlServer
) -> None:
    gone = f"{server.real.address.database}_gone"
    one, two = (real.pymysql.connect() for _ in range(2))
    with server.real.connect() as admin:
        admin.rows(f"CREATE DATABASE {gone}")
        one.select_db(gone)
        one.rollback()
        rows(two, "INSERT INTO notes (id) VALUES (1)")
        admin.rows(f"DROP DATABASE {gone}")
    two.commit()
    one.begin()

    with pytest.raises(pymysql.err.OperationalError, match="Unknown database"):
        rows(one, "INSERT INTO notes (id) VALUES (2)")
    assert rows(two, "SELECT id FROM notes") == ((1,),)
    two.rollback()
    with pytest.raises(pymysql.err.OperationalError, match="Unknown database"):
        rows(one, "SELECT id FROM notes")
    one.select_db(server.database)
    one.rollback()
    assert rows(one, "SELECT id FROM notes") == ((1,),)
    one.rollback()


@pytest.mark.parametrize("by", ["one", "two"])
def test_a_database_that_is_refused_is_not_that_of_the_client(real: RealMysql, by: str) -> None:
    one, two = (real.pymysql.connect(autocommit=True) for _ in range(2))
    rows({"one": one, "two": two}[by], "SELECT id FROM notes")
    with pytest.raises(pymysql.err.OperationalError, match="Unknown database"):
        one.select_db("nowhere")

    assert rows(two, "SELECT id FROM notes") == ()
    assert rows(one, "SELECT id FROM notes") == ()


def test_a_procedure_that_commits_and_fails_is_found(
    real: RealMysql, server: RealMysqlServer
) -> None:
    with server.real.connect() as admin:
        admin.rows(
            "CREATE PROCEDURE fails() BEGIN INSERT INTO notes VALUES (1, ''); COMMIT;"
            " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END"
        )
    with another_test(server, "rollback") as (other, failures):
        one, two = (other.pymysql.connect() for _ in range(2))
        one.begin()
        with pytest.raises(pymysql.err.OperationalError, match="no"):
            rows(one, "CALL fails()")
        one.rollback()
        assert rows(two, "SELECT id FROM notes") == ((1,),)
        two.rollback()
        one.begin()
        rows(one, "INSERT INTO notes VALUES (2, '')")
        one.rollback()
        assert rows(two, "SELECT id FROM notes") == ((1,),)
        two.rollback()
    assert [failure.splitlines()[:2] for failure in failures] == [
        [
            "IsolationEscaped: a statement has ended the transaction that real_mysql rolls back: "
            "it committed, perhaps in a procedure. The database is put back as a whole.",
            "  sql: CALL fails()",
        ]
    ]
    with server.real.connect() as admin:
        assert admin.rows("SELECT * FROM notes") == ()


async def test_a_statement_whose_client_is_gone_holds_up_no_other(real: RealMysql) -> None:
    one, two = [await real.aiomysql.connect(autocommit=True) for _ in range(2)]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await (await one.cursor()).execute("SELECT SLEEP(600) FROM plans")
    one.close()

    async with asyncio.timeout(30), two.cursor() as cursor:
        await cursor.execute("SELECT name FROM plans")
        assert await cursor.fetchall() == (("free",), ("paid",))
    two.close()


async def test_kill_query_ends_a_statement(real: RealMysql) -> None:
    one, two, three = [await real.aiomysql.connect(autocommit=True) for _ in range(3)]
    sleeping = asyncio.create_task((await one.cursor()).execute("SELECT SLEEP(600) FROM plans"))
    await asyncio.to_thread(until, lambda: len(real.calls) == 1)
    waiting = asyncio.create_task((await two.cursor()).execute("SELECT 1 FROM plans"))
    await asyncio.to_thread(until, lambda: len(real.calls) == 2)

    async with asyncio.timeout(30), three.cursor() as cursor:
        for connection, task in ((two, waiting), (one, sleeping)):
            await cursor.execute(f"KILL QUERY {connection.thread_id()}")
            with pytest.raises(pymysql.err.OperationalError) as raised:
                await task
            assert raised.value.args == (1317, "Query execution was interrupted")
        await cursor.execute("SELECT name FROM plans")
        assert await cursor.fetchall() == (("free",), ("paid",))
    for connection in (one, two, three):
        connection.close()


def test_a_statement_that_never_ends_is_killed(
    real: RealMysql, server: RealMysqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set()
    read = SharedTransaction.upstream.fget

    def upstream(shared: SharedTransaction) -> object:
        threads.add(threading.current_thread().name)
        return read(shared)

    monkeypatch.setattr(SharedTransaction, "upstream", property(upstream))
    monkeypatch.setattr(isolation, "_MOST_SECONDS", 0.1)
    monkeypatch.setattr(SharedTransaction, "_kill", lambda _: None)  # which would end it
    with another_test(server, "rollback") as (other, _failures):
        connection = other.pymysql.connect(autocommit=True)
        connection._execute_command(Command.QUERY, "SELECT SLEEP(600) FROM plans")
        until(lambda: server.real.shared._running is not None)

    assert threads == {"understudy: a server"}
