"""An answer beside what its statement returns: every difference, and how it is told."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from tests.catalog.describers import catalog_of
from tests.catalog.test_checks import placed, using
from understudy import AnswerImpossible, FakeConnection, FakeRecord
from understudy.catalog.checks import Checker
from understudy.catalog.description import Column, Description, ParsedOnly
from understudy.script import expectations

SELECT = "SELECT id, name, born FROM users"
COUNT = "SELECT count(*) FROM users"
INSERT = "INSERT INTO users DEFAULT VALUES"
RETURNING = "INSERT INTO users DEFAULT VALUES RETURNING id"
VALUES = "VALUES (1)"
NOTHING = "SELECT FROM users"
TWICE = "SELECT id, id FROM users"
WIDE = "SELECT * FROM wide"
ID = Column("id", "integer", "users.id", "not null")
COLUMNS = (
    ID,
    Column("name", "text", "users.name", "nullable"),
    Column("born", "date", None, "unknown"),
)
SAYS = {
    SELECT: Description("SELECT", (), COLUMNS, ("users",), ()),
    COUNT: Description("SELECT", (), (Column("count", "bigint", None, "not null"),), (), ()),
    INSERT: Description("INSERT", (), (), ("users",), ()),
    RETURNING: Description("INSERT", (), (ID,), ("users",), ()),
    VALUES: Description("VALUES", (), (Column("column1", "integer", None, "nullable"),), (), ()),
    NOTHING: Description("SELECT", (), (), (), ()),
    TWICE: Description("SELECT", (), (Column("id", "text", None, "unknown"), ID), (), ()),
    WIDE: Description(
        "SELECT", (), tuple(Column(f"c{n}", "integer", None, "unknown") for n in range(20)), (), ()
    ),
    "LISTEN x": ParsedOnly("LISTEN"),
}
BORN = dt.date(1990, 1, 2)
ROW = {"id": 7, "name": "Ana", "born": BORN}


@pytest.fixture
def conn() -> Iterator[FakeConnection]:
    for _ in using(Checker(catalog_of(SAYS))):
        yield FakeConnection(strict=False)


async def answered(conn: FakeConnection, method: str, statement: str) -> str:
    """Call, and return what is said of the answer; nothing where it could be."""
    with expectations.opened() as owed, contextlib.suppress(AnswerImpossible):
        if method == "execute_many":
            await conn.execute_many(statement, [[]])
        else:
            await getattr(conn, method)(statement)
    return placed("\n\n".join(map(str, owed.failures)))


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        (SELECT, ROW),
        (SELECT, {"born": None, "name": None, "id": 7}),
        (COUNT, {"count": 3}),
        (RETURNING, {"id": 1}),
        (VALUES, {"column1": None}),
        ("LISTEN x", {"anything": object()}),
    ],
)
async def test_rows_that_could_be(
    conn: FakeConnection, statement: str, row: dict[str, Any]
) -> None:
    conn.on(statement).row(**row)
    for method in ("execute", "fetch", "fetch_row"):
        assert await answered(conn, method, statement) == ""


async def test_a_mapping_is_no_row_with_two_columns_of_one_name(conn: FakeConnection) -> None:
    conn.on(TWICE).row(id=1)
    assert await answered(conn, "fetch", TWICE) == (
        "the statement could not return this: it has 2 columns named 'id', and a mapping has one "
        f'value for them\n  sql: {TWICE}\n  at:  HERE\n  answered by: RULE  on("{TWICE}")\n'
        "Give the values in the order of the columns:\n  .row((1, 1))  # id, id"
    )
    conn.on(TWICE).rows({"id": 1}, {"id": 2})
    assert (await answered(conn, "fetch", TWICE)).endswith("\n  .rows((1, 1), ...)  # id, id")


@pytest.mark.parametrize(
    ("row", "table"),
    [
        ((1, "Ana", None), ""),
        ((1, "Ana"), "  ! -            born date"),
        ((1, "Ana", None, 2), "  ! 2 (int)      -"),
        (("1", "Ana", None), "  ! '1' (str)    id integer, never NULL"),
        ((None, "Ana", None), "  ! None         id integer, never NULL"),
    ],
)
async def test_values_in_order(conn: FakeConnection, row: tuple[Any, ...], table: str) -> None:
    conn.on(SELECT).row(row)

    told = await answered(conn, "fetch", SELECT)

    assert (table in told.splitlines()) if table else told == "", told


async def test_columns_that_the_test_names(conn: FakeConnection) -> None:
    conn.on(SELECT).rows(columns=["id", "name", "born"])
    assert await answered(conn, "fetch", SELECT) == ""
    conn.on(SELECT).rows(columns=["id", "name"])
    assert "it returns the columns id, name, born, and the answer has id, name" in (
        await answered(conn, "fetch", SELECT)
    )


@pytest.mark.parametrize(
    ("statement", "value"), [(SELECT, 7), (COUNT, 3), (VALUES, None), (TWICE, "7")]
)
async def test_values_that_could_be(conn: FakeConnection, statement: str, value: Any) -> None:
    conn.on(statement).value(value)
    assert await answered(conn, "fetch_val", statement) == ""
    conn.fetch_val_return = value
    assert await answered(conn, "fetch_val", f"{statement} ") == ""


@pytest.mark.parametrize(
    ("statement", "tag", "method"),
    [
        (INSERT, "INSERT 0 1", "execute"),
        (RETURNING, "INSERT 0 0", "execute"),
        (RETURNING, "INSERT 0 3", "execute_many"),
        (SELECT, "SELECT 0", "fetch"),
        (VALUES, "SELECT 0", "fetch"),
        (VALUES, "SELECT", "fetch"),
    ],
)
async def test_tags_that_could_be(
    conn: FakeConnection, statement: str, tag: str, method: str
) -> None:
    conn.on(statement).tag(tag)
    assert await answered(conn, method, statement) == ""


class Name(str):
    """What a test may put into a row, and a driver's string is as good as."""


