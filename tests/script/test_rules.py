"""Which rule answers, with which of its answers, and how often."""

from __future__ import annotations

import asyncio
import math
import re
from decimal import Decimal
from typing import Any

import pytest
from dirty_equals import IsPositiveInt, IsStr

from tests.effort import record_sleeps
from understudy import (
    ANY,
    AnswerImpossible,
    FakeConnection,
    PredicateFailed,
    ScriptError,
    UnexpectedStatement,
    UnusedAnswers,
    db_error,
)
from understudy.script.calls import Call
from understudy.script.expectations import opened

ONE = "SELECT 1"


async def values(conn: FakeConnection, count: int, statement: str = ONE) -> list[Any]:
    return [await conn.fetch_val(statement) for _ in range(count)]


async def test_one_answer_repeats() -> None:
    conn = FakeConnection()
    conn.on(ONE).value(7)
    assert await values(conn, 3) == [7, 7, 7]


async def test_several_answers_are_used_once_each_in_order() -> None:
    conn = FakeConnection()
    conn.on(ONE).value(1).then.value(2).times(2).then.value(3)
    assert await values(conn, 4) == [1, 2, 2, 3]
    with pytest.raises(UnexpectedStatement):
        await conn.fetch_val(ONE)


async def test_times_limits_an_only_answer() -> None:
    conn = FakeConnection()
    conn.on(ONE).value(1).times(2)
    assert await values(conn, 2) == [1, 1]
    with pytest.raises(UnexpectedStatement):
        await conn.fetch_val(ONE)


async def test_times_without_an_answer_is_that_often_no_rows() -> None:
    conn = FakeConnection()
    conn.on(ONE).times(2)
    assert (await conn.fetch(ONE)).result() == []
    assert (await conn.execute(ONE)).result() == []
    with pytest.raises(UnexpectedStatement):
        await conn.fetch(ONE)


async def test_a_rule_without_a_verb_succeeds_without_rows() -> None:
    conn = FakeConnection()
    rule = conn.on("DELETE FROM users")
    record = await conn.execute("DELETE FROM users")
    assert (record.result(), record.rowcount) == ([], 0)
    assert (rule.used, rule.satisfied) == (1, True)


async def test_the_latest_rule_that_fits_answers() -> None:
    conn = FakeConnection()
    conn.on("SELECT $1").value("any")
    conn.on("SELECT $1", 7).value("seven")
    assert await conn.fetch_val("SELECT $1", [7]) == "seven"
    assert await conn.fetch_val("SELECT $1", [8]) == "any"


async def test_an_exhausted_rule_leaves_the_call_to_an_older_one() -> None:
    conn = FakeConnection()
    conn.on(ONE).value("always")
    conn.on(ONE).value("first").value("second")
    assert await values(conn, 4) == ["first", "second", "always", "always"]


async def test_an_error_then_success() -> None:
    conn = FakeConnection()
    conn.on("UPDATE jobs SET n = 1").raises(db_error("40001")).then.tag("UPDATE 1")
    with pytest.raises(Exception, match="could not serialize access"):
        await conn.execute("UPDATE jobs SET n = 1")
    assert (await conn.execute("UPDATE jobs SET n = 1")).rowcount == 1


async def test_a_class_is_raised_as_a_new_instance() -> None:
    conn = FakeConnection()
    conn.on(ONE).raises(LookupError)
    with pytest.raises(LookupError) as first:
        await conn.fetch(ONE)
    with pytest.raises(LookupError) as second:
        await conn.fetch(ONE)
    assert first.value is not second.value


async def test_an_instance_is_raised_each_time_without_its_old_traceback() -> None:
    conn = FakeConnection()
    conn.on(ONE).raises(LookupError("x"))
    depths = []
    for _ in range(3):
        with pytest.raises(LookupError) as caught:
            await conn.fetch(ONE)
        depths.append(len(caught.traceback))
    assert len(set(depths)) == 1


