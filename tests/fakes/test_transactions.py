"""Transactions as the test sees them afterwards: a tree with states."""

from __future__ import annotations

from typing import Any

import pytest

from understudy import FakeConnection, FakePool, FakeRecord, FakeTransaction, db_error


def tree(transaction: Any) -> tuple[Any, ...]:
    children = tuple(tree(child) for child in transaction.children)
    calls = tuple(call.sql for call in transaction.calls)
    return (transaction.savepoint, transaction.state, calls, children)


async def test_committed_and_rolled_back() -> None:
    conn = FakeConnection()
    async with conn.transaction() as transaction:
        assert transaction.state == "open"
        await transaction.execute("SELECT 1")
        await conn.execute("SELECT 2")
    assert transaction.state == "committed"
    with pytest.raises(LookupError):
        async with conn.transaction() as transaction:
            raise LookupError
    await conn.execute("SELECT 3")
    assert [tree(each) for each in conn.transactions] == [
        (None, "committed", ("SELECT 1", "SELECT 2"), ()),
        (None, "rolled back", (), ()),
    ]
    assert [each.number for each in conn.transactions] == [1, 2]
    assert [call.transaction for call in conn.calls] == [conn.transactions[0]] * 2 + [None]


async def test_savepoints_are_children() -> None:
    conn = FakeConnection()
    async with conn.transaction() as transaction:
        await transaction.create_savepoint("a")
        await transaction.execute("SELECT 1")
        await transaction.create_savepoint("b")
        await transaction.execute("SELECT 2")
        await transaction.release_savepoint("b")
        await transaction.rollback_savepoint("a")
        await transaction.execute("SELECT 3")
        await transaction.release_savepoint("a")
        await transaction.create_savepoint("c")
    [record] = conn.transactions
    assert tree(record) == (
        None,
        "committed",
        (),
        (
            ("a", "rolled back", ("SELECT 1",), (("b", "released", ("SELECT 2",), ()),)),
            ("a", "released", ("SELECT 3",), ()),
            ("c", "committed", (), ()),
        ),
    )


async def test_what_is_open_inside_is_rolled_back_with_it() -> None:
    conn = FakeConnection()
    transaction = conn.transaction()
    await transaction.begin()
    await transaction.create_savepoint("a")
    await transaction.create_savepoint("b")
    await transaction.rollback()
    [record] = conn.transactions
    states = ("a", "rolled back", (), (("b", "rolled back", (), ()),))
    assert tree(record) == (None, "rolled back", (), (states,))


async def test_releasing_a_savepoint_releases_those_inside() -> None:
    conn = FakeConnection()
    async with conn.transaction() as transaction:
        await transaction.create_savepoint("a")
        await transaction.create_savepoint("b")
        await transaction.release_savepoint("a")
    [record] = conn.transactions
    inner = ("a", "released", (), (("b", "released", (), ()),))
    assert tree(record) == (None, "committed", (), (inner,))


async def test_a_commit_after_an_error_rolls_back() -> None:
    conn = FakeConnection()
    conn.on("SELECT 1").raises(db_error("22012", driver="psqlpy"))
    async with conn.transaction() as transaction:
        with pytest.raises(Exception, match="division by zero"):
            await transaction.execute("SELECT 1")
        assert conn.transactions[0].aborted
    assert transaction.state == "rolled back"


async def test_another_exception_does_not_abort_a_transaction() -> None:
    conn = FakeConnection()
    conn.on("SELECT 1").raises(ValueError("of the test's own"))
    conn.on("SELECT 2").value(2)
    async with conn.transaction() as transaction:
        with pytest.raises(ValueError, match="own"):
            await transaction.execute("SELECT 1")
        assert await transaction.fetch_val("SELECT 2") == 2
    assert transaction.state == "committed"


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_another_drivers_error_is_raised_as_it_is(driver: Any) -> None:
    conn = FakeConnection()
    error = db_error("23505", constraint="k", driver=driver)
    conn.on("SELECT 1").raises(error)
    async with conn.transaction() as transaction:
        with pytest.raises(type(error)) as caught:
            await transaction.fetch("SELECT 1")
        assert caught.value is error
    assert transaction.state == "rolled back"


