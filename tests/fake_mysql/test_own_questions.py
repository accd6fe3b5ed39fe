"""What drivers ask on their own, answered by a session as a real server answers it."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.fake_mysql.client import Client, shown_as
from tests.fake_mysql.responders import Known, rows
from understudy.fake_mysql.protocol.login import ServerOptions
from understudy.mysql import packets
from understudy.mysql.handshake import Capability
from understudy.mysql.login import USUAL, log_in
from understudy.mysql.packets import Command, Frames, Status
from understudy.mysql.results import Result, read_result
from understudy.mysql_server.address import Address

READ = "SELECT b FROM t"
ADD = "INSERT INTO t (b) VALUES ('x')"
TABLE = "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, b varchar(20)) ENGINE = InnoDB"
NOT_OF_THE_SESSION = Status(16 | 32)  # whether an index was used

# Each script runs on one connection, in order.
SCRIPTS = {
    "questions": """
        SELECT @@version | SELECT VERSION() | SELECT 1 | SELECT 1 AS one | select 'abc'
        SELECT 'a' x | SELECT 1, 'b' `c d` | SELECT DATABASE() | SELECT SCHEMA() d
        SELECT LAST_INSERT_ID() | SELECT ROW_COUNT() | SELECT @@autocommit
        SELECT @@session.autocommit | SELECT @@SESSION.sql_mode | SELECT @@tx_isolation
        SELECT @@transaction_isolation | SELECT @@lower_case_table_names
        SELECT @@max_allowed_packet | SELECT @@time_zone | SELECT @@wait_timeout
        SELECT @@innodb_lock_wait_timeout | SELECT @@foreign_key_checks
        SELECT @@default_storage_engine | SELECT @@sql_auto_is_null | SELECT @nope
        SELECT @@license | SELECT @@max_statement_time | SELECT 1 LIMIT 1
        SHOW VARIABLES LIKE 'sql_mode' | SHOW SESSION VARIABLES LIKE 'autocommit'
        SHOW VARIABLES LIKE 'lower_case_table%' | SELECT @@sql_mode AS m, DATABASE() d
        SHOW VARIABLES WHERE Variable_name = 'wait_timeout'""",
    "variables": """
        SET @x = 5 | SELECT @x | SET @y := 'abc', @z = NULL | SELECT @y, @z
        SET NAMES latin1 | SELECT @@character_set_client, @@collation_connection
        SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci
        SELECT @@character_set_client, @@collation_connection | SET NAMES klingon
        SHOW WARNINGS | SET CHARACTER SET utf8mb4 | SET NAMES 'utf8mb4' | SET NAMES utf8
        SELECT @@character_set_client, @@collation_connection
        SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED | SELECT @@tx_isolation
        SET TRANSACTION ISOLATION LEVEL SERIALIZABLE | SELECT @@tx_isolation
        SET SESSION tx_isolation = 'REPEATABLE-READ' | SELECT @@tx_isolation
        SET sql_mode = 'ANSI_QUOTES' | SET SESSION sql_mode = '' | SELECT @@sql_mode
        SET sql_mode = 'NO_BACKSLASH_ESCAPES' | SELECT 1 | SET sql_mode = DEFAULT
        SELECT @@sql_mode | SET time_zone = '+00:00' | SELECT @@time_zone
        SET foreign_key_checks = OFF | SELECT @@foreign_key_checks
        SET foreign_key_checks = TRUE | SELECT @@foreign_key_checks
        SET @t = TRUE, @f = 'it''s' | SELECT @t, @f, @T | SET @n = -5, @m = NULL | SELECT @n, @m
        SET SESSION TRANSACTION READ ONLY | SELECT @@tx_read_only
        SET SESSION TRANSACTION READ WRITE, ISOLATION LEVEL REPEATABLE READ
        SELECT @@tx_read_only, @@tx_isolation | SHOW VARIABLES LIKE 'tx_read%'
        SET GLOBAL wait_timeout = 28800 | SET @@global.wait_timeout = 28800
        SET wait_timeout = 100, @a = 1 | SELECT @@wait_timeout | SET @@session.wait_timeout = 50
        SELECT @@wait_timeout | SET @old = @@sql_mode | SELECT @old""",
    "transactions": f"""
        SET autocommit=0 | SELECT 1 | SELECT @@autocommit | {READ} | SET autocommit=1
        SET autocommit=OFF | {ADD} | COMMIT | ROLLBACK | SET AUTOCOMMIT = 1 | BEGIN | COMMIT
        begin work | rollback work | START TRANSACTION | SAVEPOINT a | SAVEPOINT b
        ROLLBACK TO a | ROLLBACK TO SAVEPOINT b | RELEASE SAVEPOINT a | RELEASE SAVEPOINT a
        ROLLBACK WORK TO a | COMMIT AND CHAIN | ROLLBACK AND NO CHAIN
        START TRANSACTION READ ONLY | COMMIT | START TRANSACTION WITH CONSISTENT SNAPSHOT
        CREATE TABLE t2 (i int) | BEGIN | CREATE TEMPORARY TABLE t3 (i int) | COMMIT
        SAVEPOINT z | ROLLBACK TO z | RELEASE SAVEPOINT z | START TRANSACTION READ WRITE
        BEGIN | SET autocommit=0 | SET autocommit=1 | COMMIT""",
    "more transactions": """
        COMMIT WORK AND NO CHAIN NO RELEASE | START TRANSACTION | SAVEPOINT `a``b`
        ROLLBACK TO SAVEPOINT `A``B` | SAVEPOINT x | SAVEPOINT X | RELEASE SAVEPOINT x
        RELEASE SAVEPOINT x | ROLLBACK WORK AND CHAIN NO RELEASE | ROLLBACK
        BEGIN; SELECT 1; COMMIT | ROLLBACK TO x
        SET autocommit = 0 | SAVEPOINT a | SELECT 1 | RELEASE SAVEPOINT a | SAVEPOINT b
        SELECT b FROM t | ROLLBACK TO b | SET autocommit = 1 | RELEASE SAVEPOINT b""",
    "latest": f"""
        {ADD} | SELECT LAST_INSERT_ID(), ROW_COUNT() | SELECT ROW_COUNT() | {READ}
        SELECT FOUND_ROWS() | RELEASE SAVEPOINT x | SHOW WARNINGS | SHOW ERRORS
        SHOW COUNT(*) WARNINGS | SHOW COUNT(*) ERRORS | SELECT @@warning_count, @@error_count
        BEGIN | SHOW WARNINGS | ROLLBACK | {READ} | SHOW WARNINGS | ; | KILL 999999
        KILL QUERY 999999 | SELECT LAST_INSERT_ID(), ROW_COUNT()""",
}


class RealClient:
    """A client of a real server, on a socket."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection((address.host, address.port))
        self._frames = Frames()
        wanted = USUAL | Capability.MULTI_STATEMENTS
        user, password, database = address.user, address.password, address.database
        steps = log_in(user, password, database, capabilities=wanted, is_private=False)
        next(steps)
        while True:
            try:
                answer = steps.send(self._packet())
            except StopIteration as end:
                self.version = end.value[0].version.removeprefix("5.5.5-")
                return
            if answer is not None:
                self._send(answer, self._frames.sequence + 1)

    def _packet(self) -> bytes:
        while (packet := self._frames.next()) is None:
            data = self._socket.recv(65536)
            assert data, "the server has hung up"
            self._frames.add(data)
        return packet

    def _send(self, payload: bytes, sequence: int = 0) -> None:
        self._socket.sendall(packets.frame([payload], sequence)[0])

    def query(self, sql: str) -> Result:
        self._send(bytes([Command.QUERY]) + sql.encode())
        steps = read_result(deprecate_eof=False)
        next(steps)
        while True:
            try:
                steps.send(self._packet())
            except StopIteration as end:
                result: Result = end.value
                return result

    def close(self) -> None:
        self._socket.close()


