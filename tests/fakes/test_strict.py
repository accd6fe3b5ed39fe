"""When a fake is strict, and what that means for a call without a rule."""

from __future__ import annotations

from typing import Any

import pytest

from understudy import FakeConnection, FakePool, UnexpectedStatement
from understudy.script.expectations import opened

CALLS: dict[str, tuple[Any, ...]] = {
    "execute": ("SELECT 1",),
    "execute_many": ("SELECT 1", [[1]]),
    "execute_batch": ("SELECT 1",),
    "fetch": ("SELECT 1",),
    "fetch_row": ("SELECT 1",),
    "fetch_val": ("SELECT 1",),
    "copy_records_to_table": ("users", [(1,)]),
    "binary_copy_to_table": (b"PGCOPY\n\xff\r\n\0" + bytes(8), "users"),
}


@pytest.mark.parametrize("method", CALLS)
async def test_a_call_that_nobody_scripted(method: str) -> None:
    lenient, strict, scripted = (
        FakeConnection(),
        FakeConnection(strict=True),
        FakeConnection(),
    )
    scripted.on("SELECT 2").optional()
    await getattr(lenient, method)(*CALLS[method])
    for conn in (strict, scripted):
        with opened() as book, pytest.raises(UnexpectedStatement) as caught:
            await getattr(conn, method)(*CALLS[method])
        assert book.failures == [caught.value]


@pytest.mark.parametrize("method", ["cursor", "prepare"])
async def test_a_cursor_or_prepared_statement_that_nobody_scripted(method: str) -> None:
    conn = FakeConnection(strict=True)
    if method == "cursor":
        run, shown = conn.cursor("SELECT 1").start, "cursor.start"
    else:
        run, shown = (await conn.prepare("SELECT 1")).execute, "prepared.execute"
    with pytest.raises(UnexpectedStatement) as caught:
        await run()
    assert str(caught.value).splitlines()[0] == f"{shown}() matched no rule"


async def test_never_strict() -> None:
    conn = FakeConnection(strict=False)
    conn.on("SELECT 2").value(2)
    assert await conn.fetch_val("SELECT 1") is None
    assert await conn.fetch_val("SELECT 2") == 2


async def test_an_attribute_that_is_set_answers_for_its_method() -> None:
    conn = FakeConnection(strict=True)
    conn.execute_return = [{"id": 1}]
    conn.fetch_return = [{"id": 1}, {"id": 2}]
    conn.on("SELECT 2").value(2)
    assert (await conn.execute("SELECT 1")).result() == [{"id": 1}]
    assert (await conn.execute_many("SELECT 1", [[1]])).rowcount == 1
    await conn.execute_batch("SELECT 1")
    assert (await conn.fetch_row("SELECT 1")).result() == {"id": 1}
    assert (await conn.execute("SELECT 2")).result() == [{"?column?": 2}]
    with pytest.raises(UnexpectedStatement):
        await conn.fetch_val("SELECT 1")


@pytest.mark.parametrize("strict", [True, False, None])
async def test_a_pools_connections_are_as_strict_as_it_is(strict: bool | None) -> None:
    pool = FakePool(strict=strict)
    async with pool.acquire() as conn:
        if strict:
            with pytest.raises(UnexpectedStatement):
                await conn.fetch("SELECT 1")
        else:
            assert (await conn.fetch("SELECT 1")).result() is None
        pool.on("SELECT 2").optional()
        if strict is False:
            assert (await conn.fetch("SELECT 1")).result() is None
        else:
            with pytest.raises(UnexpectedStatement):
                await conn.fetch("SELECT 1")


@pytest.mark.parametrize("name", ["fetchrow", "executemany", "autocommit", "_private"])
def test_what_psqlpy_does_not_have_is_not_there(name: str) -> None:
    conn = FakeConnection()
    for fake in (conn, conn.transaction(), conn.cursor(), FakePool()):
        with pytest.raises(AttributeError):
            getattr(fake, name)


async def test_a_statement_is_answered_by_rule_however_it_is_asked() -> None:
    conn = FakeConnection()
    conn.on("SELECT id FROM users").rows({"id": 1})
    record = await conn.execute("SELECT id FROM users")
    assert (record.result(), record.rowcount) == ([{"id": 1}], 1)
    assert (await conn.fetch("SELECT id FROM users")).result() == [{"id": 1}]
    assert (await conn.fetch_row("SELECT id FROM users")).result() == {"id": 1}
    assert await conn.fetch_val("SELECT id FROM users") == 1
    assert await conn.execute_batch("SELECT id FROM users") is None
    many = await conn.execute_many("SELECT id FROM users", [[1], [2]])
    assert (many.result(), many.rowcount) == (2, 2)


async def test_a_tag_says_how_many_rows_were_written() -> None:
    conn = FakeConnection()
    conn.on("UPDATE users SET n = 1").tag("UPDATE 5")
    conn.on("COPY users FROM STDIN (FORMAT binary)").tag("COPY 9")
    assert (await conn.execute("UPDATE users SET n = 1")).rowcount == 5
    assert (await conn.execute_many("UPDATE users SET n = 1", [[1]])).rowcount == 5
    assert await conn.copy_records_to_table("users", [(1,)]) == 9


async def test_a_row_without_columns_has_no_value() -> None:
    conn = FakeConnection()
    conn.on("SELECT").row()
    assert await conn.fetch_val("SELECT") is None


async def test_the_records_of_a_copy_are_its_parameters() -> None:
    conn = FakeConnection()
    conn.on("COPY app.users (id, name) FROM STDIN (FORMAT binary)", (1, "Ana"))
    async with conn.transaction() as transaction:
        written = await transaction.copy_records_to_table(
            "users", [[1, "Ana"]], columns=["id", "name"], schema_name="app"
        )
    assert written == 1
    [call] = conn.calls
    assert (call.method, call.parameters) == ("copy_records_to_table", [(1, "Ana")])
