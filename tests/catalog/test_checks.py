"""Every call on a fake held against the catalog: what passes, and what is said of the rest."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from tests.catalog.describers import Scripted, catalog_of
from understudy import (
    AnswerImpossible,
    ErrorImpossible,
    FakeConnection,
    FakeRecord,
    ParametersRefused,
    StatementRefused,
    StatementUnknown,
    UncheckedWarning,
    db_error,
)
from understudy.catalog import active_checker
from understudy.catalog.checks import Checker
from understudy.catalog.description import (
    Column,
    Constraint,
    Description,
    ParsedOnly,
    Refusal,
    SchemaFacts,
)
from understudy.catalog.errors import CatalogError
from understudy.catalog.levels import Levels
from understudy.catalog.run_catalog import Catalog
from understudy.pg import sql
from understudy.pg.types import TypeFacts
from understudy.script import expectations

ONE = "SELECT id, name FROM users WHERE id = $1"
NAMED = "SELECT id, name FROM users WHERE id = $(id)p AND name = $(name)p"
ASKED_NAMED = "SELECT id, name FROM users WHERE id = $1 AND name = $2"
INSERT = "INSERT INTO users (name) VALUES ($1)"
RETURNING = "INSERT INTO users (name) VALUES ($1) RETURNING id"
DELETE = "DELETE FROM users WHERE id = $1"
WRONG = "SELECT id,\n       nmae FROM users"
ID = Column("id", "integer", "users.id", "not null")
NAME = Column("name", "text", "users.name", "nullable")
SAYS = {
    ONE: Description("SELECT", ("integer",), (ID, NAME), ("users",), ()),
    ASKED_NAMED: Description("SELECT", ("integer", "text"), (ID, NAME), ("users",), ()),
    INSERT: Description("INSERT", ("text",), (), ("users",), ()),
    RETURNING: Description("INSERT", ("text",), (ID,), ("users",), ()),
    DELETE: Description("DELETE", ("integer",), (), ("users",), ()),
    "VALUES (1)": Description(
        "VALUES", (), (Column("column1", "integer", None, "unknown"),), (), ()
    ),
    "SELECT FROM users": Description("SELECT", (), (), ("users",), ()),
    sql.tidy(WRONG): Refusal(
        "42703",
        'column "nmae" does not exist',
        detail="There is no such column.",
        hint='Perhaps you meant to reference the column "users.name".',
        position=12,
    ),
    "SELEC": Refusal("42601", "syntax error"),
    "LISTEN x": ParsedOnly("LISTEN"),
    "EXPLAIN SELECT $1::int": ParsedOnly("EXPLAIN"),
    "COPY users (name) FROM STDIN (FORMAT binary)": ParsedOnly("COPY"),
}
FACTS = SchemaFacts(
    {
        "email": TypeFacts("domain", base="text"),
        "mood": TypeFacts("enum", labels=("sad",)),
    },
    (
        Constraint("email_check", "email", "check", ()),
        Constraint("orders_user_fkey", "orders", "foreign key", ("user_id",), "users"),
        Constraint("lines_order_fkey", "lines", "foreign key", ("order_id",), "orders"),
        Constraint("roles_name_key", "roles", "unique", ("name",)),
        Constraint("users_name_key", "users", "unique", ("name",)),
        Constraint("users_pkey", "users", "primary key", ("id",)),
        Constraint("", "users", "not null", ("id",)),
        Constraint("", "users", "not null", ("status",)),
        Constraint("", "roles", "not null", ("code",)),
    ),
)


def make(levels: Levels | None = None, **more: Any) -> Checker:
    return Checker(catalog_of(SAYS, FACTS), levels, **more)


@pytest.fixture
def checker() -> Iterator[Checker]:
    """The checker of this test's fakes."""
    yield from using(make())


def using(checker: Checker) -> Iterator[Checker]:
    before = active_checker.POSTGRES.factory, active_checker.made()
    active_checker.use(lambda: checker)
    yield checker
    active_checker.use(*before)


@pytest.fixture
def conn(checker: Checker) -> FakeConnection:
    return FakeConnection()


def told(error: pytest.ExceptionInfo[BaseException]) -> str:
    """The message; HERE stands for a call in this file, RULE for a rule."""
    return placed(str(error.value))