def seen(result: Result) -> Any:
    """Return all that a client can tell of a result."""
    if result.columns is None:
        return shown_as(result, is_binary=False)
    names = [
        packets.read_column_definition(column).name
        for column in result.columns
        if isinstance(column, bytes)
    ]
    values = shown_as(result, is_binary=False)
    return names, [[(type(value), value) for value in row] for row in values], result.status


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_session_answers_as_a_real_server(name: str, mysql_database: Address) -> None:
    script = [sql.strip() for line in SCRIPTS[name].split("\n") for sql in line.split("|")]
    real = RealClient(mysql_database)
    if "MariaDB" not in real.version:
        pytest.skip("the scripts name MariaDB's variables")
    real.query(TABLE)
    settings = ("sql_mode", "max_allowed_packet", "time_zone", "innodb_lock_wait_timeout")
    asked = real.query("SELECT " + ", ".join(f"@@{name}" for name in settings))
    values = shown_as(asked, is_binary=False)[0]
    known = Known()
    options = ServerOptions(real.version, settings=dict(zip(settings, values, strict=True)))
    fake = Client(known.connect(options), database=mysql_database.database)
    for sql in filter(None, script):
        expected = real.query(sql)
        if sql.startswith(("INSERT", "CREATE")):
            known.statements[sql] = Result(
                affected=expected.affected, last_insert_id=expected.last_insert_id
            )
        elif sql == READ:
            found = shown_as(expected, is_binary=False)
            known.statements[sql] = rows(["b"], *found)
        answer = fake.result(fake.exchange(Command.QUERY, sql.encode()))
        if expected.status is not None:
            expected.status &= ~NOT_OF_THE_SESSION
        assert seen(answer) == seen(expected), sql
    real.close()


