"""FakeConnection's plain attributes: what each method answers, and what it writes down."""

from __future__ import annotations

from typing import Any

import pytest

from understudy import FakeConnection, FakeRecord, FakeTransaction, FakeTransactionContext

SELECT = "SELECT id FROM users WHERE id = $1"
INSERT = "INSERT INTO users (name) VALUES ($1)"
LOST = ConnectionError("lost")


def test_a_new_connection_has_no_answers_and_no_calls() -> None:
    conn = FakeConnection()

    assert (conn.execute_return, conn.fetch_return) == (None, None)
    assert (conn.fetch_row_return, conn.fetch_val_return) == (None, None)
    assert (conn.execute_calls, conn.fetch_calls, conn.fetch_val_calls) == ([], [], [])


def test_two_connections_share_nothing() -> None:
    one, other = FakeConnection(), FakeConnection()

    one.execute_calls.append((SELECT, None))

    assert other.execute_calls == []


async def test_async_with_gives_the_connection_itself() -> None:
    conn = FakeConnection()

    async with conn as entered:
        assert entered is conn


async def test_async_with_lets_an_exception_through() -> None:
    with pytest.raises(KeyError, match="mine"):
        async with FakeConnection():
            raise KeyError("mine")


async def test_aexit_answers_false() -> None:
    assert await FakeConnection().__aexit__(None, None, None) is False


# execute -------------------------------------------------------------------------------------


async def test_execute_writes_down_statement_and_parameters() -> None:
    conn = FakeConnection()

    await conn.execute(INSERT, ["Ana"])
    await conn.execute(SELECT)

    assert conn.execute_calls == [(INSERT, ["Ana"]), (SELECT, None)]


async def test_execute_without_an_answer_gives_an_empty_record() -> None:
    record = await FakeConnection().execute(SELECT)

    assert isinstance(record, FakeRecord)
    assert record.result() is None


async def test_execute_wraps_its_answer_in_a_record() -> None:
    conn = FakeConnection()
    conn.execute_return = [{"id": 1}]

    assert (await conn.execute(SELECT)).result() == [{"id": 1}]
    assert (await conn.execute(SELECT)).result() == [{"id": 1}]  # and again: it is no queue


async def test_execute_with_a_number_answers_so_many_rows() -> None:
    conn = FakeConnection()
    conn.execute_return = 4

    assert (await conn.execute(INSERT, ["Ana"])).rowcount == 4


async def test_execute_raises_an_exception_after_writing_down_the_call() -> None:
    conn = FakeConnection()
    conn.execute_return = LOST

    with pytest.raises(ConnectionError, match="lost"):
        await conn.execute(INSERT, ["Ana"])

    assert conn.execute_calls == [(INSERT, ["Ana"])]


async def test_execute_takes_from_a_list_of_lists_one_for_each_call() -> None:
    conn = FakeConnection()
    conn.execute_return = [[{"id": 1}], [], [{"id": 3}, {"id": 4}]]

    results = [(await conn.execute(SELECT)).result() for _ in range(3)]

    assert results == [[{"id": 1}], [], [{"id": 3}, {"id": 4}]]


async def test_execute_with_its_queue_used_up_answers_an_empty_list() -> None:
    conn = FakeConnection()
    conn.execute_return = [[{"id": 1}]]

    await conn.execute(SELECT)

    assert (await conn.execute(SELECT)).result() == []


@pytest.mark.parametrize("answer", [[], [{"id": 1}, [{"id": 2}]]])
async def test_execute_reads_only_a_list_of_nothing_but_lists_as_a_queue(answer: Any) -> None:
    conn = FakeConnection()
    conn.execute_return = answer

    assert (await conn.execute(SELECT)).result() is answer


# execute_many --------------------------------------------------------------------------------


async def test_execute_many_is_written_down_as_one_execute() -> None:
    conn = FakeConnection()

    await conn.execute_many(INSERT, [["Ana"], ["Bia"]])

    assert conn.execute_calls == [(INSERT, [["Ana"], ["Bia"]])]


async def test_execute_many_answers_the_number_of_rows() -> None:
    record = await FakeConnection().execute_many(INSERT, [["Ana"], ["Bia"]])

    assert isinstance(record, FakeRecord)
    assert (record.result(), record.rowcount) == (2, 2)


@pytest.mark.parametrize("arguments", [(), (None,), ([],)])
async def test_execute_many_without_rows_answers_none(arguments: tuple[Any, ...]) -> None:
    conn = FakeConnection()

    record = await conn.execute_many(INSERT, *arguments)

    assert (record.result(), record.rowcount) == (0, 0)
    assert conn.execute_calls == [(INSERT, [])]