def placed(text: str) -> str:
    """A message with HERE for a call in a test, and RULE for a rule."""
    place = r"\S*test_\w+\.py:\d+( in \w+)?"
    text = re.sub(r"\n  not to check this: .*", "", text)  # see test_check_levels.py
    return re.sub(place, lambda found: "HERE" if found[1] else "RULE", text)


# The statement -----------------------------------------------------------------------------------


async def test_a_statement_that_postgres_refuses(conn: FakeConnection) -> None:
    with pytest.raises(StatementRefused) as caught:
        await conn.execute(WRONG)
    assert told(caught) == (
        "PostgreSQL refuses this statement (42703 undefined_column)\n"
        '  column "nmae" does not exist\n'
        "  nmae FROM users\n"
        "  ^\n"
        "  DETAIL: There is no such column.\n"
        '  HINT: Perhaps you meant to reference the column "users.name".\n'
        "  at: HERE"
    )


async def test_a_statement_that_postgres_refuses_without_a_position(conn: FakeConnection) -> None:
    with pytest.raises(StatementRefused) as caught:
        await conn.fetch("SELEC")
    assert told(caught) == (
        "PostgreSQL refuses this statement (42601 syntax_error)\n"
        "  syntax error\n"
        "  SELEC\n"
        "  at: HERE"
    )


async def test_a_refusal_points_into_the_statement_as_it_was_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    statement = "SELECT nmae FROM users WHERE id = $(the_id)p AND x"
    asked = "SELECT nmae FROM users WHERE id = $1 AND x"
    says = {asked: Refusal("42703", "no x", position=asked.index("x") + 1)}
    says[asked] = Refusal("42703", "no x", position=len(asked))
    monkeypatch.setattr(active_checker.POSTGRES, "factory", lambda: None)
    for _ in using(Checker(catalog_of(says))):
        with pytest.raises(StatementRefused) as caught:
            await FakeConnection().execute(statement, {"the_id": 1})
    assert told(caught).splitlines()[2:4] == [f"  {statement}", f"  {' ' * (len(statement) - 1)}^"]


async def test_what_the_code_under_test_catches_is_held_against_the_test(
    conn: FakeConnection,
) -> None:
    conn.on(ONE).row(id="7", name="Ana")
    conn.on(DELETE).raises(db_error("23505", constraint="nope", driver="psqlpy"))
    with expectations.opened() as owed:
        for statement, parameters in [
            (WRONG, None),
            (INSERT, [1]),
            (ONE, [7]),
            (DELETE, [7]),
            (WRONG, None),
        ]:
            with contextlib.suppress(Exception):  # code under test as it should not be
                await conn.execute(statement, parameters)
    assert [type(failure) for failure in owed.failures] == [
        StatementRefused,
        ParametersRefused,
        AnswerImpossible,
        ErrorImpossible,
        StatementRefused,
    ]


async def test_every_connection_and_every_method_is_checked(checker: Checker) -> None:
    conn = FakeConnection()
    for call in (
        conn.execute(WRONG),
        conn.fetch(WRONG),
        conn.fetch_row(WRONG),
        conn.fetch_val(WRONG),
        conn.execute_many(WRONG, []),
        conn.execute_batch(WRONG),
        conn.cursor(WRONG).start(),
    ):
        with pytest.raises(StatementRefused):
            await call
    assert len(checker.coverage.checked) == 1


async def test_several_statements_in_a_batch_are_not_looked_at(checker: Checker) -> None:
    await FakeConnection().execute_batch("CREATE TABLE t (); INSERT INTO t DEFAULT VALUES")
    assert checker.coverage.unchecked == {
        "CREATE TABLE t (); INSERT INTO t DEFAULT VALUES": (
            "several statements in one call: each may depend on the ones before it"
        )
    }
    assert not checker.coverage.checked


async def test_how_far_it_got(checker: Checker) -> None:
    conn = FakeConnection()
    await conn.execute(ONE, [1])
    await conn.execute(f" {ONE.replace(chr(32), chr(32) * 2)} ", [1])
    await conn.execute("LISTEN x")
    assert checker.coverage.checked == {ONE}
    assert checker.coverage.parsed == {"LISTEN x"}
    assert checker.coverage.unchecked == {}