@pytest.mark.parametrize(
    ("version", "known_names", "unknown_name"),
    [
        ("8.4.3", ["transaction_isolation"], "tx_isolation"),
        ("10.11.9-MariaDB", ["tx_isolation"], "transaction_isolation"),
        ("11.4.2-MariaDB", ["tx_isolation", "transaction_isolation"], None),
    ],
)
def test_the_isolation_level_has_the_names_of_the_version(
    version: str, known_names: list[str], unknown_name: str | None
) -> None:
    client = Client(Known().connect(ServerOptions(version)))
    client.query("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    client.query("SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED")
    for name in known_names:
        assert client.query(f"SELECT @@{name}") == [("READ-UNCOMMITTED",)]
    if unknown_name is not None:
        text = f"Unknown system variable '{unknown_name}'"
        assert client.query(f"SELECT @@{unknown_name}") == (1193, "HY000", text)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT @@nope",
        "SELECT 1 + 1",
        "SELECT NOW()",
        "SELECT DATABASE(), name FROM users",
        "SELECT VERSION(1)",
        "SET nope = 1",
        "SET @x = CURRENT_TIMESTAMP",
        "SET @x",
        "SET NAMES utf8mb4 COLLATED utf8mb4_bin",
        "SET SESSION TRANSACTION LEVEL 5",
        "SET GLOBAL TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "COMMIT AND GO HOME",
        "SELECT",
        "SELECT 1 +",
        "SELECT 'no end",
        "SELECT '",
        "SET sql_mode = CONCAT(@@sql_mode, ',ANSI')",
        "SET PASSWORD = 'x'",
        "SHOW VARIABLES LIKE 'nope'",
        "SHOW TABLES",
        "START SLAVE",
        "KILL USER ana",
    ],
)
def test_what_a_session_does_not_know_goes_to_the_responder(sql: str) -> None:
    known = Known()
    assert Client(known.connect()).query(sql)[0] == 1064
    assert known.executed == [(sql, None)]
    assert known.controlled == []


def test_the_first_question_of_django_is_answered() -> None:
    client = Client(Known().connect(ServerOptions("10.11.9-MariaDB")))
    [row] = client.query(
        "SELECT VERSION(), @@sql_mode, @@default_storage_engine, @@sql_auto_is_null, "
        "@@lower_case_table_names, CONVERT_TZ('2001-01-01 01:00:00', 'UTC', 'UTC') IS NOT NULL"
    )
    assert (row[0], *row[2:]) == ("10.11.9-MariaDB", "InnoDB", 0, 0, 1)


def test_a_responder_may_answer_a_question_itself() -> None:
    known = Known()
    known.controls["SELECT 1"] = rows(["1"], [2])
    assert Client(known.connect()).query("SELECT 1") == [(2,)]