async def test_execute_many_takes_its_rows_by_name() -> None:
    record = await FakeConnection().execute_many(INSERT, parameters_list=[["Ana"]])

    assert record.rowcount == 1


async def test_execute_many_raises_the_exception_of_execute() -> None:
    conn = FakeConnection()
    conn.execute_return = LOST

    with pytest.raises(ConnectionError, match="lost"):
        await conn.execute_many(INSERT, [["Ana"]])

    assert conn.execute_calls == [(INSERT, [["Ana"]])]


# fetch ---------------------------------------------------------------------------------------


async def test_fetch_wraps_its_answer_and_writes_down_the_call() -> None:
    conn = FakeConnection()
    conn.fetch_return = [{"id": 1}, {"id": 2}]

    record = await conn.fetch(SELECT, [1])

    assert isinstance(record, FakeRecord)
    assert record.result() == [{"id": 1}, {"id": 2}]
    assert conn.fetch_calls == [(SELECT, [1])]


async def test_fetch_without_an_answer_gives_an_empty_record() -> None:
    assert (await FakeConnection().fetch(SELECT)).result() is None


# fetch_val -----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [5, 0, "text", None, [1]])
async def test_fetch_val_answers_the_bare_value(value: Any) -> None:
    conn = FakeConnection()
    conn.fetch_val_return = value

    assert await conn.fetch_val(SELECT, [1]) is value
    assert conn.fetch_val_calls == [(SELECT, [1])]


async def test_fetch_val_raises_an_exception() -> None:
    conn = FakeConnection()
    conn.fetch_val_return = LOST

    with pytest.raises(ConnectionError, match="lost"):
        await conn.fetch_val(SELECT)

    assert conn.fetch_val_calls == [(SELECT, None)]


# fetch_row -----------------------------------------------------------------------------------


async def test_fetch_row_answers_what_was_set_as_it_is() -> None:
    conn = FakeConnection()
    conn.fetch_row_return = FakeRecord({"id": 1})

    assert await conn.fetch_row(SELECT, [1]) is conn.fetch_row_return


async def test_fetch_row_is_written_down_with_the_fetches() -> None:
    conn = FakeConnection()

    await conn.fetch_row(SELECT, [1])
    await conn.fetch(SELECT, [2])

    assert conn.fetch_calls == [(SELECT, [1]), (SELECT, [2])]


async def test_fetch_row_raises_an_exception() -> None:
    conn = FakeConnection()
    conn.fetch_row_return = LOST
    conn.fetch_return = [{"id": 1}]

    with pytest.raises(ConnectionError, match="lost"):
        await conn.fetch_row(SELECT)

    assert conn.fetch_return == [{"id": 1}]


async def test_fetch_row_takes_its_rows_from_those_of_fetch() -> None:
    conn = FakeConnection()
    conn.fetch_return = [{"id": 1}, {"id": 2}]

    rows = [await conn.fetch_row(SELECT) for _ in range(2)]

    assert [row.result() for row in rows] == [{"id": 1}, {"id": 2}]
    assert conn.fetch_return == []


@pytest.mark.parametrize("rows", [[], {"id": 1}, None])
async def test_fetch_row_wraps_what_it_cannot_take_from(rows: Any) -> None:
    conn = FakeConnection()
    conn.fetch_return = rows

    assert (await conn.fetch_row(SELECT)).result() is rows


@pytest.mark.parametrize("answer", [{}, 0, FakeRecord(None)])
async def test_fetch_row_prefers_its_own_answer_even_an_empty_one(answer: Any) -> None:
    conn = FakeConnection()
    conn.fetch_row_return = answer
    conn.fetch_return = [{"id": 1}]

    assert await conn.fetch_row(SELECT) is answer


# The rest ------------------------------------------------------------------------------------


async def test_a_test_may_replace_any_method() -> None:
    conn = FakeConnection()

    async def broken(stmt: str, parameters: Any = None) -> Any:
        raise LOST

    for method in ("execute", "execute_many", "fetch", "fetch_row", "fetch_val"):
        setattr(conn, method, broken)
        with pytest.raises(ConnectionError, match="lost"):
            await getattr(conn, method)(SELECT, [1])
    assert (conn.execute_calls, conn.fetch_calls, conn.fetch_val_calls) == ([], [], [])


def test_transaction_returns_its_context() -> None:
    conn = FakeConnection()

    context = conn.transaction()

    assert isinstance(context, FakeTransactionContext)
    assert context.connection is conn


async def test_a_test_may_replace_the_transaction() -> None:
    conn = FakeConnection()
    mine = FakeTransaction(conn)
    conn.transaction = lambda: mine  # type: ignore[method-assign, assignment]  # what is shown

    assert conn.transaction() is mine