async def test_without_a_verdict_every_call_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect() -> Scripted:
        raise CatalogError("no PostgreSQL\nbecause")

    checker = Checker(Catalog(None, lambda _: "", connect))
    for _ in using(checker):
        for _ in range(2):
            with pytest.raises(StatementUnknown) as caught:
                await FakeConnection().execute(ONE, [1])
            assert told(caught) == "no PostgreSQL\nbecause\n  at: HERE"


async def test_whatever_goes_wrong_is_no_error_of_the_driver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def connect() -> Scripted:
        raise ZeroDivisionError("oh")

    for _ in using(Checker(Catalog(None, lambda _: "", connect))):
        with pytest.raises(StatementUnknown) as caught:
            await FakeConnection().execute(ONE, [1])
    assert told(caught) == "PostgreSQL could not be asked: ZeroDivisionError: oh\n  at: HERE"


async def test_a_lenient_checker_only_counts_what_has_no_verdict() -> None:
    tried = []

    def connect() -> Scripted:
        tried.append(1)
        raise CatalogError("no PostgreSQL\nbecause")

    checker = Checker(Catalog(None, lambda _: "", connect), lenient=True)
    for _ in using(checker):
        conn = FakeConnection()
        conn.fetch_row_return = FakeRecord({"anything": 1})
        await conn.execute(ONE, [1])
        await conn.fetch_row(ONE, [1, 2])
    assert checker.coverage.unchecked == {ONE: "no PostgreSQL"}
    assert tried == [1]


# Parameters --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        (ONE, [1]),
        (ONE, (1,)),
        (ONE, [None]),
        (NAMED, {"id": 1, "name": "Ana"}),
        (NAMED, {"name": "Ana", "id": 1, "more": object()}),
        (NAMED, [1, "Ana"]),
        ("LISTEN x", None),
        ("LISTEN x", []),
        ("EXPLAIN SELECT $1::int", [1]),
    ],
)
async def test_parameters_that_are_fine_do_not_raise(
    conn: FakeConnection, statement: str, parameters: Any
) -> None:
    for _ in range(2):
        await conn.execute(statement, parameters)


class Letters(tuple[str, ...]):
    """A sequence that is neither a list nor a tuple."""


async def test_any_sequence_may_hold_parameters_without_an_error(conn: FakeConnection) -> None:
    await conn.execute(INSERT, Letters(["Ana"]))


@pytest.mark.parametrize(
    ("statement", "parameters", "text"),
    [
        (
            ONE,
            [1, 2],
            "the statement takes 1 parameter, got 2\n"
            "  params: [1, 2]\n"
            f"  sql: {ONE}\n"
            "  at:  HERE\n"
            "psqlpy drops what is too many without a word.",
        ),
        (
            ONE,
            None,
            f"the statement takes 1 parameter, got 0\n  params: ()\n  sql: {ONE}\n  at:  HERE",
        ),
        (
            NAMED,
            [1],
            f"the statement takes 2 parameters, got 1\n  params: [1]\n  sql: {NAMED}\n  at:  HERE",
        ),
        (
            "LISTEN x",
            [1],
            "the statement takes no parameters, got 1\n"
            "  params: [1]\n  sql: LISTEN x\n  at:  HERE\n"
            "psqlpy drops what is too many without a word.",
        ),
        (
            "EXPLAIN SELECT $1::int",
            [],
            "the statement takes 1 parameter, got 0\n"
            "  params: []\n  sql: EXPLAIN SELECT $1::int\n  at:  HERE",
        ),
        (
            ONE,
            ["7"],
            "a parameter would be refused\n"
            "  $1 integer: got '7' (str)\n"
            "     REASON\n"
            f"  sql: {ONE}\n  at:  HERE",
        ),
        (
            NAMED,
            {"id": "7", "name": 7},
            "2 parameters would be refused\n"
            "  id integer: got '7' (str)\n"
            "     REASON\n"
            "  name text: got 7 (int)\n"
            "     REASON\n"
            f"  sql: {NAMED}\n  at:  HERE",
        ),
        (
            NAMED,
            {"id": 7, "nmae": "Ana"},
            "no parameter 'name' was given; did you mean 'nmae'?\n"
            "  params: {'id': 7, 'nmae': 'Ana'}\n"
            f"  sql: {NAMED}\n  at:  HERE",
        ),
        (
            ONE,
            {"id": 7},
            "the statement has no named parameters, and was given a dict: pass a list\n"
            f"  params: {{'id': 7}}\n  sql: {ONE}\n  at:  HERE",
        ),
        (
            ONE,
            {7},
            "the parameters must be a list, a tuple or (for names) a dict, not set\n"
            f"  params: {{7}}\n  sql: {ONE}\n  at:  HERE",
        ),
        (
            INSERT,
            "A",
            "the parameters must be a list, a tuple or (for names) a dict, not str\n"
            f"  params: 'A'\n  sql: {INSERT}\n  at:  HERE",
        ),
    ],
)
async def test_parameters_that_are_not(
    conn: FakeConnection, statement: str, parameters: Any, text: str
) -> None:
    with pytest.raises(ParametersRefused) as caught:
        await conn.execute(statement, parameters)
    lines = [
        "     REASON" if line.startswith("     psqlpy ") else line
        for line in told(caught).splitlines()
    ]
    assert "\n".join(lines) == text


