"""Random scripts of one client have the outcomes that they have on the server itself."""

from __future__ import annotations

import random
from typing import Any

import pymysql
import pytest

from tests.real_mysql.conftest import another_test
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


def script(seed: int) -> list[str]:
    source = random.Random(seed)
    return [
        source.choice(STATEMENTS).format(number=source.randrange(6), other=source.randrange(9))
        for _ in range(source.randint(5, 25))
    ]


def outcomes(connection: pymysql.Connection[Any], statements: list[str]) -> list[object]:
    """What each statement returns: rows, count and status flags, or the error."""
    found: list[object] = []
    with connection, connection.cursor() as cursor:
        for statement in statements:
            try:
                count = cursor.execute(statement)
                flags = connection.server_status & 3  # in a transaction, autocommit
                found.append((statement, count, cursor.fetchall(), flags))
            except pymysql.MySQLError as error:
                found.append((statement, type(error), error.args[0]))
    return found


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