async def test_the_statements_of_a_transaction_may_be_scripted() -> None:
    conn = FakeConnection()
    for statement in ("BEGIN", "SAVEPOINT s", "ROLLBACK TO SAVEPOINT s", "RELEASE SAVEPOINT s"):
        conn.on(statement)
    conn.on("COMMIT").raises(db_error("40001", driver="psqlpy"))
    transaction = conn.transaction()
    await transaction.begin()
    await transaction.create_savepoint("s")
    await transaction.rollback_savepoint("s")
    await transaction.release_savepoint("s")
    with pytest.raises(Exception, match="Cannot execute COMMIT statement, error - db error"):
        await transaction.commit()
    assert transaction.state == "rolled back"
    assert conn.calls == []


@pytest.mark.parametrize(("statement", "method"), [("BEGIN", "begin"), ("ROLLBACK", "rollback")])
async def test_begin_and_rollback_may_fail(statement: str, method: str) -> None:
    conn = FakeConnection()
    conn.on(statement).raises(db_error("57P01", driver="psqlpy"))
    transaction = conn.transaction()
    if method == "rollback":
        await transaction.begin()
    with pytest.raises(Exception, match=f"Transaction {method} error"):
        await getattr(transaction, method)()
    with pytest.raises(Exception, match="connection closed"):
        await conn.execute("SELECT 1")


async def test_states_of_a_handle() -> None:
    transaction = FakeConnection().transaction()
    assert transaction.state == "not begun"
    await transaction.begin()
    assert transaction.state == "open"
    await transaction.rollback()
    assert transaction.state == "rolled back"


async def test_a_pool_lists_the_transactions_of_its_connections() -> None:
    pool = FakePool()
    for error in (None, LookupError()):
        try:
            async with pool.acquire() as conn, conn.transaction():
                if error:
                    raise error
        except LookupError:
            continue
    assert [each.state for each in pool.transactions] == ["committed", "rolled back"]


class Minimal:
    """A connection of the test's own, with no more than `execute`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []

    async def execute(self, stmt: str, parameters: Any = None) -> Any:
        self.asked.append((stmt, parameters))
        return FakeRecord(2) if parameters != [9] else object()


async def test_a_transaction_of_a_connection_of_the_tests_own() -> None:
    conn = Minimal()
    async with FakeTransaction(conn) as transaction:
        await transaction.execute("SELECT 1")
        record = await transaction.execute_many("INSERT", [[1], [9], [2]])
        assert (record.result(), record.rowcount) == (4, 4)
        assert (await transaction.execute_many("INSERT")).rowcount == 0
        assert transaction.state == "open"
    assert transaction.state == "committed"
    other = FakeTransaction(conn)
    await other.begin()
    await other.begin()
    await other.rollback()
    assert other.state == "rolled back"
    assert conn.asked == [("SELECT 1", None), ("INSERT", [1]), ("INSERT", [9]), ("INSERT", [2])]


async def test_every_method_lands_on_the_connection() -> None:
    conn = FakeConnection()
    conn.fetch_row_return = FakeRecord({"id": 1})
    conn.fetch_val_return = 5
    async with conn.transaction() as transaction:
        await transaction.fetch("SELECT 1", [1])
        assert await transaction.fetch_row(querystring="SELECT 2") is conn.fetch_row_return
        assert await transaction.fetch_val("SELECT 3") == 5
        await transaction.execute_batch("SELECT 4")
        await (await transaction.prepare("SELECT 5")).execute()
        async with transaction.cursor("SELECT 6"):
            pass
        await transaction.pipeline([("SELECT 7", [7])])
        await transaction.binary_copy_to_table(b"PGCOPY\n\xff\r\n\0" + bytes(8), "users")
    assert [(call.method, call.statement) for call in conn.transactions[0].calls] == [
        ("fetch", "SELECT 1"),
        ("fetch_row", "SELECT 2"),
        ("fetch_val", "SELECT 3"),
        ("execute_batch", "SELECT 4"),
        ("prepared.execute", "SELECT 5"),
        ("cursor.start", "SELECT 6"),
        ("execute", "SELECT 7"),
        ("binary_copy_to_table", "COPY users FROM STDIN (FORMAT binary)"),
    ]
