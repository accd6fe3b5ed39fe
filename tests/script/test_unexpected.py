"""The message for a statement that nobody scripted, whole."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import re
import secrets
import threading
import uuid

import pytest

from tests.places import at, within
from understudy import ANY, FakeConnection, FakePool, PredicateFailed, UnexpectedStatement
from understudy.script.expectations import opened

USERS = "SELECT id, name FROM users WHERE"


async def test_nearest_of_several_rules() -> None:
    conn = FakeConnection()
    conn.on(f"{USERS} id = $1", 7).row(id=7, name="Ana").optional()  # rule
    conn.on("INSERT INTO users (name) VALUES ($1)").tag("INSERT 0 1").optional()
    conn.on("SELECT 1").value(1).optional()

    with pytest.raises(UnexpectedStatement) as caught:
        async with conn.transaction() as transaction:
            await transaction.fetch_row(f"{USERS}\n  email = $1 -- why", ("ann@x.io",))  # call

    assert (
        str(caught.value)
        == f"""\
fetch_row() matched no rule
  sql:    SELECT id, name FROM users WHERE email = $1
  params: ('ann@x.io',)    in: transaction #1    at: {within("call")}
Nearest of 3 rules:
  {at("rule")}  on("SELECT id, name FROM users WHERE id = $1", 7)
    sql     differs  ... FROM users WHERE [-id-]{{+email+}} = $1
    params  differs  [0] expected 7 (int), got 'ann@x.io' (str)
To allow it:
  conn.on("SELECT id, name FROM users WHERE email = $1", 'ann@x.io').row(...)"""
    )


async def test_no_rules_and_a_savepoint() -> None:
    conn = FakeConnection(strict=True)
    async with conn.transaction() as transaction:
        await transaction.create_savepoint("before")
        with pytest.raises(UnexpectedStatement) as caught:
            await transaction.fetch_val('SELECT "a"')  # call

    assert (
        str(caught.value)
        == f"""\
fetch_val() matched no rule
  sql:    SELECT "a"
  params: none    in: savepoint before of transaction #1    at: {within("call")}
No rules: nothing was scripted on this fake.
To allow it:
  conn.on('SELECT "a"').value(...)"""
    )


async def test_the_only_rule_is_used_up() -> None:
    pool = FakePool()
    pool.on("SELECT 1").value(1).times(1)  # rule
    async with pool.acquire() as conn:
        await conn.fetch("SELECT 1")
        with pytest.raises(UnexpectedStatement) as caught:
            await conn.fetch("SELECT 1")  # call

    assert (
        str(caught.value)
        == f"""\
fetch() matched no rule
  sql:    SELECT 1
  params: none    at: {within("call")}
Nearest of the only rule:
  {at("rule")}  on("SELECT 1")
    used up: answered 1 of 1
To allow it:
  pool.on("SELECT 1").rows(...)"""
    )


async def test_a_regular_expression() -> None:
    conn = FakeConnection()
    conn.on(re.compile(r"FROM (?P<table>\w+)"), ANY).rows().optional()  # rule
    with pytest.raises(UnexpectedStatement) as caught:
        await conn.execute("UPDATE users SET name = $1", ["x"])  # call

    assert (
        str(caught.value)
        == f"""\
execute() matched no rule
  sql:    UPDATE users SET name = $1
  params: ['x']    at: {within("call")}
Nearest of the only rule:
  {at("rule")}  on(re.compile('FROM (?P<table>\\\\w+)'), ANY)
    sql  differs  does not match 'FROM (?P<table>\\\\w+)'
To allow it:
  conn.on("UPDATE users SET name = $1", 'x').tag("UPDATE 1")"""
    )


async def test_a_regular_expression_whose_parameters_differ() -> None:
    conn = FakeConnection()
    conn.on(re.compile("FROM users"), 1).rows().optional()  # rule
    with pytest.raises(UnexpectedStatement) as caught:
        await conn.execute("SELECT 1 FROM users", [2])  # call

    assert (
        str(caught.value)
        == f"""\
execute() matched no rule
  sql:    SELECT 1 FROM users
  params: [2]    at: {within("call")}
Nearest of the only rule:
  {at("rule")}  on(re.compile('FROM users'), 1)
    params  differs  [0] expected 1 (int), got 2 (int)
To allow it:
  conn.on("SELECT 1 FROM users", 2).rows(...)"""
    )


def is_old(value: int) -> bool:
    return value > 60


async def test_every_way_in_which_parameters_differ() -> None:
    conn = FakeConnection()
    adult = functools.partial(max, 18)
    conn.on("SELECT $1, $2, $3", is_old, "x", adult, [1, 2]).optional()  # rule
    with pytest.raises(UnexpectedStatement) as caught:
        await conn.execute("SELECT $1, $2, $3", [40, "y", 1, (1, 3), 5])  # call

    assert (
        str(caught.value)
        == f"""\