async def test_names_without_parameters_are_asked_about_as_they_stand(
    conn: FakeConnection, checker: Checker
) -> None:
    await conn.execute(NAMED, {"id": 1, "name": "Ana"})
    checker.catalog._verdicts[NAMED] = Refusal("42601", "syntax error")
    with pytest.raises(StatementRefused):
        await conn.execute(NAMED)
    await conn.execute(NAMED, [1, "Ana"])


async def test_each_row_of_execute_many_is_checked(conn: FakeConnection) -> None:
    await conn.execute_many(INSERT, [["a"], ["b"]])
    await conn.execute_many(INSERT, [])
    with pytest.raises(ParametersRefused) as caught:
        await conn.execute_many(INSERT, [["a"], ["b", "c"], [1]])
    assert told(caught).splitlines()[:2] == [
        "the statement takes 1 parameter, got 2 in row 2 of 3",
        "  params: ['b', 'c']",
    ]
    with pytest.raises(ParametersRefused) as caught:
        await conn.execute_many(INSERT, [["a"], [1]])
    assert told(caught).splitlines()[0] == "a parameter would be refused in row 2 of 2"
    with pytest.raises(ParametersRefused) as caught:
        await conn.execute_many(INSERT, ["a", "b"])
    assert told(caught).splitlines()[0] == (
        "the parameters must be a list, a tuple or (for names) a dict, not str in row 1 of 2"
    )


async def test_the_records_of_a_copy_are_no_parameters(
    conn: FakeConnection, checker: Checker
) -> None:
    assert await conn.copy_records_to_table("users", [("Ana",), ("Bea",)], ["name"]) == 2
    assert checker.coverage.parsed == {"COPY users (name) FROM STDIN (FORMAT binary)"}


async def test_where_parameters_only_warn_one_row_is_enough() -> None:
    for _ in using(make(Levels(parameters="warn"))):
        with pytest.warns(UncheckedWarning, match="in row 1 of 2") as found:
            await FakeConnection().execute_many(INSERT, [[1], [2]])
    assert len(found) == 1


# The error ---------------------------------------------------------------------------------------


def violation(sqlstate: str, **fields: str) -> Exception:
    return db_error(sqlstate, driver="psqlpy", **fields)  # type: ignore[arg-type] # all are str


@pytest.mark.parametrize(
    "error",
    [
        violation("23505", constraint="users_name_key"),
        # A row that others refer to cannot be deleted, nor what is deleted with it.
        violation("23503", constraint="orders_user_fkey", table="orders"),
        violation("23503", constraint="lines_order_fkey", table="lines"),
        # A domain's, by a cast.
        violation("23514", constraint="email_check", table="users"),
        violation("23502", column="id", table="users"),
        violation("23502", column="status", table="users"),
        violation("40001"),
        ValueError("not the database's at all"),
    ],
)
async def test_errors_that_the_statement_can_run_into(
    conn: FakeConnection, error: Exception
) -> None:
    conn.on(DELETE).raises(error)
    with pytest.raises(type(error)):
        await conn.execute(DELETE, [1])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            violation("23505", constraint="users_nmae_key"),
            "the schema has no constraint 'users_nmae_key'; did you mean 'users_name_key'?\n",
        ),
        (
            violation("23505", constraint="xyz"),
            "the schema has no constraint 'xyz'\n"
            "  those of the tables it touches: users_name_key, users_pkey\n",
        ),
        (
            violation("23505", constraint="roles_name_key"),
            "the constraint 'roles_name_key' is of roles, which it does not touch\n"
            "  it touches: users\n",
        ),
        (
            violation("23502", column="code", table="roles"),
            "no table it touches has a column 'code' that must not be NULL\n"
            "  those that must not be: users.id, users.status\n",
        ),
        (
            violation("23502", column="name", table="users"),
            "no table it touches has a column 'name' that must not be NULL\n"
            "  those that must not be: users.id, users.status\n",
        ),
    ],
)
async def test_errors_that_it_cannot(conn: FakeConnection, error: Exception, reason: str) -> None:
    conn.on(DELETE).raises(error)
    with pytest.raises(ErrorImpossible) as caught:
        await conn.execute(DELETE, [1])
    assert told(caught) == (
        f"the statement could not fail like this: {reason}"
        f"  sql: {DELETE}\n  at:  HERE\n"
        f'  answered by: RULE  on("{DELETE}")'
    )


