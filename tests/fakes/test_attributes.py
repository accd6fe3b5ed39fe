"""The plain attributes: what each method answers from which, cell by cell."""

from __future__ import annotations

from typing import Any

import pytest

from understudy import FakeConnection, FakeRecord, FakeTransaction

METHODS = ("execute", "fetch", "fetch_row", "fetch_val")
ATTRIBUTE = {method: f"{method}_return" for method in METHODS}
LOG = {
    "execute": "execute_calls",
    "fetch": "fetch_calls",
    "fetch_row": "fetch_calls",
    "fetch_val": "fetch_val_calls",
}


async def call(conn: Any, method: str) -> Any:
    answer = await getattr(conn, method)("SELECT 1", [7])
    return answer.result() if isinstance(answer, FakeRecord) else answer


@pytest.mark.parametrize("method", METHODS)
async def test_nothing_is_set(method: str) -> None:
    assert await call(FakeConnection(), method) is None


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0, 5, "", [], [1], {}, {"id": 1}, [{"id": 1}, {"id": 2}], False])
async def test_a_value(method: str, value: Any) -> None:
    conn = FakeConnection()
    setattr(conn, ATTRIBUTE[method], value)
    assert await call(conn, method) == value
    assert await call(conn, method) == value


@pytest.mark.parametrize("method", [*METHODS, "execute_many", "execute_batch"])
@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
async def test_an_exception_is_raised(method: str, kind: type[BaseException]) -> None:
    conn = FakeConnection()
    error = kind("broken")
    setattr(conn, ATTRIBUTE.get(method, "execute_return"), error)
    arguments = [] if method == "execute_batch" else [[1]]
    for _ in range(2):
        with pytest.raises(kind) as caught:
            await getattr(conn, method)("SELECT 1", *arguments)
        assert caught.value is error


async def test_fetch_row_raises_the_exception_of_fetch_return() -> None:
    conn = FakeConnection()
    conn.fetch_return = ValueError("broken")
    with pytest.raises(ValueError, match="broken"):
        await conn.fetch_row("SELECT 1")


async def test_fetch_row_takes_from_fetch_return_where_its_own_is_unset() -> None:
    conn = FakeConnection()
    conn.fetch_return = [{"id": 1}, {"id": 2}]
    assert [await call(conn, "fetch_row") for _ in range(3)] == [{"id": 1}, {"id": 2}, []]
    conn.fetch_return = {"id": 3}
    assert await call(conn, "fetch_row") == {"id": 3}
    conn.fetch_row_return = FakeRecord({"id": 4})
    assert await conn.fetch_row("SELECT 1") is conn.fetch_row_return


async def test_a_queue_is_a_list_of_lists() -> None:
    conn = FakeConnection()
    conn.execute_return = [[{"id": 1}], [], [{"id": 2}]]
    assert [await call(conn, "execute") for _ in range(4)] == [[{"id": 1}], [], [{"id": 2}], []]


@pytest.mark.parametrize("value", [[[1], 2], [], [{}], ([1], [2])])
async def test_anything_else_is_no_queue(value: Any) -> None:
    conn = FakeConnection()
    conn.execute_return = value
    assert await call(conn, "execute") is value
    assert await call(conn, "execute") is value


async def test_only_execute_knows_queues() -> None:
    conn = FakeConnection()
    conn.fetch_return = conn.fetch_val_return = [[1], [2]]
    assert await call(conn, "fetch") == [[1], [2]]
    assert await call(conn, "fetch_val") == [[1], [2]]


@pytest.mark.parametrize("method", METHODS)
async def test_what_was_asked(method: str) -> None:
    conn = FakeConnection()
    await call(conn, method)
    await getattr(conn, method)("SELECT 2")
    expected = [("SELECT 1", [7]), ("SELECT 2", None)]
    assert getattr(conn, LOG[method]) == expected
    logged = conn.execute_calls + conn.fetch_calls + conn.fetch_val_calls
    assert logged == expected
    assert [(each.method, each.statement) for each in conn.calls] == [
        (method, "SELECT 1"),
        (method, "SELECT 2"),
    ]