async def test_a_cancellation_can_be_scripted() -> None:
    conn = FakeConnection()
    conn.on(ONE).raises(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await conn.fetch(ONE)


async def test_a_delay_is_for_the_next_answer_only(monkeypatch: pytest.MonkeyPatch) -> None:
    conn = FakeConnection()
    conn.on(ONE).delay(0.05).value(1).value(2)
    slept = record_sleeps(monkeypatch)
    assert await conn.fetch_val(ONE) == 1
    assert slept == [0.05]
    assert await conn.fetch_val(ONE) == 2
    assert slept == [0.05]


async def test_a_hanging_call_waits_until_it_is_cancelled() -> None:
    conn = FakeConnection()
    conn.on(ONE).hangs().then.value(2)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await conn.fetch(ONE)
    assert await conn.fetch_val(ONE) == 2


async def test_a_dropped_connection_stays_dropped() -> None:
    conn = FakeConnection()
    conn.on(ONE).drops()
    conn.on("SELECT 2").value(2).optional()
    for statement in (ONE, "SELECT 2"):
        with pytest.raises(Exception, match="connection closed"):
            await conn.fetch(statement)


@pytest.mark.parametrize(
    ("returned", "rows", "count"),
    [
        (None, [], 0),
        ({"id": 1}, [{"id": 1}], 1),
        ([{"id": 1}, {"id": 2}], [{"id": 1}, {"id": 2}], 2),
        (({"id": 1},), [{"id": 1}], 1),
        ([], [], 0),
        (5, [{"?column?": 5}], 1),
        ("text", [{"?column?": "text"}], 1),
        ([1, 2], [{"?column?": [1, 2]}], 1),
    ],
)
async def test_what_a_function_may_return(returned: Any, rows: Any, count: int) -> None:
    conn = FakeConnection()
    conn.on(ONE)(lambda call: returned)

    async def later(call: Call) -> Any:
        await asyncio.sleep(0)
        return returned

    conn.on("SELECT 2")(later)
    for statement in (ONE, "SELECT 2"):
        record = await conn.fetch(statement)
        assert (record.result(), record.rowcount) == (rows, count)


async def test_a_function_is_told_the_call_and_the_named_groups() -> None:
    conn = FakeConnection()

    @conn.on(re.compile(r"FROM (?P<table>\w+)(?: LIMIT (?P<limit>\d+))?", re.I))
    def answer(call: Call, table: str, limit: str | None) -> dict[str, Any]:
        return {"table": table, "limit": limit, "method": call.method, "given": call.parameters}

    row = (await conn.fetch_row("select 1 -- all\n from users", [4])).result()
    assert row == {"table": "users", "limit": None, "method": "fetch_row", "given": [4]}
    assert answer.__name__ == "answer"


async def test_a_function_that_raises_raises() -> None:
    conn = FakeConnection()

    @conn.on(ONE)
    def fail(call: Call) -> None:
        raise LookupError(call.sql)

    with pytest.raises(LookupError, match="SELECT 1"):
        await conn.fetch(ONE)


async def test_a_function_whose_rows_make_no_sense() -> None:
    conn = FakeConnection()
    conn.on(ONE)(lambda call: [{"id": 1}, {"name": 2}])
    with pytest.raises(AnswerImpossible, match="all rows of a result have the same columns"):
        await conn.fetch(ONE)


async def test_rows_are_given_as_arguments_or_as_one_iterable() -> None:
    conn = FakeConnection()
    row = {"id": 1}
    conn.on("SELECT 1").rows(row, row)
    conn.on("SELECT 2").rows([row, row])
    conn.on("SELECT 3").rows(dict(row) for _ in range(2))
    conn.on("SELECT 4").rows(row)
    conn.on("SELECT 5").row(row, name="Ana")
    found = [(await conn.fetch(f"SELECT {number}")).result() for number in range(1, 6)]
    assert found == [[row, row], [row, row], [row, row], [row], [{"id": 1, "name": "Ana"}]]


async def test_a_tuple_of_arrays_is_a_row() -> None:
    conn = FakeConnection()
    one, two = (["a", "b"],), (["c"], ["d"])
    conn.on("SELECT tags").rows(one)
    conn.on("SELECT a, b").rows(two)
    conn.on("SELECT b").rows((one, one), columns=["b"])
    conn.on("SELECT c").rows([["x"], ["y"]], columns=["c"])
    found = [
        (await conn.fetch(statement)).result(as_tuple=True)
        for statement in ("SELECT tags", "SELECT a, b", "SELECT b", "SELECT c")
    ]
    assert found == [[one], [two], [one, one], [("x",), ("y",)]]


@pytest.mark.parametrize("nan", [math.nan, Decimal("NaN")])
async def test_nan_is_nan(nan: float | Decimal) -> None:
    conn = FakeConnection()
    conn.on("SELECT $1", nan).value("found")
    conn.on("SELECT $1", [nan, 1]).value("in an array")
    other = type(nan)(str(nan))
    assert await conn.fetch_val("SELECT $1", [other]) == "found"
    assert await conn.fetch_val("SELECT $1", [[other, 1]]) == "in an array"


async def test_what_a_parameter_may_be_compared_with() -> None:
    conn = FakeConnection()
    conn.on("SELECT $1", ANY).value("any")
    conn.on("SELECT $1", IsStr(regex="A.*")).value("dirty")
    conn.on("SELECT $1", IsPositiveInt).value("class")
    conn.on("SELECT $1", lambda value: value in (10, 20)).value("predicate")
    found = [await conn.fetch_val("SELECT $1", [each]) for each in (10, 3, "Ana", None)]
    assert found == ["predicate", "class", "dirty", "any"]


async def test_parameters_of_other_numbers_do_not_fit() -> None:
    conn = FakeConnection()
    conn.on("SELECT $1, $2", 1, 2).optional()
    for given in ([1], [1, 2, 3], None, [], (2, 1)):
        with pytest.raises(UnexpectedStatement):
            await conn.fetch("SELECT $1, $2", given)
    assert (await conn.fetch("SELECT $1, $2", (1, 2))).result() == []


async def test_parameters_by_name() -> None:
    conn = FakeConnection()
    conn.on("SELECT $(a)p", {"a": ANY, "b": IsPositiveInt()}).value(1)
    assert await conn.fetch_val("SELECT $(a)p", {"b": 2, "a": 0}) == 1
    with pytest.raises(UnexpectedStatement):
        await conn.fetch_val("SELECT $(a)p", {"b": -2, "a": 0})


async def test_a_mapping_as_the_only_parameter_by_position() -> None:
    conn = FakeConnection()
    conn.on("INSERT INTO audit (data) VALUES ($1)", {"a": 1}).tag("INSERT 0 1")
    assert (await conn.execute("INSERT INTO audit (data) VALUES ($1)", [{"a": 1}])).rowcount == 1


async def test_a_predicate_inside_rows_of_execute_many() -> None:
    conn = FakeConnection()
    conn.on("INSERT ... VALUES ...", (1, str.isalpha), [ANY, "Bia"]).tag("INSERT 0 2")
    rows = [[1, "Ana"], (2, "Bia")]
    assert (await conn.execute_many("INSERT INTO u VALUES ($1, $2)", rows)).rowcount == 2


async def test_a_predicate_that_raises_cannot_be_hidden() -> None:
    conn = FakeConnection()
    conn.on("SELECT $1", lambda value: value.missing).optional()
    with opened() as book, pytest.raises(PredicateFailed) as caught:
        await conn.fetch("SELECT $1", [7])
    assert book.failures == [caught.value]
    assert isinstance(caught.value.__cause__, AttributeError)


async def test_a_value_whose_comparison_raises_says_so() -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise LookupError("no comparison")

    conn = FakeConnection()
    conn.on("SELECT $1", 7).optional()
    with pytest.raises(LookupError, match="no comparison"):
        await conn.fetch("SELECT $1", [Odd()])


async def test_a_rule_says_what_it_has_answered() -> None:
    with opened() as book:
        conn = FakeConnection()
        rule = conn.on(ONE).value(1).value(2)
        await conn.fetch(ONE)
        assert (rule.used, rule.total, rule.satisfied) == (1, 2, False)
        assert conn.calls[0].rule is rule
    assert [type(failure) for failure in book.verify()] == [UnusedAnswers]


async def test_a_statement_is_compared_without_regard_to_its_layout() -> None:
    conn = FakeConnection()
    conn.on("SELECT id FROM users WHERE id = $1").value(1)
    assert await conn.fetch_val("\n SELECT id -- key\n FROM users /* all */ WHERE id=$1 ;") == 1


async def test_a_wildcard() -> None:
    conn = FakeConnection()
    conn.on("SELECT ... FROM users ...").value(1)
    assert await conn.fetch_val("SELECT id, name FROM users") == 1
    assert await conn.fetch_val("SELECT 1 FROM users WHERE id = $1") == 1
    with pytest.raises(UnexpectedStatement):
        await conn.fetch_val("SELECT 1 FROM roles")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("middle",),
            "drops() takes one of 'before', 'during', 'after', got 'middle'",
        ),
        (
            ("before", {"id": 1}),
            "drops('before') was given rows, and none arrives: "
            "give them to drops('during', ...), which loses the connection after them",
        ),
        (
            ("after",),
            "drops('after') needs bytes in transit, and a fake has none: "
            "write .drops(), or use the fixture fake_postgres",
        ),
    ],
)
def test_what_a_fake_cannot_lose_is_refused_where_it_is_written(
    arguments: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(ScriptError) as raised:
        FakeConnection().on(ONE).optional().drops(*arguments)

    assert str(raised.value) == message
