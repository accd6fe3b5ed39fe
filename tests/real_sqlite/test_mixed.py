"""A script answers single statements; all others run."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import create_engine, exc, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.real_sqlite.conftest import failing
from understudy import db_error
from understudy.real_sqlite.fixture import RealSqlite
from understudy.script.failures import NotSupported, ScriptError

NAMES = "SELECT id, name FROM users"
ADD = "INSERT INTO users (name, kind) VALUES ('Ana', 'free')"


@pytest.fixture
def connection(real: RealSqlite) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(real.path)) as opened:
        yield opened


def test_rows(real: RealSqlite, connection: sqlite3.Connection) -> None:
    real.on(NAMES).rows({"id": 1, "name": "Ana"}, {"id": 2, "name": "Bo"})
    connection.row_factory = sqlite3.Row
    cursor = connection.execute(NAMES)
    assert [column[0] for column in cursor.description] == ["id", "name"]
    assert [dict(row) for row in cursor] == [{"id": 1, "name": "Ana"}, {"id": 2, "name": "Bo"}]
    assert cursor.rowcount == -1


def test_rows_in_order_get_the_names_of_the_statement(
    real: RealSqlite, connection: sqlite3.Connection
) -> None:
    real.on(NAMES).rows((1, "Ana"))
    cursor = connection.execute(NAMES)
    assert [column[0] for column in cursor.description] == ["id", "name"]
    assert cursor.fetchall() == [(1, "Ana")]


def test_no_rows(real: RealSqlite, connection: sqlite3.Connection) -> None:
    real.insert("users")
    real.on(NAMES).rows()
    cursor = connection.execute(NAMES)
    assert cursor.fetchone() is None
    assert [column[0] for column in cursor.description] == ["id", "name"]


def test_a_value(real: RealSqlite, connection: sqlite3.Connection) -> None:
    real.on("SELECT count(*) FROM users").value(7)
    assert connection.execute("SELECT count(*) FROM users").fetchone() == (7,)


def test_a_tag_tells_the_rowid_and_the_count(
    real: RealSqlite, connection: sqlite3.Connection
) -> None:
    real.on("INSERT INTO users ...").tag("INSERT 41 1")
    real.on("UPDATE users ...").tag("UPDATE 3")
    cursor = connection.execute(ADD)
    assert (cursor.lastrowid, cursor.rowcount, cursor.description) == (41, 1, None)
    assert connection.in_transaction
    assert connection.execute("UPDATE users SET age = 20").rowcount == 3
    connection.rollback()


def test_parameters_choose_the_rule_and_the_rest_is_real(
    real: RealSqlite, connection: sqlite3.Connection
) -> None:
    real.insert("users", name="Ana")
    query = "SELECT name FROM users WHERE id = ?"
    real.on(query, 2).row(name="Bo")
    assert connection.execute(query, (1,)).fetchall() == [("Ana",)]
    assert connection.execute(query, (2,)).fetchall() == [("Bo",)]


def test_first_an_error_then_the_database(real: RealSqlite, connection: sqlite3.Connection) -> None:
    real.on(ADD).raises(db_error("SQLITE_BUSY")).then.real()
    with pytest.raises(sqlite3.OperationalError) as raised:
        connection.execute(ADD)
    assert raised.value.args == ("database is locked",)
    assert raised.value.sqlite_errorcode == sqlite3.SQLITE_BUSY
    assert raised.value.sqlite_errorname == "SQLITE_BUSY"
    connection.execute(ADD)
    connection.commit()
    assert connection.execute(NAMES).fetchall() == [(1, "Ana")]
    assert [transaction.state for transaction in real.transactions] == ["committed"]


def test_a_commit_that_fails_leaves_the_transaction_open(
    real: RealSqlite, connection: sqlite3.Connection
) -> None:
    real.on("COMMIT").raises(db_error("SQLITE_BUSY")).then.real()
    connection.execute(ADD)
    with pytest.raises(sqlite3.OperationalError, match="database is locked"):
        connection.commit()
    assert connection.in_transaction
    connection.commit()


@pytest.mark.parametrize("name", ["SQLITE_IOERR_WRITE", "SQLITE_FULL", "SQLITE_NOMEM"])
def test_errors_that_roll_the_transaction_back(
    real: RealSqlite, connection: sqlite3.Connection, name: str
) -> None:
    real.on("INSERT INTO counts ...").raises(db_error(name))
    connection.execute(ADD)
    error = db_error(name)
    with pytest.raises(type(error)) as raised:
        connection.execute("INSERT INTO counts VALUES (1)")
    assert raised.value.args == error.args
    assert not connection.in_transaction
    assert connection.execute(NAMES).fetchall() == []


async def test_aiosqlite(real: RealSqlite) -> None:
    real.on("DELETE FROM users").raises(
        db_error("SQLITE_CONSTRAINT_UNIQUE", table="users", column="name, email")
    )
    async with aiosqlite.connect(real.path) as opened:
        with pytest.raises(sqlite3.IntegrityError) as raised:
            await opened.execute("DELETE FROM users")
    assert str(raised.value) == "UNIQUE constraint failed: users.name, users.email"


async def test_sqlalchemy(real: RealSqlite) -> None:
    real.on(ADD).raises(db_error("SQLITE_FULL"))
    real.on(NAMES).row(id=1, name="Ana")
    engine = create_async_engine(real.async_dsn)
    async with engine.connect() as opened:
        with pytest.raises(exc.OperationalError, match="database or disk is full"):
            await opened.execute(text(ADD))
        assert (await opened.execute(text(NAMES))).mappings().all() == [{"id": 1, "name": "Ana"}]
    await engine.dispose()


def _wait_for_a_call(real: RealSqlite) -> None:
    while not real.calls:
        time.sleep(0.001)


def test_sqlalchemy_over_sqlite3(real: RealSqlite) -> None:
    real.on(ADD).raises(
        db_error("SQLITE_CONSTRAINT_NOTNULL", table="users", column="name")
    ).then.real()
    engine = create_engine(real.dsn)
    with engine.begin() as opened, pytest.raises(exc.IntegrityError) as raised:
        opened.execute(text(ADD))
    assert str(raised.value.orig) == "NOT NULL constraint failed: users.name"
    with engine.begin() as opened:
        opened.execute(text(ADD))
    engine.dispose()
    assert [transaction.state for transaction in real.transactions] == ["committed", "committed"]


async def test_a_statement_hangs_until_it_is_interrupted(real: RealSqlite) -> None:
    real.on(NAMES).hangs()
    async with aiosqlite.connect(real.path) as opened:
        running = asyncio.create_task(opened.execute(NAMES))
        await asyncio.to_thread(_wait_for_a_call, real)
        await opened.interrupt()
        with pytest.raises(sqlite3.OperationalError) as raised:
            await running
    assert raised.value.sqlite_errorname == "SQLITE_INTERRUPT"


def test_an_interruption_before_it_hangs_counts(real: RealSqlite) -> None:
    class Interrupting:
        def __eq__(self, other: object) -> bool:
            opened.interrupt()
            return True

    def read() -> str:
        with pytest.raises(sqlite3.OperationalError) as raised:
            opened.execute(f"{NAMES} WHERE id = ?", (1,))
        return raised.value.sqlite_errorname

    real.on(f"{NAMES} WHERE id = ?", Interrupting()).hangs()
    with (
        closing(sqlite3.connect(real.path, check_same_thread=False)) as opened,
        ThreadPoolExecutor(1) as pool,
    ):
        assert pool.submit(read).result() == "SQLITE_INTERRUPT"


def test_the_main_thread_cannot_hang(real: RealSqlite, connection: sqlite3.Connection) -> None:
    real.on(NAMES).hangs()
    with pytest.raises(NotSupported, match="would block the main thread"):
        connection.execute(NAMES)


def test_what_hangs_ends_with_the_test(real: RealSqlite) -> None:
    real.on(NAMES).hangs()
    errors: list[str] = []

    def read() -> None:
        with closing(sqlite3.connect(real.path)) as opened:
            try:
                opened.execute(NAMES)
            except sqlite3.OperationalError as error:
                errors.append(str(error))

    thread = threading.Thread(target=read)
    thread.start()
    _wait_for_a_call(real)
    while thread.is_alive():
        real._shared.end_test()
        thread.join(0.001)
    assert errors == ["interrupted"]


def test_a_function_answers(real: RealSqlite, connection: sqlite3.Connection) -> None:
    @real.on("SELECT name FROM users WHERE id = ?")
    def answer(call: Any) -> Any:
        return {"name": f"user {call.parameters[0]}"}

    found = connection.execute("SELECT name FROM users WHERE id = ?", (3,))
    assert found.fetchall() == [("user 3",)]


def test_rules_for_many_rows_see_them_all(real: RealSqlite, connection: sqlite3.Connection) -> None:
    real.on("INSERT INTO counts VALUES (?)", [1], [2]).raises(db_error("SQLITE_BUSY"))
    with pytest.raises(sqlite3.OperationalError):
        connection.executemany("INSERT INTO counts VALUES (?)", ([n] for n in (1, 2)))
    assert real.calls[-1].rows == [(1,), (2,)]


def test_a_rule_that_is_not_used_fails_the_test(real: RealSqlite) -> None:
    with failing() as found:
        real.on("DELETE FROM users")
    assert found[0].startswith("UnusedAnswers: a rule was never used\n")


def test_calls_and_counts(real: RealSqlite, connection: sqlite3.Connection) -> None:
    with real.at_most(1):
        connection.execute(ADD)
        connection.commit()
    real.assert_called(ADD, times=1)
    (transaction,) = real.transactions
    assert [call.statement for call in transaction.calls] == [ADD]


def test_savepoints_are_children_of_their_transaction(
    real: RealSqlite, connection: sqlite3.Connection
) -> None:
    for statement in ("BEGIN", "SAVEPOINT a", "SAVEPOINT b", ADD, "ROLLBACK TO a", "RELEASE a"):
        connection.execute(statement)
    connection.rollback()
    (transaction,) = real.transactions
    (outer,) = transaction.children
    assert (transaction.state, outer.state) == ("rolled back", "released")
    assert [child.state for child in outer.children] == ["rolled back"]


@pytest.mark.parametrize(
    ("verb", "message"),
    [
        (
            lambda rule: rule.raises(db_error("40001", driver="psycopg")),
            "sqlite3 does not raise this.\n"
            'An error of SQLite is raises(db_error("SQLITE_BUSY")), for example.',
        ),
        (
            lambda rule: rule.drops(),
            "drops() loses a connection, and SQLite has none to lose: "
            'write .raises(db_error("SQLITE_IOERR"))',
        ),
        (
            lambda rule: rule.filled_row(id=1),
            "filled_rows() makes up columns by their types, which SQLite does not enforce; "
            "give all columns: .rows(...), or insert rows: real_sqlite.insert(...)",
        ),
    ],
)
def test_what_sqlite_cannot_do_is_refused(real: RealSqlite, verb: Any, message: str) -> None:
    rule = real.on(NAMES).optional()
    with pytest.raises(ScriptError) as raised:
        verb(rule)
    assert str(raised.value).endswith(message)


def test_an_async_function_is_refused(real: RealSqlite, connection: sqlite3.Connection) -> None:
    async def answer(call: Any) -> None: ...

    with pytest.raises(ScriptError, match="cannot be async"):
        real.on(NAMES).optional()(answer)
    coroutines = [answer(None)]
    real.on(NAMES)(lambda call: coroutines[0])
    with pytest.raises(NotSupported, match="cannot be async"):
        connection.execute(NAMES)
    coroutines[0].close()