async def test_an_error_in_a_plain_attribute(conn: FakeConnection) -> None:
    conn.execute_return = violation("23505", constraint="roles_name_key")
    with pytest.raises(ErrorImpossible) as caught:
        await conn.execute(DELETE, [1])
    assert told(caught).endswith(f"\n  sql: {DELETE}\n  at:  HERE")


async def test_an_error_where_no_table_is_touched(conn: FakeConnection) -> None:
    conn.execute_return = violation("23505", constraint="roles_name_key")
    with pytest.raises(ErrorImpossible, match="it touches: no table"):
        await conn.execute("VALUES (1)")
    conn.execute_return = violation("23502", column="code", table="roles")
    with pytest.raises(ErrorImpossible, match="those that must not be: none"):
        await conn.execute("VALUES (1)")


# The levels --------------------------------------------------------------------------------------

CASES = [
    ("statements", StatementRefused, WRONG, None),
    ("parameters", ParametersRefused, INSERT, [1]),
    ("answers", AnswerImpossible, ONE, [1]),
    ("errors", ErrorImpossible, DELETE, [1]),
]


def scripted() -> FakeConnection:
    conn = FakeConnection(strict=False)
    conn.on(ONE).row(id=7, nmae="Ana").optional()
    conn.on(DELETE).raises(violation("23505", constraint="nope")).optional()
    return conn


async def run(conn: FakeConnection, statement: str, parameters: Any) -> None:
    error = type(violation("23505", constraint="x"))
    try:
        await conn.execute(statement, parameters)
    except error:
        assert statement == DELETE


@pytest.mark.parametrize(("key", "failure", "statement", "parameters"), CASES)
async def test_each_check_can_be_off(
    key: str, failure: type[Exception], statement: str, parameters: Any
) -> None:
    checker = make(Levels(**{key: "off"}))
    for _ in using(checker):
        await run(scripted(), statement, parameters)
    why = "PostgreSQL refuses it, and check_statements is off"
    assert list(checker.coverage.unchecked.values()) == [why] * (key == "statements")


@pytest.mark.parametrize(("key", "failure", "statement", "parameters"), CASES)
async def test_each_check_can_warn_at_every_call_with_the_callers_line(
    key: str, failure: type[Exception], statement: str, parameters: Any
) -> None:
    for _ in using(make(Levels(**{key: "warn"}))):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("default")
            for _ in range(2):
                await run(scripted(), statement, parameters)
    assert [each.category for each in found] == [UncheckedWarning] * 2
    assert {(each.filename, each.lineno) for each in found} == {
        (__file__, run.__code__.co_firstlineno + 3)
    }
    assert str(found[0].message).startswith(f"{failure.__name__}: ")


async def test_where_warnings_are_errors_none_is_lost_in_the_code_under_test() -> None:
    for _ in using(make(Levels(statements="warn"))):
        with warnings.catch_warnings(), expectations.opened() as owed:
            warnings.simplefilter("error")
            with pytest.raises(StatementRefused) as caught:
                await FakeConnection().execute(WRONG)
    assert owed.failures == [caught.value]


# Without a check ----------------------------------------------------------------------------------


async def test_without_a_checker_everything_goes() -> None:
    before = active_checker.POSTGRES.factory, active_checker.made()
    active_checker.use(None)
    try:
        assert active_checker.checker() is None
        conn = FakeConnection()
        conn.fetch_return = [{"x": object()}]
        await conn.fetch(WRONG, [1, 2, 3])
    finally:
        active_checker.use(*before)