class Number(int):
    """The same of a number."""


async def test_values_that_need_a_closer_look(conn: FakeConnection) -> None:
    conn.on(SELECT).row(id=7, name=Name("Ana"), born=BORN)
    conn.on(VALUES).value(Number(7))
    assert await answered(conn, "fetch", SELECT) == ""
    assert await answered(conn, "fetch_val", VALUES) == ""


async def test_no_rows_could_always_be(conn: FakeConnection) -> None:
    conn.on(SELECT).rows()
    conn.on(INSERT).rows()
    assert await answered(conn, "fetch", SELECT) == ""
    assert await answered(conn, "execute", INSERT) == ""


async def test_execute_many_returns_no_rows_whatever_was_scripted(conn: FakeConnection) -> None:
    conn.on(RETURNING).row(nonsense=1)
    assert await answered(conn, "execute_many", RETURNING) == ""


async def test_the_two_side_by_side(conn: FakeConnection) -> None:
    conn.on(SELECT).row(id=None, name=7, nmae="Ana")
    assert await answered(conn, "fetch", SELECT) == (
        "the statement could not return this: 4 columns differ\n"
        "    scripted            the statement returns\n"
        "  ! id = None           id integer, never NULL\n"
        "      users.id is never NULL here\n"
        "  ! name = 7 (int)      name text\n"
        "      psqlpy never answers 7 (int) for text: it answers str\n"
        "  ! -                   born date\n"
        "  ! nmae = 'Ana' (str)  -\n"
        f"  sql: {SELECT}\n"
        "  at:  HERE\n"
        f'  answered by: RULE  on("{SELECT}")'
    )


