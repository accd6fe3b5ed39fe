"""FakeTransaction and its context: everything done in one lands on the connection."""

from __future__ import annotations

from typing import Any

import pytest

from understudy import FakeConnection, FakeRecord, FakeTransaction, FakeTransactionContext

SELECT = "SELECT id FROM users WHERE id = $1"
INSERT = "INSERT INTO users (name) VALUES ($1)"


class ExecuteOnly:
    """A connection of the test's own, without `execute_many`."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[str, Any]] = []

    async def execute(self, stmt: str, parameters: Any = None) -> Any:
        self.calls.append((stmt, parameters))
        return self.answers.pop(0)


def test_a_transaction_knows_its_connection() -> None:
    conn = FakeConnection()

    assert FakeTransaction(conn).connection is conn


async def test_each_method_is_the_connections() -> None:
    conn = FakeConnection()
    conn.execute_return = [{"id": 1}]
    conn.fetch_return = [{"id": 2}]
    conn.fetch_row_return = FakeRecord({"id": 3})
    conn.fetch_val_return = 4
    transaction = FakeTransaction(conn)

    assert (await transaction.execute(INSERT, ["Ana"])).result() == [{"id": 1}]
    assert (await transaction.fetch(SELECT, [2])).result() == [{"id": 2}]
    assert (await transaction.fetch_row(SELECT, [3])).result() == {"id": 3}
    assert await transaction.fetch_val(SELECT, [4]) == 4
    assert conn.execute_calls == [(INSERT, ["Ana"])]
    assert conn.fetch_calls == [(SELECT, [2]), (SELECT, [3])]
    assert conn.fetch_val_calls == [(SELECT, [4])]


async def test_parameters_may_be_left_out_of_each_method() -> None:
    conn = FakeConnection()
    transaction = FakeTransaction(conn)

    await transaction.execute(INSERT)
    await transaction.fetch(SELECT)
    await transaction.fetch_row(SELECT)
    await transaction.fetch_val(SELECT)

    assert conn.execute_calls == [(INSERT, None)]
    assert conn.fetch_calls == [(SELECT, None), (SELECT, None)]
    assert conn.fetch_val_calls == [(SELECT, None)]


@pytest.mark.parametrize("how", ["position", "parameters_list", "parameters"])
async def test_execute_many_takes_rows_three_ways(how: str) -> None:
    conn = FakeConnection()
    rows = [["Ana"], ["Bia"]]
    transaction = FakeTransaction(conn)

    if how == "position":
        record = await transaction.execute_many(INSERT, rows)
    else:
        record = await transaction.execute_many(INSERT, **{how: rows})

    assert record.rowcount == 2
    assert conn.execute_calls == [(INSERT, rows)]


async def test_execute_many_prefers_parameters_to_parameters_list() -> None:
    conn = FakeConnection()

    await FakeTransaction(conn).execute_many(INSERT, [["Ana"]], parameters=[["Bia"]])

    assert conn.execute_calls == [(INSERT, [["Bia"]])]


async def test_execute_many_without_one_on_the_connection_executes_row_by_row() -> None:
    conn = ExecuteOnly(FakeRecord(1), FakeRecord(None, rowcount=3))

    record = await FakeTransaction(conn).execute_many(INSERT, [["Ana"], ["Bia"]])

    assert conn.calls == [(INSERT, ["Ana"]), (INSERT, ["Bia"])]
    assert (record.result(), record.rowcount) == (4, 4)


async def test_the_fallback_counts_a_result_without_a_row_count_as_none() -> None:
    conn = ExecuteOnly(FakeRecord(2), object())

    record = await FakeTransaction(conn).execute_many(INSERT, [["Ana"], ["Bia"]])

    assert record.rowcount == 2


@pytest.mark.parametrize("rows", [None, []])
async def test_the_fallback_without_rows_executes_nothing(rows: Any) -> None:
    conn = ExecuteOnly()

    record = await FakeTransaction(conn).execute_many(INSERT, rows)

    assert (record.result(), record.rowcount) == (0, 0)
    assert conn.calls == []


async def test_the_context_yields_its_transaction() -> None:
    conn = FakeConnection()
    context = FakeTransactionContext(conn)

    async with context as transaction:
        await transaction.execute(INSERT, ["Ana"])

    assert type(transaction) is FakeTransaction
    assert transaction is context.transaction
    assert conn.execute_calls == [(INSERT, ["Ana"])]


async def test_the_context_lets_an_exception_through() -> None:
    with pytest.raises(KeyError, match="mine"):
        async with FakeTransactionContext(FakeConnection()):
            raise KeyError("mine")


async def test_a_method_of_the_yielded_transaction_may_be_replaced() -> None:
    conn = FakeConnection()
    seen: list[Any] = []

    async def mine(stmt: str, parameters: Any = None, **_: Any) -> None:
        seen.append((stmt, parameters))

    async with conn.transaction() as transaction:
        transaction.execute_many = mine  # type: ignore[method-assign, assignment]  # what is shown
        await transaction.execute_many(INSERT, parameters=[["Ana"]])

    assert seen == [(INSERT, [["Ana"]])]
    assert conn.execute_calls == []