@pytest.mark.parametrize(
    ("arguments", "given", "rows"),
    [
        ({}, [], 0),
        ({"parameters_list": [[1], [2]]}, [[1], [2]], 2),
        ({"parameters": [[1]]}, [[1]], 1),
        ({"parameters": ((1,), (2,), (3,))}, ((1,), (2,), (3,)), 3),
    ],
)
async def test_execute_many(arguments: dict[str, Any], given: Any, rows: int) -> None:
    for through in (FakeConnection(), FakeTransaction(FakeConnection())):
        record = await through.execute_many("INSERT INTO u VALUES ($1)", **arguments)
        assert (record.result(), record.rowcount) == (rows, rows)
        conn = through if isinstance(through, FakeConnection) else through.connection
        assert conn.execute_calls == [("INSERT INTO u VALUES ($1)", given)]


async def test_execute_batch() -> None:
    conn = FakeConnection()
    assert await conn.execute_batch("SELECT 1; SELECT 2") is None
    assert conn.execute_calls == [("SELECT 1; SELECT 2", None)]


@pytest.mark.parametrize(
    ("data", "rowcount", "expected"),
    [(5, None, 5), (5, 7, 7), ([{"id": 1}], None, 1), (None, None, 1), (None, 0, 0), (0, None, 0)],
)
def test_a_record(data: Any, rowcount: int | None, expected: int) -> None:
    record = FakeRecord(data, rowcount)
    assert (record.result(), record.rowcount) == (data, expected)


def test_a_record_shows_itself() -> None:
    assert repr(FakeRecord([{"id": 1}])) == "FakeRecord([{'id': 1}], rowcount=1)"


def test_a_record_of_nothing_has_no_rows() -> None:
    record = FakeRecord(None)
    assert (record.result(as_tuple=True), record.records()) == ([], [])


async def test_a_method_may_be_replaced() -> None:
    conn = FakeConnection()

    async def broken(stmt: str, parameters: Any = None) -> None:
        raise ConnectionError("db fail")

    conn.fetch_row = broken  # type: ignore[method-assign] # tests may replace a method
    with pytest.raises(ConnectionError, match="db fail"):
        await conn.fetch_row("SELECT 1")
    async with conn.transaction() as transaction:
        with pytest.raises(ConnectionError, match="db fail"):
            await transaction.fetch_row("SELECT 1")


async def test_transaction_may_be_replaced() -> None:
    conn = FakeConnection()
    conn.transaction = lambda: "mine"  # type: ignore[method-assign, assignment, misc] # as above
    assert conn.transaction() == "mine"  # type: ignore[comparison-overlap]


async def test_a_connection_is_its_own_context_and_swallows_nothing() -> None:
    conn = FakeConnection()

    async def enter() -> None:
        async with conn as entered:
            assert entered is conn
            raise LookupError

    with pytest.raises(LookupError):
        await enter()
    assert (await conn.execute("SELECT 1")).result() is None


@pytest.mark.parametrize("through", ["transaction", "cursor"])
async def test_no_context_swallows_an_exception(through: str) -> None:
    conn = FakeConnection()
    context = conn.transaction() if through == "transaction" else conn.cursor("SELECT 1")
    with pytest.raises(LookupError):
        async with context:
            raise LookupError
    assert await conn.__aexit__(None, None, None) is False


async def test_prepared_statements_and_cursors_answer_from_the_attributes() -> None:
    conn = FakeConnection()
    conn.execute_return = [[{"id": 1}], [{"id": 2}]]
    prepared = await conn.prepare("SELECT $1", [7])
    assert (await prepared.execute()).result() == [{"id": 1}]
    assert (await prepared.execute()).result() == [{"id": 2}]
    conn.fetch_return = {"id": 3}
    async with conn.cursor("SELECT 2") as cursor:
        assert (await cursor.fetchall()).result() == [{"id": 3}]
    async with prepared.cursor() as cursor:
        assert (await cursor.fetchall()).result() == [{"id": 3}]
    conn.fetch_return = None
    async with prepared.cursor() as cursor:
        assert (await cursor.fetchall()).result() == []
    assert conn.execute_calls == [("SELECT $1", [7])] * 2
    assert conn.fetch_calls == [("SELECT 2", None), ("SELECT $1", [7]), ("SELECT $1", [7])]


async def test_an_attribute_may_be_a_database_error() -> None:
    from understudy import db_error

    conn = FakeConnection()
    conn.fetch_val_return = db_error("40P01", driver="psqlpy")
    async with conn.transaction() as transaction:
        for text in ("db error: ERROR: deadlock detected", "current transaction is aborted"):
            with pytest.raises(Exception, match=text):
                await transaction.fetch_val("SELECT 1")
    assert conn.transactions[0].state == "rolled back"