async def test_the_row_that_is_wrong_is_named(conn: FakeConnection) -> None:
    conn.on(COUNT).rows({"count": 1}, {"count": None})
    assert await answered(conn, "fetch", COUNT) == (
        "the statement could not return this: 1 column differs in row 2 of 2\n"
        "    scripted      the statement returns\n"
        "  ! count = None  count bigint, never NULL\n"
        "      count is never NULL here\n"
        f"  sql: {COUNT}\n"
        "  at:  HERE\n"
        f'  answered by: RULE  on("{COUNT}")'
    )


@pytest.mark.parametrize(
    ("missing", "left"), [(1, "19 other columns fit"), (19, "1 other column fits")]
)
async def test_of_a_wide_row_only_what_differs_is_shown(
    conn: FakeConnection, missing: int, left: str
) -> None:
    conn.on(WIDE).row(**{f"c{n}": 1 for n in range(missing, 20)})
    lines = (await answered(conn, "fetch", WIDE)).splitlines()
    assert lines[1:-4] == [
        "    scripted  the statement returns",
        *(f"  ! -         c{n} integer" for n in range(missing)),
        f"    ({left})",
    ]
    assert lines[-1] == "A rule can make up the other columns: .filled_row(...)"


async def test_of_several_rows_the_missing_columns_can_be_made_up_too(conn: FakeConnection) -> None:
    conn.on(SELECT).rows({"id": 7}, {"id": 8})
    message = await answered(conn, "fetch", SELECT)
    assert message.endswith("\nA rule can make up the other columns: .filled_rows(...)")


async def test_a_tuple_cannot_be_filled_up(conn: FakeConnection) -> None:
    conn.on(SELECT).rows([(7, "Ana")])
    message = await answered(conn, "fetch", SELECT)
    assert message.startswith("the statement could not return this")
    assert "make up" not in message


async def test_of_a_wide_row_of_which_nothing_fits_all_is_shown(conn: FakeConnection) -> None:
    conn.on(WIDE).row(x=1)
    lines = (await answered(conn, "fetch", WIDE)).splitlines()
    assert lines[0] == "the statement could not return this: 21 columns differ"
    assert len(lines[2:-3]) == 21


async def test_a_long_value_is_cut(conn: FakeConnection) -> None:
    conn.on(COUNT).row(count="x" * 100_000)
    assert len(await answered(conn, "fetch", COUNT)) < 3_000


@pytest.mark.parametrize(
    ("statement", "command"),
    [(INSERT, "INSERT returns no rows (it has no RETURNING)"), (NOTHING, "SELECT returns no rows")],
)
async def test_rows_of_a_statement_that_returns_none(
    conn: FakeConnection, statement: str, command: str
) -> None:
    expected = (
        f"the statement could not return this: this {command}\n  sql: {statement}\n  at:  HERE"
    )
    by_rule = f'{expected}\n  answered by: RULE  on("{statement}")'
    conn.on(statement).row(id=1)
    assert await answered(conn, "fetch", statement) == by_rule
    conn.on(statement).value(1)
    assert await answered(conn, "fetch_val", statement) == by_rule
    plain = FakeConnection()
    plain.execute_return, plain.fetch_val_return = [{"id": 1}], 1
    assert await answered(plain, "execute", statement) == expected
    assert await answered(plain, "fetch_val", statement) == expected


async def test_a_value_is_one_of_the_first_column(conn: FakeConnection) -> None:
    conn.on(SELECT).value("7")
    assert await answered(conn, "fetch_val", SELECT) == (
        "the statement could not return this: 1 column differs\n"
        "    scripted   the statement returns\n"
        "  ! '7' (str)  id integer, never NULL\n"
        "      psqlpy never answers '7' (str) for integer: it answers int\n"
        f"  sql: {SELECT}\n"
        "  at:  HERE\n"
        f'  answered by: RULE  on("{SELECT}")'
    )


async def test_a_value_has_no_column_where_rows_are_asked_for(conn: FakeConnection) -> None:
    conn.on(COUNT).value(3)
    assert (await answered(conn, "fetch_row", COUNT)).splitlines()[:4] == [
        "the statement could not return this: 2 columns differ",
        "    scripted            the statement returns",
        "  ! -                   count bigint, never NULL",
        "  ! ?column? = 3 (int)  -",
    ]


