"""Large values take time in proportion to their size, and only the client that asked waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.effort import calls_of
from understudy import FakePostgres
from understudy.pg import sql
from understudy.pg.codec_registry import Values
from understudy.pg.codecs.codec import BINARY, TEXT
from understudy.pg.types import TypeFacts, Types

PAIR = {
    "pair": TypeFacts("composite", fields=(("first", "integer"), ("second", "text"))),
    "pair[]": TypeFacts("array", base="pair"),
}
TYPES = Types(PAIR)
VALUES = Values(TYPES)
MANY = 500


def echoed(name: str, text: str) -> None:
    """Read a text, write the value in both forms, and read that."""
    oid = TYPES.oid(name)
    value = VALUES.decoder(oid, TEXT)(text.encode())
    for form in (TEXT, BINARY):
        assert VALUES.decoder(oid, form)(VALUES.encoder(oid, form)(value)) == value


def joined(item: Callable[[int], str], count: int) -> str:
    return "{" + ",".join(map(item, range(count))) + "}"


TEXTS: dict[str, Callable[[int], str]] = {
    "text[]": lambda count: joined(lambda number: f'"a \\"{number}"', count),
    "integer[]": lambda count: joined(lambda number: f"{{{number},1}}", count),
    "jsonb[]": lambda count: joined(lambda number: f'"[{number}, {{}}]"', count),
    "pair[]": lambda count: joined(lambda number: f'"({number},\\"a b\\")"', count),
    "int4multirange": lambda count: joined(lambda at: f"[{3 * at},{3 * at + 1})", count),
    "jsonb": lambda count: "[" + ",".join(f'{{"a": {n}.5}}' for n in range(count)) + "]",
    "oidvector": lambda count: " ".join(map(str, range(count))),
    "polygon": lambda count: "(" + ",".join(f"({n},1)" for n in range(count)) + ")",
    "bytea": lambda count: "\\x" + "00" * count,
}


@pytest.mark.parametrize("name", TEXTS)
def test_values_are_read_and_written_in_linear_time(name: str) -> None:
    echoed(name, TEXTS[name](2))  # what is made once
    _, few = calls_of(lambda: echoed(name, TEXTS[name](MANY)))
    _, many = calls_of(lambda: echoed(name, TEXTS[name](4 * MANY)))

    assert many < 5 * few + 1000


@pytest.mark.parametrize(
    "statement",
    [
        lambda count: f"SELECT 1 WHERE 1 IN ({', '.join(map(str, range(count)))})",
        lambda count: "INSERT INTO t VALUES " + ", ".join(f"($1, '{n}')" for n in range(count)),
        lambda count: "SELECT 1; " * count,
        lambda count: "".join(f"$a{n}$ " for n in range(count)),
        lambda count: "$a $" * count,
    ],
    ids=["a list", "rows", "statements", "tags that are not closed", "half of a tag"],
)
def test_sql_is_read_in_linear_time(statement: Callable[[int], str]) -> None:
    _, few = calls_of(lambda: sql.split(statement(MANY)))
    _, many = calls_of(lambda: sql.split(statement(4 * MANY)))

    assert many < 5 * few + 1000


LARGE: dict[str, tuple[str, list[Any], list[dict[str, Any]]]] = {
    "an array": ("SELECT 1 AS v WHERE 'x' = ANY(%s)", [[f"n {n}" for n in range(70_000)]], []),
    "rows": ("SELECT n, name FROM t", [], [{"n": n, "name": "a"} for n in range(100_000)]),
    "SQL": (f"SELECT 1 AS v WHERE 1 IN ({', '.join(map(str, range(50_000)))})", [], []),
    "a document": ("SELECT doc AS v FROM t", [], [{"v": [{"n": n} for n in range(50_000)]}]),
}


class Hold:
    """Holds up the threads of long statements until `go_on` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        run = threading.Thread.run

        def held(thread: threading.Thread) -> None:
            if thread.name.startswith("understudy: a long"):
                self.begun.set()
                assert self.go_on.wait(30)
            run(thread)

        monkeypatch.setattr(threading.Thread, "run", held)


@pytest.mark.parametrize("case", LARGE)
def test_other_connections_do_not_wait_for_a_large_statement(
    fake_postgres: FakePostgres, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    statement, parameters, rows = LARGE[case]
    fake_postgres.on(statement.replace("%s", "$1")).rows(*rows)
    fake_postgres.on("SELECT 2 AS v FROM t").value(2)
    hold = Hold(monkeypatch)
    found: list[int] = []

    def ask() -> None:
        with psycopg.connect(fake_postgres.dsn) as conn:
            found.append(len(conn.execute(statement, parameters or None).fetchall()))

    asking = threading.Thread(target=ask)
    asking.start()
    assert hold.begun.wait(30)
    with psycopg.connect(fake_postgres.dsn) as other:
        assert other.execute("SELECT 2 AS v FROM t").fetchone() == (2,)
    hold.go_on.set()
    asking.join(30)

    assert found == [len(rows)]


def test_a_large_statement_is_cancelled_at_once(
    fake_postgres: FakePostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_postgres.on("SELECT n FROM t").rows([{"n": n} for n in range(10_000)])
    hold = Hold(monkeypatch)

    with psycopg.connect(fake_postgres.dsn) as conn:

        def cancel() -> None:
            assert hold.begun.wait(30)
            conn.cancel_safe()  # cancel() holds the GIL, and the server is in this process

        cancelling = threading.Thread(target=cancel)
        cancelling.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            conn.execute("SELECT n FROM t")
        cancelling.join(30)
        conn.rollback()
        hold.go_on.set()
        assert len(conn.execute("SELECT n FROM t").fetchall()) == 10_000
