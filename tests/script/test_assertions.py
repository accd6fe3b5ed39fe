"""Assertions on the call log."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.places import within
from understudy import ANY, CallNotFound, FakeConnection, FakePool, ScriptError

INSERT = "INSERT INTO users (name) VALUES ($1)"


async def called(*names: str) -> FakeConnection:
    conn = FakeConnection()
    for name in names:
        await conn.execute(INSERT, [name])
    return conn


async def test_what_was_called() -> None:
    conn = await called("Ana", "Bia")
    conn.assert_called(INSERT)
    conn.assert_called(f"{INSERT} ; -- again", times=2)
    conn.assert_called("INSERT INTO ...", "Ana", times=1)
    conn.assert_called(re.compile(r"INTO \w+"), ANY, times=2)
    conn.assert_called(INSERT, lambda name: name.startswith("B"), times=1)
    conn.assert_called("DELETE ...", times=0)
    assert [call.parameters for call in conn.calls] == [["Ana"], ["Bia"]]
    assert conn.calls[0].sql == INSERT


async def test_a_pools_calls_are_those_of_its_connections() -> None:
    pool = FakePool()
    async with pool.acquire() as conn:
        await conn.fetch("SELECT 1")
    pool.assert_called("SELECT 1", times=1)
    conn.assert_called("SELECT 1", times=1)
    assert [call.sql for call in pool.calls] == ["SELECT 1"]


def refused(conn: FakeConnection, *args: Any, times: int | None = None) -> str:
    with pytest.raises(CallNotFound) as caught:
        conn.assert_called(*args, times=times)
    return str(caught.value)


async def test_no_calls_at_all() -> None:
    assert (
        refused(await called(), "SELECT 1")
        == """\
expected to be called at least once, but it never was
  expected: on("SELECT 1")
There were no calls at all."""
    )


async def test_the_only_call_differs() -> None:
    conn = FakeConnection()
    await conn.execute(INSERT, ["Eva"])  # call

    assert (
        refused(conn, INSERT, "Ana", times=1)
        == f"""\
expected to be called once, but it never was
  expected: on("INSERT INTO users (name) VALUES ($1)", 'Ana')
Nearest of the only call:
  execute("INSERT INTO users (name) VALUES ($1)", ['Eva']) at {within("call")}
    params  differs  [0] expected 'Ana' (str), got 'Eva' (str)"""
    )


async def test_the_nearest_of_several_calls() -> None:
    conn = FakeConnection()
    await conn.fetch("SELECT 1")
    await conn.execute(INSERT, ["Eva"])  # call

    assert (
        refused(conn, "INSERT INTO roles (name) VALUES ($1)", times=3)
        == f"""\
expected to be called 3 times, but it never was
  expected: on("INSERT INTO roles (name) VALUES ($1)")
Nearest of 2 calls:
  execute("INSERT INTO users (name) VALUES ($1)", ['Eva']) at {within("call")}
    sql  differs  INSERT INTO [-roles-]{{+users+}} (name) ..."""
    )


async def test_called_although_it_should_not_be() -> None:
    conn = FakeConnection()
    await conn.execute(INSERT, ["Ana"])  # call

    assert (
        refused(conn, INSERT, times=0)
        == f"""\
expected to be called never, but it was once
  expected: on("INSERT INTO users (name) VALUES ($1)")
Matching calls:
  1. execute("INSERT INTO users (name) VALUES ($1)", ['Ana']) at {within("call")}"""
    )


async def test_called_too_often() -> None:
    conn = FakeConnection()
    for number in range(7):
        await conn.fetch("SELECT $1", [number])  # call

    place = within("call")
    assert (
        refused(conn, "SELECT $1", times=2)
        == f"""\
expected to be called 2 times, but it was 7 times
  expected: on("SELECT $1")
Matching calls:
  1. fetch("SELECT $1", [0]) at {place}
  2. fetch("SELECT $1", [1]) at {place}
  3. fetch("SELECT $1", [2]) at {place}
  4. fetch("SELECT $1", [3]) at {place}
  5. fetch("SELECT $1", [4]) at {place}
  ... and 2 more"""
    )


@pytest.mark.parametrize(
    ("times", "shown"), [(-1, "-1 (int)"), ("2", "'2' (str)"), (True, "True (bool)")]
)
async def test_a_number_that_cannot_be(times: Any, shown: str) -> None:
    with pytest.raises(ScriptError) as caught:
        FakeConnection().assert_called("SELECT 1", times=times)
    assert str(caught.value) == (
        f"assert_called() takes times as a whole number from 0, got {shown}"
    )


async def test_a_call_shows_itself() -> None:
    conn = FakeConnection()
    await conn.fetch("SELECT\n 1")  # call
    assert repr(conn.calls[0]) == f'<fetch("SELECT 1") at {within("call")}>'


async def test_a_transaction_shows_itself() -> None:
    conn = FakeConnection()
    async with conn.transaction() as transaction:
        await transaction.create_savepoint("before")
    [record] = conn.transactions
    assert repr([record, *record.children]) == (
        "[<transaction #1: committed>, <savepoint before of transaction #1: committed>]"
    )