execute() matched no rule
  sql:    SELECT $1, $2, $3
  params: [40, 'y', 1, (1, 3), 5]    at: {within("call")}
Nearest of the only rule:
  {at("rule")}  on("SELECT $1, $2, $3", is_old, 'x', {adult!r}, [1, 2])
    params  differs  expected 4 of them, got 5
    params  differs  [0] got 40 (int), which is_old refuses
    params  differs  [1] expected 'x' (str), got 'y' (str)
    params  differs  [3][1] expected 2 (int), got 3 (int)
To allow it:
  conn.on("SELECT $1, $2, $3", 40, 'y', 1, (1, 3), 5).rows(...)"""
    )


async def test_parameters_by_name() -> None:
    conn = FakeConnection()
    conn.on("SELECT $(a)p", {"a": 1, "b": is_old, "c": 3}).optional()  # rule
    with pytest.raises(UnexpectedStatement) as caught:
        await conn.execute("SELECT $(a)p", {"a": 2, "b": 5, "d": 4})  # call

    assert (
        str(caught.value)
        == f"""\
execute() matched no rule
  sql:    SELECT $(a)p
  params: {{'a': 2, 'b': 5, 'd': 4}}    at: {within("call")}
Nearest of the only rule:
  {at("rule")}  on("SELECT $(a)p", {{'a': 1, 'b': is_old, 'c': 3}})
    params  differs  c expected 3 (int), got nothing
    params  differs  d not expected, got 4 (int)
    params  differs  a expected 1 (int), got 2 (int)
    params  differs  b got 5 (int), which is_old refuses
To allow it:
  conn.on("SELECT $(a)p", {{'a': 2, 'b': 5, 'd': 4}}).rows(...)"""
    )


async def test_names_where_positions_were_expected() -> None:
    conn = FakeConnection()
    conn.on("SELECT $(a)p", 1).optional()  # rule
    with pytest.raises(UnexpectedStatement) as caught:
        await conn.fetch("SELECT $(a)p", {"a": 1})  # call

    assert (
        str(caught.value)
        == f"""\
fetch() matched no rule
  sql:    SELECT $(a)p
  params: {{'a': 1}}    at: {within("call")}
Nearest of the only rule:
  {at("rule")}  on("SELECT $(a)p", 1)
    params  differs  expected (1,) by position, got them by name: {{'a': 1}}
To allow it:
  conn.on("SELECT $(a)p", {{'a': 1}}).rows(...)"""
    )


async def test_positions_where_names_were_expected() -> None:
    conn = FakeConnection()
    conn.on("SELECT $(a)p", {"a": 1}).optional()  # rule
    with pytest.raises(UnexpectedStatement) as caught:
        await conn.fetch("SELECT $(a)p", [1])  # call

    assert (
        str(caught.value)
        == f"""\
fetch() matched no rule
  sql:    SELECT $(a)p
  params: [1]    at: {within("call")}
Nearest of the only rule:
  {at("rule")}  on("SELECT $(a)p", {{'a': 1}})
    params  differs  [0] expected {{'a': 1}} (dict), got 1 (int)
To allow it:
  conn.on("SELECT $(a)p", 1).rows(...)"""
    )


async def test_rows_of_execute_many() -> None:
    conn = FakeConnection()
    statement = "INSERT INTO users VALUES ($1, $2)"
    conn.on(statement, (1, "Ana"), (2, "Bia")).optional()  # rule
    with pytest.raises(UnexpectedStatement) as caught:
        await conn.execute_many(statement, [[1, "Ana"], [2, "Eva"]])  # call

    assert (
        str(caught.value)
        == f"""\
execute_many() matched no rule
  sql:    INSERT INTO users VALUES ($1, $2)
  params: [[1, 'Ana'], [2, 'Eva']]    at: {within("call")}
Nearest of the only rule:
  {at("rule")}  on("INSERT INTO users VALUES ($1, $2)", (1, 'Ana'), (2, 'Bia'))
    params  differs  [1][1] expected 'Bia' (str), got 'Eva' (str)
To allow it:
  conn.on("INSERT INTO users VALUES ($1, $2)", [1, 'Ana'], [2, 'Eva']).tag("INSERT 0 1")"""
    )


def rejects(value: object) -> bool:
    raise LookupError(f"no {value}")


async def test_a_predicate_that_raises() -> None:
    conn = FakeConnection()
    conn.on("SELECT $1", rejects).optional()  # rule
    with pytest.raises(PredicateFailed) as caught:
        await conn.fetch("SELECT $1", [7])  # call

    assert (
        str(caught.value)
        == f"""\
