"""JSON in a script means the same for every driver, and what the real server would send."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.conformance.drivers.driver_clients import DRIVER_CLIENTS, DriverClient
from tests.conformance.drivers.relay import Relay
from tests.conformance.drivers.servers import FakeServer, MakeReal
from understudy import FakeConnection, JsonText
from understudy.catalog.errors import AnswerImpossible
from understudy.fake_postgres.server import Server
from understudy.script import expectations

KINDS = ("json", "jsonb")
STRINGS = ("12345", "true", "null", "{}", "[1]", '{"a": 1}', "1.0", "x", "", '"x"', "é\n", "[")
EVERY_CLIENT = pytest.mark.parametrize(
    "client",
    [client for client in DRIVER_CLIENTS if "SQLAlchemy" not in client.name],
    ids=lambda client: client.name,
)


async def answers(client: DriverClient, statements: list[str]) -> list[Any]:
    await client.connect()
    try:
        return [(await client.fetch(statement))[0]["v"] for statement in statements]
    finally:
        await client.close()


@EVERY_CLIENT
@pytest.mark.parametrize("kind", KINDS)
async def test_a_str_is_the_document_that_is_a_string(
    client: type[DriverClient], kind: str, reals: MakeReal, server: Server, fakes_tcp: Relay
) -> None:
    documents = [psycopg.sql.Literal(json.dumps(text)).as_string() for text in STRINGS]
    statements = [f"SELECT {document}::{kind} AS v" for document in documents]
    expected = await answers((client.on_real or client)(reals()), statements)
    with expectations.opened() as book:
        fake = FakeServer(server, fakes_tcp)
        conn = FakeConnection()
        for statement, text in zip(statements, STRINGS, strict=True):
            fake.on(statement).row(v=text)
            conn.on(statement).row(v=text)

        assert [
            json.loads(value) if client.library == "asyncpg" else value
            for value in await answers(client(fake), statements)
        ] == list(STRINGS)
        if client.library != "asyncpg":
            assert expected == list(STRINGS)
        elif kind == "jsonb":
            assert await answers(client(fake), statements) == expected
        assert [await conn.fetch_val(statement) for statement in statements] == list(STRINGS)
        fake.postgres.end()
    assert book.verify() == []


@EVERY_CLIENT
@pytest.mark.parametrize("kind", KINDS)
async def test_none_is_the_null_of_json_where_there_is_no_other(
    client: type[DriverClient], kind: str, reals: MakeReal, server: Server, fakes_tcp: Relay
) -> None:
    statement = f"SELECT {kind} 'null' AS v"
    expected = await answers((client.on_real or client)(reals()), [statement])
    with expectations.opened() as book:
        fake = FakeServer(server, fakes_tcp)
        fake.on(statement).row(v=None)
        conn = FakeConnection()
        conn.on(statement).row(v=None)

        assert await answers(client(fake), [statement]) == expected
        assert await conn.fetch_val(statement) is None
        fake.postgres.end()
    assert book.verify() == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", [float("nan"), float("inf"), [1, float("-inf")]])
async def test_what_json_cannot_hold_is_refused_once(
    kind: str, number: Any, server: Server, fakes_tcp: Relay
) -> None:
    statement = f"SELECT CAST('1' AS {kind}) AS v"
    with expectations.opened() as book:
        fake = FakeServer(server, fakes_tcp)
        fake.on(statement).row(v=number)
        with psycopg.connect(fake.dsn) as conn, pytest.raises(psycopg.Error):
            conn.execute(statement)
        fake.postgres.end()
    [failure] = book.verify()
    assert isinstance(failure, AnswerImpossible)
    assert "JSON has no NaN and no infinity" in str(failure)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("expected", "sent"),
    [
        ("12345", 12345),
        ("12345", "12345"),
        ("null", None),
        ({"a": [1e-7]}, {"a": [0.0000001]}),
        ('{"a": 1}', {"a": 1}),
        (JsonText("1.50"), 1.5),
        (Jsonb(None), None),
    ],
)
async def test_a_parameter_matches_as_a_document_or_as_its_text(
    kind: str, expected: Any, sent: Any, server: Server, fakes_tcp: Relay
) -> None:
    statement = f"SELECT 1 AS v WHERE $1::{kind} IS NOT NULL"
    with expectations.opened() as book:
        fake = FakeServer(server, fakes_tcp)
        fake.on(statement, expected).row(v=1)
        with psycopg.connect(fake.dsn) as conn:
            conn.execute(statement.replace("$1", "%s"), [json.dumps(sent)])
        fake.postgres.end()
    assert book.verify() == []
