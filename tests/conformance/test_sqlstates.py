"""What `db_error` says of an SQLSTATE is what PostgreSQL says: each error is provoked there."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, LiteralString, NamedTuple

import psycopg
import pytest

from understudy import db_error
from understudy.pg.sqlstates import STATES


class Provoked(NamedTuple):
    """How to provoke an error, and what it is about."""

    statements: tuple[LiteralString, ...]
    named: dict[str, str] = {}  # noqa: RUF012 # never changed


STATEMENTS = {
    "0A000": Provoked(
        (
            "CREATE TEMP TABLE t (x int)",
            "PREPARE p AS SELECT * FROM t",
            "EXECUTE p",
            "ALTER TABLE t ADD y int",
            "EXECUTE p",
        )
    ),
    "21000": Provoked(("SELECT (SELECT generate_series(1, 2))",)),
    "22007": Provoked(("SELECT 'soon'::date",), {"datatype": "date", "name": "soon"}),
    "22008": Provoked(("SELECT '2026-02-30'::date",)),
    "22P02": Provoked(("SELECT 'x'::int",), {"datatype": "integer"}),
    "25001": Provoked(("BEGIN", "VACUUM")),
    "25006": Provoked(("BEGIN READ ONLY", "INSERT INTO users DEFAULT VALUES")),
    "25P01": Provoked(("SAVEPOINT s",)),
    "25P04": Provoked(
        # In one message, because after the end of the connection nothing of it may be read.
        ("SET transaction_timeout = 1", "BEGIN; SELECT pg_sleep(10)"),
    ),
    "26000": Provoked(("EXECUTE __asyncpg_stmt_1__",)),
    "34000": Provoked(("FETCH c",)),
    "3B001": Provoked(("BEGIN", "RELEASE s")),
    "3F000": Provoked(("CREATE TABLE nowhere.t ()",), {"schema": "nowhere"}),
    "42601": Provoked(("SELECT * FROM",)),
    "42704": Provoked(("SELECT 1::nothing",), {"datatype": "nothing"}),
    "42P05": Provoked(("PREPARE p AS SELECT 1", "PREPARE p AS SELECT 1"), {"name": "p"}),
    "42P06": Provoked(("CREATE SCHEMA public",), {"schema": "public"}),
    "42P07": Provoked(("CREATE TABLE users ()",), {"table": "users"}),
    "22001": Provoked(
        ("CREATE TEMP TABLE t (x varchar(3))", "INSERT INTO t VALUES ('long')"),
        {"datatype": "character varying(3)"},
    ),
    "22003": Provoked(("SELECT 2147483647 + 1",), {"datatype": "integer"}),
    "22012": Provoked(("SELECT 1 / 0",)),
    "23502": Provoked(
        ("INSERT INTO users (name) VALUES (NULL)",), {"table": "users", "column": "name"}
    ),
    "23503": Provoked(
        ("INSERT INTO users (boss) VALUES (99)",),
        {"table": "users", "constraint": "users_boss_fkey"},
    ),
    "23505": Provoked(
        ("INSERT INTO users (email) VALUES ('a'), ('a')",), {"constraint": "users_email_key"}
    ),
    "23514": Provoked(
        ("INSERT INTO users (age) VALUES (-1)",),
        {"table": "users", "constraint": "users_age_check"},
    ),
    "23P01": Provoked(
        (
            "CREATE TEMP TABLE r (x int4range, CONSTRAINT apart EXCLUDE USING gist (x WITH &&))",
            "INSERT INTO r VALUES ('[1,3]'), ('[2,4]')",
        ),
        {"constraint": "apart"},
    ),
    "25P02": Provoked(("BEGIN", "SELECT 1 / 0", "SELECT 1")),
    "42501": Provoked(("SET ROLE conformance_weak", "SELECT * FROM users"), {"table": "users"}),
    "42703": Provoked(("SELECT colour FROM users",), {"column": "colour"}),
    "42P01": Provoked(("SELECT * FROM nowhere",), {"table": "nowhere"}),
    "57014": Provoked(("SET statement_timeout = 1", "SELECT pg_sleep(10)")),
    "57P01": Provoked(("SELECT pg_terminate_backend(pg_backend_pid())",)),
}
# These need two sessions, each a function below.
TWO_SESSIONS = {"40001", "40P01", "55P03", "25P03", "57P05"}
# These cannot be had from a healthy server: the disk and the memory are full, all connections are
# taken, the server starts up or crashes, or the network is gone (which no server can report); from
# this one alone (dblink's, a wrong login, another database in use); or by libpq.
NOT_PROVOKED = {"53100", "53200", "53300", "57P02", "57P03", "08006"}
NOT_PROVOKED |= {"08001", "08003", "08P01", "22021", "28000", "28P01", "3D000", "42P04", "55006"}


def test_every_known_sqlstate_is_provoked_or_has_its_reason() -> None:
    assert set(STATES) == {*STATEMENTS} | TWO_SESSIONS | NOT_PROVOKED
    assert not {*STATEMENTS} & (TWO_SESSIONS | NOT_PROVOKED)


Connect = Callable[[], psycopg.Connection[Any]]


@pytest.fixture
def connect(conformance_dsn: str) -> Iterator[Connect]:
    opened: list[psycopg.Connection[Any]] = []

    def new() -> psycopg.Connection[Any]:
        opened.append(psycopg.connect(conformance_dsn, autocommit=True))
        return opened[-1]

    with psycopg.connect(conformance_dsn, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS conformance_weak")
        admin.execute("CREATE ROLE conformance_weak")
        admin.execute("TRUNCATE users, badges")
    yield new
    for connection in opened:
        connection.close()


def provoked(run: Callable[[], object]) -> psycopg.Error:
    with pytest.raises(psycopg.Error) as caught:
        run()
    return caught.value


def assert_same(real: psycopg.Error, code: str, **named: str) -> None:
    made: Any = db_error(code, driver="psycopg", **named)  # type: ignore[arg-type] # by name
    assert type(made) is type(real)
    assert (made.diag.message_primary, made.diag.severity, made.sqlstate) == (
        real.diag.message_primary,
        real.diag.severity,
        real.sqlstate,
    )
    assert made.diag.source_function in (None, real.diag.source_function)
    assert made.diag.message_hint in (None, real.diag.message_hint)


@pytest.mark.parametrize("code", STATEMENTS)
def test_an_error_is_worded_as_by_postgresql(connect: Connect, code: str) -> None:
    *before, last = STATEMENTS[code].statements
    connection = connect()
    for statement in before:
        if "/ 0" in statement:
            provoked(lambda: connection.execute("SELECT 1 / 0"))
        else:
            connection.execute(statement)
    real = provoked(lambda: connection.execute(last))
    assert_same(real, code, **STATEMENTS[code].named)


def test_a_serialization_failure(connect: Connect) -> None:
    one, other = connect(), connect()
    one.execute("INSERT INTO users (id) VALUES (1)")
    other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    other.execute("SELECT * FROM users")
    one.execute("UPDATE users SET age = 1")
    assert_same(provoked(lambda: other.execute("UPDATE users SET age = 2")), "40001")


def test_a_lock_that_is_not_available(connect: Connect) -> None:
    one, other = connect(), connect()
    one.execute("BEGIN")
    one.execute("LOCK TABLE users")
    other.execute("SET lock_timeout = 1")
    assert_same(provoked(lambda: other.execute("SELECT * FROM users")), "55P03")


def unused_too_long(connection: psycopg.Connection[Any]) -> psycopg.Error:
    connection.execute("SET idle_session_timeout = 1")
    select.select([connection.fileno()], [], [], 5)
    return provoked(lambda: connection.execute("SELECT 1"))


def first_with_a_state(errors: Iterable[psycopg.Error]) -> psycopg.Error:
    """Return the first error that the server has worded.

    libpq reads what the server said only if it notices in time that it cannot write any more.
    """
    return next(error for error in errors if error.sqlstate is not None)


def test_a_connection_that_is_idle_too_long(connect: Connect) -> None:
    assert_same(first_with_a_state(unused_too_long(connect()) for _ in range(20)), "57P05")


def idle_too_long(connection: psycopg.Connection[Any]) -> psycopg.Error:
    connection.execute("SET idle_in_transaction_session_timeout = 1")
    connection.execute("BEGIN")
    select.select([connection.fileno()], [], [], 5)
    return provoked(lambda: connection.execute("SELECT 1"))


def test_a_transaction_that_idles_too_long(connect: Connect) -> None:
    assert_same(first_with_a_state(idle_too_long(connect()) for _ in range(20)), "25P03")


def test_a_deadlock(connect: Connect) -> None:
    one, other = connect(), connect()
    one.execute("INSERT INTO users (id) VALUES (1), (2)")
    for connection, number in ((one, 1), (other, 2)):
        connection.execute("SET deadlock_timeout = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE users SET age = 1 WHERE id = %s", [number])

    def cross(connection: psycopg.Connection[Any], number: int) -> psycopg.Error | None:
        try:
            connection.execute("UPDATE users SET age = 1 WHERE id = %s", [number])
        except psycopg.Error as error:
            connection.execute("ROLLBACK")
            return error
        connection.execute("ROLLBACK")
        return None

    with ThreadPoolExecutor() as threads:
        waiting = [threads.submit(cross, one, 2), threads.submit(cross, other, 1)]
        [error] = [found for item in waiting if (found := item.result(10)) is not None]
    assert_same(error, "40P01")
