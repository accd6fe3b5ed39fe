"""Random scripts of clients have the outcomes that they have on the server itself."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import pymysql
import pytest

from tests.real_mysql.conftest import another_test
from understudy.mysql.packets import Command
from understudy.mysql_server.databases import MysqlDatabases
from understudy.real_mysql.isolation import Isolation
from understudy.real_mysql.server import RealMysqlServer

STATEMENTS = (
    *("BEGIN", "START TRANSACTION", "COMMIT", "COMMIT AND CHAIN", "ROLLBACK"),
    *("SET autocommit = 0", "SET autocommit = 1", "SELECT @@autocommit"),
    *("SAVEPOINT a", "SAVEPOINT b", "ROLLBACK TO a", "ROLLBACK TO SAVEPOINT b"),
    *("RELEASE SAVEPOINT a", "SET @x = {number}", "SELECT @x", "SELECT @@sql_mode"),
    *("SET SESSION sql_mode = 'ANSI_QUOTES'", "SET sql_mode = DEFAULT", "SELECT 1/0"),
    "INSERT INTO notes VALUES ({number}, 'x')",
    "INSERT INTO notes VALUES ({number}, 'x'), ({other}, 'y')",
    "INSERT INTO notes VALUES ({number}, 'x') ON DUPLICATE KEY UPDATE text = 'z'",
    "REPLACE INTO notes VALUES ({other}, 'r')",
    "UPDATE notes SET text = CONCAT(text, 'u')",
    "DELETE FROM notes WHERE id = {other}",
    "SELECT id, text FROM notes ORDER BY id",
    "SELECT nothing FROM notes",
)

# The command, which has no text.
RESET = "reset"
OF_A_SESSION = (
    *("SET @x = {number}", "SET @y = @x", "SELECT @x, @y", "SET @x = 1, @y = 2"),
    *("SET sql_mode = 'ANSI_QUOTES'", "SET sql_mode = DEFAULT", "SET sql_mode = 'NONSENSE'"),
    *("SET @mode = @@sql_mode", "SET sql_mode = @mode", "SELECT @@sql_mode"),
    *("SET NAMES latin1", "SET NAMES utf8mb4", "SET NAMES utf8mb4 COLLATE utf8mb4_bin"),
    *("SET collation_connection = utf8mb4_unicode_ci", "SET character_set_results = NULL"),
    "SELECT @@character_set_client, @@character_set_connection, @@character_set_results",
    *("SELECT @@collation_connection", "SELECT 'a' = 'A'", "SET nothing = 1", "USE nowhere"),
    *("SET long_query_time = {number}", "SELECT @@long_query_time"),
    *("SET wait_timeout = 10{number}", "SELECT @@wait_timeout"),
    *("SET SESSION interactive_timeout = 5{number}, @x = 9", "SELECT @@interactive_timeout"),
    *("SET time_zone = '+0{number}:00'", "SELECT @@time_zone"),
    *("SET @@session.sql_safe_updates = 1", "SELECT @@sql_safe_updates", RESET, RESET),
    *("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "SELECT @@tx_isolation"),
    "INSERT INTO notes VALUES ({number}, 'x')",
    "SELECT id FROM notes ORDER BY id",
)


def script(seed: int, of: Sequence[str] = STATEMENTS) -> list[str]:
    source = random.Random(seed)
    return [
        source.choice(of).format(number=source.randrange(6), other=source.randrange(9))
        for _ in range(source.randint(5, 25))
    ]


def outcome(connection: pymysql.Connection[Any], statement: str) -> tuple[object, ...]:
    """What a statement returns: rows, count and status flags, or the error."""
    try:
        if statement == RESET:
            connection._execute_command(Command.RESET_CONNECTION, b"")
            connection._read_ok_packet()
            return (statement,)
        with connection.cursor() as cursor:
            count = cursor.execute(statement)
            flags = connection.server_status & 3  # in a transaction, autocommit
            return statement, count, cursor.fetchall(), flags
    except pymysql.MySQLError as error:
        return statement, type(error), error.args[0]


def outcomes(connection: pymysql.Connection[Any], statements: list[str]) -> list[object]:
    with connection:
        return [outcome(connection, statement) for statement in statements]


@pytest.mark.slow
@pytest.mark.parametrize("isolation", ["delete", "rollback"])
def test_random_scripts(
    databases: MysqlDatabases, server: RealMysqlServer, isolation: Isolation
) -> None:
    place = databases.place.new_database()
    for seed in range(40):
        statements, autocommit = script(seed), bool(seed % 2)
        own = {"user": place.user, "password": place.password, "database": place.database}
        itself = pymysql.connect(
            host=place.host, port=place.port, **own, autocommit=autocommit, charset="utf8mb4"
        )
        expected = outcomes(itself, statements)
        with another_test(server, isolation) as (real, _failures):
            actual = outcomes(real.pymysql.connect(autocommit=autocommit), statements)
        with pymysql.connect(host=place.host, port=place.port, **own) as cleaning:
            cleaning.cursor().execute("TRUNCATE notes")
        assert actual == expected, f"seed {seed}"


CHARSETS = ("utf8mb4", "latin1", "utf8mb4")


@pytest.mark.slow
def test_random_settings_of_three_clients(
    databases: MysqlDatabases, server: RealMysqlServer
) -> None:
    place = databases.place.new_database()
    own = {name: getattr(place, name) for name in ("host", "port", "user", "password", "database")}
    for seed in range(40):
        source = random.Random(seed)
        statements = [(source.randrange(3), it) for it in script(seed, OF_A_SESSION) * 2]
        with another_test(server, "rollback") as (real, failures), ExitStack() as stack:
            itself, shared = (
                [stack.enter_context(connect(charset=it, autocommit=True)) for it in CHARSETS]
                for connect in (partial(pymysql.connect, **own), real.pymysql.connect)
            )
            expected = [outcome(itself[client], statement) for client, statement in statements]
            actual = [outcome(shared[client], statement) for client, statement in statements]
            outcome(itself[0], "TRUNCATE notes")
        assert (actual, failures) == (expected, []), f"seed {seed}"
