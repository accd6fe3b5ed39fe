"""What a test is told at its end: answers left over, transactions left open."""

from __future__ import annotations

import pytest

from tests.places import at, within
from understudy import FakeConnection, TransactionLeftOpen, UnusedAnswers
from understudy.script.expectations import PhaseState, opened


def told(book: PhaseState, kind: type[Exception] = UnusedAnswers) -> str:
    [failure] = book.verify()
    assert type(failure) is kind
    assert book.verify() == []
    return str(failure)


async def test_never_called() -> None:
    with opened() as book:
        conn = FakeConnection()
        conn.on("SELECT 1").value(1)  # rule

    assert (
        told(book)
        == f"""\
a rule was never used
  {at("rule")}  on("SELECT 1")
  the fake was never called
If it need not happen, say so with .optional()."""
    )


async def test_called_with_something_else() -> None:
    with opened() as book:
        conn = FakeConnection()
        conn.on("UPDATE users SET name = $1", "Ana").tag("UPDATE 1")  # rule
        conn.execute_return = []
        await conn.execute("UPDATE users SET name = $1", ["Eva"])  # call

    assert (
        told(book)
        == f"""\
a rule was never used
  {at("rule")}  on("UPDATE users SET name = $1", 'Ana')
Nearest of 1 call:
  execute("UPDATE users SET name = $1", ['Eva']) at {within("call")}
    params  differs  [0] expected 'Ana' (str), got 'Eva' (str)
If it need not happen, say so with .optional()."""
    )


async def test_the_nearest_of_several_calls() -> None:
    with opened() as book:
        conn = FakeConnection(strict=False)
        conn.on("DELETE FROM users WHERE id = $1", 1)  # rule
        await conn.fetch("SELECT 1")
        await conn.execute("DELETE FROM users WHERE name = $1", ["Ana"])  # call

    assert (
        told(book)
        == f"""\
a rule was never used
  {at("rule")}  on("DELETE FROM users WHERE id = $1", 1)
Nearest of 2 calls:
  execute("DELETE FROM users WHERE name = $1", ['Ana']) at {within("call")}
    sql     differs  DELETE FROM users WHERE [-id-]{{+name+}} = $1
    params  differs  [0] expected 1 (int), got 'Ana' (str)
If it need not happen, say so with .optional()."""
    )


async def test_a_later_rule_answered() -> None:
    with opened() as book:
        conn = FakeConnection()
        conn.on("SELECT ...").value(1)  # first
        conn.on("SELECT 1").value(2)  # second
        assert await conn.fetch_val("SELECT 1") == 2

    assert (
        told(book)
        == f"""\
a rule was never used
  {at("first")}  on("SELECT ...")
  a later rule answered for it:
    {at("second")}  on("SELECT 1")
If it need not happen, say so with .optional()."""
    )


async def test_a_call_that_came_before_the_rule() -> None:
    with opened() as book:
        conn = FakeConnection()
        await conn.fetch("SELECT 1")  # call
        conn.on("SELECT 1").value(1)  # rule

    assert (
        told(book)
        == f"""\
a rule was never used
  {at("rule")}  on("SELECT 1")
  a call that fits was not answered by it: it came before the rule, or
  was refused (a closed connection, an aborted transaction)
    fetch("SELECT 1") at {within("call")}
If it need not happen, say so with .optional()."""
    )


@pytest.mark.parametrize(("calls", "said"), [(1, "1 of 3"), (2, "2 of 3")])
async def test_answers_left_over(calls: int, said: str) -> None:
    with opened() as book:
        conn = FakeConnection()
        conn.on("SELECT 1").value(1).then.value(2).times(2)  # rule
        for _ in range(calls):
            await conn.fetch("SELECT 1")

    assert (
        told(book)
        == f"""\
a rule still has answers: it answered {said}
  {at("rule")}  on("SELECT 1")
If it need not happen, say so with .optional()."""
    )


@pytest.mark.parametrize(("calls", "said"), [(0, "no call"), (1, "1 call"), (2, "2 calls")])
async def test_a_transaction_left_open(calls: int, said: str) -> None:
    with opened() as book:
        conn = FakeConnection(strict=True)
        conn.execute_return = []
        transaction = conn.transaction()
        await transaction.begin()  # begin
        for _ in range(calls):
            await transaction.execute("SELECT 1")

    assert (
        told(book, TransactionLeftOpen)
        == f"""\
transaction #1 was never ended ({said} in it)
  begun at: {within("begin")}
Commit it, roll it back, or use `async with conn.transaction()`."""
    )


async def test_a_transaction_left_open_is_no_matter_of_a_lenient_fake() -> None:
    with opened() as book:
        for conn in (FakeConnection(), FakeConnection(strict=False)):
            await conn.transaction().begin()
    assert book.verify() == []


async def test_a_transaction_left_open_before_the_first_rule() -> None:
    with opened() as book:
        conn = FakeConnection()
        await conn.transaction().begin()
        conn.on("SELECT 1").optional()
    assert [type(failure) for failure in book.verify()] == [TransactionLeftOpen]


async def test_what_is_met_or_optional_is_not_told() -> None:
    with opened() as book:
        conn = FakeConnection()
        conn.on("SELECT 1").value(1)
        conn.on("SELECT 2").value(2).value(3).optional()
        conn.on("SELECT 3").value(2).times(2)
        await conn.fetch("SELECT 1")
        await conn.fetch("SELECT 1")
        await conn.fetch("SELECT 3")
        await conn.fetch("SELECT 3")
    assert book.verify() == []
