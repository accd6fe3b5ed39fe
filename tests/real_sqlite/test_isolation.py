"""Each test has a database of its own, under one address."""

from __future__ import annotations

import gc
import os
import sqlite3
import sys
import weakref
from contextlib import closing, suppress
from pathlib import Path

import aiosqlite
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.real_sqlite.conftest import failing
from understudy.real_sqlite.database import SqliteDatabase
from understudy.real_sqlite.fixture import RealSqlite
from understudy.script import expectations

ADD = "INSERT INTO counts VALUES (1)"
COUNT = "SELECT count(*) FROM counts"


def count(database: SqliteDatabase) -> int:
    with closing(database.own_connection()) as connection:
        return int(connection.execute(COUNT).fetchone()[0])


def write(database: SqliteDatabase) -> None:
    with closing(sqlite3.connect(database.path)) as connection, connection:
        connection.execute(ADD)


def test_a_test_sees_nothing_of_the_last_one(database: SqliteDatabase) -> None:
    database.begin_test()
    write(database)
    assert count(database) == 1
    database.begin_test()
    assert count(database) == 0


def test_a_test_may_change_the_schema(database: SqliteDatabase) -> None:
    database.begin_test()
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute("DROP TABLE counts")
        connection.execute("CREATE TABLE made (a)")
    database.begin_test()
    assert count(database) == 0


def test_ids_begin_at_one_again(database: SqliteDatabase) -> None:
    for _ in range(2):
        with expectations.opened():
            real = RealSqlite(database)
            assert real.insert("users").id == 1
            real.end()


def test_a_cursor_that_has_failed_is_kept_by_nothing(database: SqliteDatabase) -> None:
    """Else a closed connection keeps the file in WAL mode until garbage is collected."""
    database.begin_test()
    gc.disable()
    try:
        with closing(sqlite3.connect(database.path)) as connection:
            cursor = connection.cursor()
            left = weakref.ref(cursor)
            with suppress(sqlite3.IntegrityError):
                cursor.execute("INSERT INTO counts VALUES (NULL)")
            del cursor
            assert left() is None
    finally:
        gc.enable()


def test_the_mode_of_the_journal_is_put_back(database: SqliteDatabase) -> None:
    database.begin_test()
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    database.begin_test()
    with closing(sqlite3.connect(database.path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
async def test_a_pool_that_outlives_the_test_sees_the_new_database(
    database: SqliteDatabase, mode: str
) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{database.path.as_posix()}")
    for _ in range(3):
        database.begin_test()
        async with engine.begin() as connection:
            await connection.exec_driver_sql(f"PRAGMA journal_mode = {mode}")
            assert (await connection.execute(text(COUNT))).scalar() == 0
            await connection.execute(text(ADD))
        assert count(database) == 1
    await engine.dispose()


def test_a_transaction_left_open_is_a_failure_and_harms_no_other_test(
    database: SqliteDatabase,
) -> None:
    with failing() as found:
        real = RealSqlite(database)
        leaked = sqlite3.connect(database.path)
        leaked.execute(ADD)
        real.end()
    (call,) = real.calls
    assert found == [
        "TransactionLeftOpen: transaction #1 was never ended (1 call in it)\n"
        f"  begun at: {call.origin.place}\n"
        "Commit it, roll it back, or close the connection."
    ]

    with expectations.opened():
        real = RealSqlite(database)
        write(database)
        assert count(database) == 1
        with pytest.raises(AssertionError) as raised:
            leaked.execute("SELECT 1")
        real.end()
    assert str(raised.value) == (
        "this connection to real_sqlite was opened in an earlier test, which left a transaction "
        "open on it; the database of this test is another file.\n"
        "Close connections in the test that opens them."
    )
    leaked.close()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sqlite3 has autocommit since Python 3.12")
def test_a_transaction_that_is_always_open_is_none_that_was_left(database: SqliteDatabase) -> None:
    with failing() as found:
        real = RealSqlite(database)
        connection = sqlite3.connect(database.path, autocommit=False)
        connection.execute(ADD)
        connection.commit()
        real.end()
    connection.close()
    assert found == []
    assert [transaction.state for transaction in real.transactions] == ["committed", "rolled back"]


def test_other_databases_are_left_alone(database: SqliteDatabase, tmp_path: Path) -> None:
    script = database.begin_test()
    for address in (":memory:", tmp_path / "test.db", b""):
        with closing(sqlite3.connect(address)) as connection:
            assert type(connection) is sqlite3.Connection
            connection.execute("SELECT 1")
    assert not script.calls


@pytest.mark.parametrize("form", ["path", "str", "bytes", "uri", "relative", "by name"])
def test_every_form_of_the_address_is_known(
    database: SqliteDatabase, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = database.begin_test()
    monkeypatch.chdir(database.path.parent)
    connection = {
        "path": lambda: sqlite3.connect(database.path),
        "str": lambda: sqlite3.connect(str(database.path)),
        "bytes": lambda: sqlite3.connect(os.fsencode(database.path)),
        "uri": lambda: sqlite3.connect(f"{database.uri}?mode=rw", uri=True),
        "relative": lambda: sqlite3.connect("test.db"),
        "by name": lambda: sqlite3.connect(database=str(database.path), timeout=1),
    }[form]()
    with closing(connection):
        connection.execute(COUNT)
    assert len(script.calls) == 1


def test_an_apps_own_classes_are_kept(database: SqliteDatabase) -> None:
    seen = []

    class AppCursor(sqlite3.Cursor):
        def execute(self, *arguments: object) -> AppCursor:  # type: ignore[override]
            seen.append(arguments[0])
            return super().execute(*arguments)  # type: ignore[arg-type]

    class AppConnection(sqlite3.Connection):
        def cursor(self, factory: object = None) -> AppCursor:  # type: ignore[override]
            return super().cursor(AppCursor)

    script = database.begin_test()
    with closing(sqlite3.connect(database.path, factory=AppConnection)) as connection:
        assert isinstance(connection, AppConnection)
        cursor = connection.cursor()
        assert isinstance(cursor, AppCursor)
        cursor.execute(COUNT)
    assert seen == [COUNT] == [call.statement for call in script.calls]


def test_a_factory_that_is_no_class_is_refused(database: SqliteDatabase) -> None:
    with pytest.raises(AssertionError, match="follows the connections of a subclass"):
        sqlite3.connect(database.path, factory=lambda *_: None)  # type: ignore[call-overload]


def test_connect_is_put_back_at_the_end() -> None:
    before = sqlite3.connect
    made = SqliteDatabase(lambda _: None)
    made.start()
    assert sqlite3.connect is not before
    made.stop()
    assert sqlite3.connect is before
    assert not made.path.parent.exists()


async def test_the_line_of_a_call_is_the_apps(real: RealSqlite) -> None:
    async with aiosqlite.connect(real.path) as connection:
        await connection.execute(COUNT)
    engine = create_async_engine(real.async_dsn)
    async with engine.connect() as opened:
        await opened.execute(text(COUNT))
    await engine.dispose()
    with closing(sqlite3.connect(real.path)) as plain:
        plain.execute(COUNT)
    functions = {call.origin.function for call in real.calls if call.statement == COUNT}
    assert functions == {"test_the_line_of_a_call_is_the_apps"}
    assert len([call for call in real.calls if call.statement == COUNT]) == 3
