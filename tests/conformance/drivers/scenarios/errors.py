"""Errors of every class, with all that a driver shows of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.conformance.drivers.driver_clients import DriverClient
from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.scenario import scenario


@dataclass(frozen=True)
class Case:
    """A statement that fails, and what a test would script for it.

    Attributes:
        fields: what PostgreSQL says; empty where it refuses to prepare the statement at all, and
            the catalog knows that by itself.
    """

    statement: str
    parameters: tuple[Any, ...] = ()
    sqlstate: str = ""
    message: str | None = None
    fields: dict[str, str] = field(default_factory=dict)


def of_table(table: str, **fields: str) -> dict[str, str]:
    return {"schema": "public", "table": table, **fields}


FAILED_BY_ITS_VALUES = {
    "unique violation": Case(
        "INSERT INTO users (name, email) VALUES ($1, $2)",
        ("Cid", "ana@x.io"),
        "23505",
        fields=of_table(
            "users", constraint="users_email_key", detail="Key (email)=(ana@x.io) already exists."
        ),
    ),
    "foreign key violation": Case(
        "INSERT INTO orders (user_id) VALUES ($1)",
        (99,),
        "23503",
        fields=of_table(
            "orders",
            constraint="orders_user_id_fkey",
            detail='Key (user_id)=(99) is not present in table "users".',
        ),
    ),
    "still referenced": Case(
        "DELETE FROM users WHERE id = $1",
        (1,),
        "23503",
        'update or delete on table "users" violates foreign key constraint '
        '"orders_user_id_fkey" on table "orders"',
        of_table(
            "orders",
            constraint="orders_user_id_fkey",
            detail='Key (id)=(1) is still referenced from table "orders".',
        ),
    ),
    "not null violation": Case(
        "UPDATE users SET name = NULL WHERE id = $1",
        (2,),
        "23502",
        fields=of_table(
            "users", column="name", detail="Failing row contains (2, null, null, null, null)."
        ),
    ),
    "check violation": Case(
        "UPDATE users SET age = $1",
        (-1,),
        "23514",
        fields=of_table(
            "users",
            constraint="users_age_check",
            detail="Failing row contains (1, Ana, ana@x.io, -1, happy).",
        ),
    ),
    "domain check violation": Case(
        "UPDATE orders SET amount = -1",
        (),
        "23514",
        'value for domain positive violates check constraint "positive_check"',
        {"schema": "public", "datatype": "positive", "constraint": "positive_check"},
    ),
    "string too long": Case(
        "UPDATE orders SET code = $1",
        ("abcd",),
        "22001",
        "value too long for type character varying(3)",
    ),
    "numeric overflow": Case(
        "UPDATE orders SET price = price * 1000",
        (),
        "22003",
        "numeric field overflow",
        {
            "detail": "A field with precision 5, scale 2 must round to an absolute value "
            "less than 10^3."
        },
    ),
    "division by zero": Case(
        "SELECT 1 / age AS a FROM users WHERE age = 30 AND 1 / (age - 30) > 0", (), "22012"
    ),
    "integer out of range": Case(
        "SELECT age * 2000000000 AS a FROM users", (), "22003", "integer out of range"
    ),
    "more than one row of a subquery": Case(
        "SELECT (SELECT name FROM users) AS n",
        (),
        "21000",
        "more than one row returned by a subquery used as an expression",
    ),
    "a bad time zone": Case(
        "SELECT now() AT TIME ZONE name AS t FROM users WHERE id = 1",
        (),
        "22023",
        'time zone "Ana" not recognized',
    ),
    "raised by a function": Case(
        "SELECT complain()", (), "P0001", "what a day", {"detail": "It rains.", "hint": "Stay."}
    ),
}
REFUSED = {
    "syntax error": Case("SELEC 1"),
    "undefined table": Case("SELECT * FROM nowhere"),
    "undefined column": Case("SELECT nome FROM users"),
    "undefined column with a suggestion": Case("SELECT naem FROM users"),
    "undefined function": Case("SELECT nothing(1)"),
    "undefined operator": Case("SELECT name + 1 FROM users"),
    "ambiguous column": Case("SELECT id FROM users, orders"),
    "wrong type": Case("SELECT 1 WHERE name = 1 FROM users"),
    "grouping error": Case("SELECT name, count(*) FROM users"),
    "a text that is no integer": Case("SELECT * FROM users WHERE id = 'x'"),
    "unterminated string": Case("SELECT 'a"),
    "not ASCII": Case("SELECT 'é', ü FROM users"),
    "insert of too many values": Case("INSERT INTO users (name) VALUES ('a', 'b')"),
}


async def _failed(client: DriverClient, cases: dict[str, Case]) -> Any:
    """What comes of each case: on one connection, which costs more than what is asked on it."""
    found = []
    for name, case in cases.items():
        if case.sqlstate:
            client.server.fails(
                client.library,
                case.statement,
                *case.parameters,
                sqlstate=case.sqlstate,
                message=case.message,
                **case.fields,
            )
        found.append((name, await outcome(client.execute(case.statement, *case.parameters))))
        await client.end()
    return found


@scenario()
async def statements_that_fail_by_their_values(client: DriverClient) -> Any:
    return await _failed(client, FAILED_BY_ITS_VALUES)


@scenario()
async def statements_that_are_refused(client: DriverClient) -> Any:
    return await _failed(client, REFUSED)


@scenario()
async def an_error_leaves_the_connection_usable(client: DriverClient) -> Any:
    client.server.fails(client.library, "SELECT 1 / 0", sqlstate="22012")
    client.server.on("SELECT 7 AS a").row(a=7)
    first = await outcome(client.fetch("SELECT 1 / 0"))
    return first, await outcome(client.end()), await client.fetch("SELECT 7 AS a")


@scenario()
async def an_error_of_a_statement_that_is_prepared_already(client: DriverClient) -> Any:
    statement = "SELECT 10 / $1::int AS a"
    client.server.on(statement, 2).row(a=5)
    client.server.fails(client.library, statement, 0, sqlstate="22012")
    found = [await client.fetch(statement, 2) for _ in range(7)]
    return found, await outcome(client.fetch(statement, 0))