[0] the predicate rejects raised LookupError: no 7 on 7 (int)
  rule: {at("rule")}  on("SELECT $1", rejects)
  call: fetch("SELECT $1", [7]) at {within("call")}"""
    )
    assert isinstance(caught.value.__cause__, LookupError)


async def test_a_predicate_that_raises_while_the_nearest_rule_is_looked_for() -> None:
    conn = FakeConnection()
    conn.on("SELECT $1, 1", rejects).optional()  # rule
    with pytest.raises(UnexpectedStatement) as caught:
        await conn.fetch("SELECT $1", [7])  # call

    assert (
        str(caught.value)
        == f"""\
fetch() matched no rule
  sql:    SELECT $1
  params: [7]    at: {within("call")}
Nearest of the only rule:
  {at("rule")}  on("SELECT $1, 1", rejects)
    sql     differs  SELECT $1 [-, 1-]
    params  differs  [0] the predicate rejects raised LookupError: no 7 on 7 (int)
To allow it:
  conn.on("SELECT $1", 7).rows(...)"""
    )


async def test_a_long_value_is_cut_in_the_middle() -> None:
    conn = FakeConnection(strict=True)
    with pytest.raises(UnexpectedStatement) as caught:
        await conn.fetch("SELECT $1", ["x" * 1000])  # call

    params = "['" + "x" * 148 + " ... " + "x" * 148 + "'] (1004 characters)"
    pasted = "'" + "x" * 149 + " ... " + "x" * 149 + "' (1002 characters)"
    assert (
        str(caught.value)
        == f"""\
fetch() matched no rule
  sql:    SELECT $1
  params: {params}    at: {within("call")}
No rules: nothing was scripted on this fake.
To allow it:
  conn.on("SELECT $1", {pasted}).rows(...)"""
    )


async def test_a_call_through_wait_for_is_at_the_callers_line() -> None:
    conn = FakeConnection()

    async def use() -> None:
        async with asyncio.timeout(5):
            await conn.execute("SELECT 1")
        await asyncio.ensure_future(later())

    async def later() -> None:
        await conn.execute("SELECT 2")

    await use()
    assert [call.origin.code for call in conn.calls] == [use.__code__, later.__code__]


def test_a_call_that_is_a_thread_of_its_own() -> None:
    from understudy import dummy

    class Worker:
        def run(self) -> None: ...

    worker = dummy(Worker)
    worker.on("run")
    thread = threading.Thread(target=worker.run)
    thread.start()
    thread.join()
    assert worker.calls[0].origin.place == (
        "a task or thread of its own (Python does not tell who started it)"
    )


async def test_a_call_that_is_a_task_of_its_own() -> None:
    conn = FakeConnection(strict=True)
    with opened() as book:
        [failure] = await asyncio.gather(conn.execute("DELETE FROM users"), return_exceptions=True)

    assert book.failures == [failure]
    assert (
        str(failure)
        == """\
execute() matched no rule
  sql:    DELETE FROM users
  params: none    at: a task or thread of its own (Python does not tell who started it)
No rules: nothing was scripted on this fake.
To allow it:
  conn.on("DELETE FROM users").tag("DELETE 1")"""
    )


GENERATED = [
    uuid.uuid4(),
    uuid.uuid1(),
    str(uuid.uuid4()),
    uuid.uuid4().hex.upper(),
    secrets.token_hex(16) + "0a",
    dt.datetime(2030, 1, 2, 3, 4, 5, 678_901),
    "2030-01-02T03:04:05.678901+00:00",
]
WRITTEN = [
    uuid.UUID("00000000-0000-4000-8000-000000000001"),
    uuid.UUID("12345678-1234-5678-1234-567812345678"),
    "11111111-1111-4111-8111-111111111111",
    dt.datetime(2030, 1, 2, 3, 4, 5),
    "2030-01-02T03:04:05",
    "deadbeef",
    "Ana",
    7,
    None,
]


@pytest.mark.parametrize("value", GENERATED, ids=range(len(GENERATED)))
async def test_a_value_that_differs_in_every_run_is_any(value: object) -> None:
    conn = FakeConnection(strict=True)
    with pytest.raises(UnexpectedStatement) as caught:
        await conn.execute("SELECT $1, $2, $3", [1, value, [(value, "x")]])
    assert str(caught.value).endswith(
        "To allow it: (from understudy import ANY)\n"
        """  conn.on("SELECT $1, $2, $3", 1, ANY, [(ANY, 'x')]).rows(...)"""
    )


@pytest.mark.parametrize("value", WRITTEN, ids=range(len(WRITTEN)))
async def test_a_value_that_a_person_writes_is_itself(value: object) -> None:
    conn = FakeConnection(strict=True)
    with pytest.raises(UnexpectedStatement) as caught:
        await conn.execute("SELECT $1", [value])
    assert str(caught.value).endswith(f'To allow it:\n  conn.on("SELECT $1", {value!r}).rows(...)')