async def test_fetch_val_takes_the_first_column_of_a_row(conn: FakeConnection) -> None:
    conn.on(SELECT).row(name="Ana", id=7, born=BORN)
    assert (await answered(conn, "fetch_val", SELECT)).splitlines()[0] == (
        "the statement could not return this: fetch_val takes the first column, "
        "which is id of the statement and name of the answer"
    )
    assert await answered(conn, "fetch", SELECT) == ""


@pytest.mark.parametrize(
    ("statement", "tag", "reason"),
    [
        (INSERT, "UPDATE 1", "the tag 'UPDATE 1' is not that of a statement of the kind INSERT"),
        (VALUES, "VALUES 1", "the tag 'VALUES 1' is not that of a statement of the kind SELECT"),
        (
            RETURNING,
            "INSERT 0 1",
            "the tag 'INSERT 0 1' says that there were rows, and this statement returns its rows",
        ),
    ],
)
async def test_tags_that_could_not_be(
    conn: FakeConnection, statement: str, tag: str, reason: str
) -> None:
    conn.on(statement).tag(tag)
    text = await answered(conn, "execute", statement)
    assert text.splitlines()[0] == f"the statement could not return this: {reason}"


WRONG = {"id": "7", "name": "Ana", "born": BORN}


@pytest.mark.parametrize(
    ("attribute", "canned", "method"),
    [
        ("execute_return", [WRONG], "execute"),
        ("execute_return", [ROW, WRONG], "execute"),
        ("execute_return", [[WRONG]], "execute"),
        ("execute_return", FakeRecord([WRONG]), "execute"),
        ("fetch_return", [WRONG], "fetch"),
        ("fetch_return", WRONG, "fetch"),
        ("fetch_return", [WRONG], "fetch_row"),
        ("fetch_return", WRONG, "fetch_row"),
        ("fetch_row_return", WRONG, "fetch_row"),
        ("fetch_row_return", FakeRecord(WRONG), "fetch_row"),
        ("fetch_val_return", "7", "fetch_val"),
    ],
)
async def test_a_plain_attribute_is_checked_as_well(
    conn: FakeConnection, attribute: str, canned: Any, method: str
) -> None:
    setattr(conn, attribute, canned)
    text = await answered(conn, method, SELECT)
    assert text.startswith("the statement could not return this: 1 column differs")
    assert "answered by" not in text


@pytest.mark.parametrize(
    ("attribute", "canned", "method"),
    [
        ("execute_return", [ROW], "execute"),
        ("execute_return", [], "execute"),
        ("execute_return", 3, "execute"),
        ("execute_return", FakeRecord(3), "execute"),
        ("fetch_return", [[1, 2]], "fetch"),
        ("fetch_return", [ROW], "fetch_row"),
        ("fetch_return", [], "fetch_row"),
        ("fetch_row_return", FakeRecord(ROW), "fetch_row"),
        ("fetch_row_return", object(), "fetch_row"),
        ("fetch_val_return", None, "fetch_val"),
    ],
)
async def test_plain_attributes_that_could_be_or_are_no_rows(
    conn: FakeConnection, attribute: str, canned: Any, method: str
) -> None:
    setattr(conn, attribute, canned)
    assert await answered(conn, method, SELECT) == ""


async def test_the_rows_of_a_cursor_and_of_a_prepared_statement(conn: FakeConnection) -> None:
    conn.fetch_return = conn.execute_return = [WRONG]
    with pytest.raises(AnswerImpossible):
        await conn.cursor(SELECT).start()
    prepared = await conn.prepare(SELECT)
    with pytest.raises(AnswerImpossible):
        await prepared.execute()


async def test_a_computed_answer(conn: FakeConnection) -> None:
    conn.on(SELECT)(lambda call: WRONG)
    assert "1 column differs" in await answered(conn, "fetch", SELECT)
