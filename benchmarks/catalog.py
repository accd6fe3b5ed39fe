"""What it costs to have statements checked by PostgreSQL: each call, each run, the first run."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import calls
from benchmarks.processes import pytest_in
from benchmarks.rounds import Round, interleaved
from understudy import FakeConnection
from understudy.catalog import active_checker, store
from understudy.catalog.checks import Checker
from understudy.catalog.describer import Describer
from understudy.catalog.description import Column, Description, SchemaFacts, Verdict
from understudy.catalog.run_catalog import Catalog
from understudy.embedded import TestDatabases

ID = Column("id", "bigint", "users.id", "not null")
NAME = Column("name", "text", "users.name", "not null")
TOUCHES = ("users.id", "users.name")
VERDICTS = {
    calls.EXECUTE: Description("UPDATE", ("bigint", "text"), (), ("users",), TOUCHES),
    calls.FETCH: Description("SELECT", ("text",), (ID, NAME), ("users",), TOUCHES),
    calls.FETCH_ROW: Description("SELECT", ("bigint",), (ID, NAME), ("users",), TOUCHES),
    calls.FETCH_VAL: Description(
        "SELECT", ("text",), (Column("count", "bigint", None, "not null"),), ("users",), TOUCHES
    ),
}


def _plain() -> FakeConnection:
    conn: FakeConnection = calls.with_attributes(FakeConnection())
    conn.execute_return = None  # an UPDATE without RETURNING has no rows to answer with
    return conn


KINDS: dict[str, Callable[[], Any]] = {
    "one rule for each statement": lambda: calls.with_rules(0),
    "plain attributes": _plain,
}
CHECKED = "checked"
UNCHECKED = "not checked"


class _Known:
    """A catalog in which the four statements are known."""

    facts = SchemaFacts({}, ())

    def verdict(self, statement: str, declared: Sequence[str] = ()) -> Verdict:
        return VERDICTS[statement]


@contextmanager
def _checking() -> Iterator[None]:
    before = active_checker.factory, active_checker.made()
    catalog: Any = _Known()
    active_checker.use(lambda: Checker(catalog))
    try:
        yield
    finally:
        active_checker.use(*before)


def measure_calls(kind: str, rounds: int, batches: int) -> list[Round]:
    """Return the seconds that a call takes, with and without the catalog, for each round."""
    make = KINDS[kind]

    def unchecked() -> float:
        return calls.timed(make, batches)

    def checked() -> float:
        with _checking():
            return calls.timed(make, batches)

    return interleaved(rounds, {CHECKED: checked, UNCHECKED: unchecked})


# A large catalog ---------------------------------------------------------------------------------

READ = "reading the file"


def measure_reading(statements: int, rounds: int) -> list[Round]:
    """Return the seconds that it takes to read a file, and to look one statement up, each round."""
    contents = store.Contents("fingerprint", 18, SchemaFacts({}, ()))
    for number in range(statements):
        contents.add_verdict(f"{calls.FETCH} AND role_{number} IS NOT NULL", VERDICTS[calls.FETCH])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "understudy-catalog")
        store.write(path, contents)

        def read() -> float:
            start = time.process_time()
            known = store.read(path)
            if known is None or known.verdict(f"{calls.FETCH} AND role_0 IS NOT NULL") is None:
                raise RuntimeError("what was written is not there")
            return time.process_time() - start

        return interleaved(rounds, {READ: read})


# What is learned ---------------------------------------------------------------------------------

START = "starting PostgreSQL, with the schema"
EACH = "each new statement"
_SCHEMA = "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY, name text NOT NULL);\n"


def measure_learning(statements: int, rounds: int) -> list[Round]:
    """Return the seconds, by the clock, of a start and of each statement that is new, each round.

    Each statement is asked about when it turns up, as in a test run: nothing is known beforehand.
    """
    return [_learn(statements) for _ in range(rounds)]


def _learn(statements: int) -> Round:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "schema.sql").write_text(_SCHEMA, encoding="utf-8")
        start = time.perf_counter()
        databases = TestDatabases(("schema.sql",), folder)
        databases.start()
        try:
            _, dsn = databases.new()
            started = time.perf_counter() - start
            known = Catalog(None, str, lambda: Describer(dsn))
            known.verdict("SELECT 1")  # connects, and asks about the schema
            start = time.perf_counter()
            for number in range(statements):
                known.verdict(f"SELECT name AS name_{number} FROM users WHERE id = $1")
            each = (time.perf_counter() - start) / statements
            known.close()
        finally:
            databases.stop()
    return {START: started, EACH: each}


# The first run, and the second -------------------------------------------------------------------

FIRST = "the first run"
SECOND = "the second, where no PostgreSQL can be reached"
STATEMENTS = 100

_SETTINGS = """\
[tool.understudy]
schema = ["schema.sql"]
[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
"""
_TESTS = f"""\
from understudy import FakeConnection


async def test_many():
    conn = FakeConnection()
    for number in range({STATEMENTS}):
        await conn.fetch(f"SELECT name AS name_{{number}} FROM users WHERE id = $1", [7])
"""
_QUIET = ["-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov"]
# Nobody listens there: a run that asked for a PostgreSQL would fail.
_NOWHERE = "--understudy-postgres-url=postgresql://postgres@127.0.0.1:1/postgres"


def measure_runs(rounds: int) -> list[Round]:
    """Return the seconds that whole runs of pytest take, by the clock, for each round."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "pyproject.toml").write_text(_SETTINGS, encoding="utf-8")
        (folder / "schema.sql").write_text(_SCHEMA, encoding="utf-8")
        (folder / "test_it.py").write_text(_TESTS, encoding="utf-8")
        _first(folder)  # so that every module is compiled
        return [{FIRST: _first(folder), SECOND: _seconds(folder, _NOWHERE)} for _ in range(rounds)]


def _first(folder: Path) -> float:
    catalog = folder / "tests" / "understudy-catalog"
    catalog.unlink(missing_ok=True)
    seconds = _seconds(folder)
    if not catalog.exists():
        raise RuntimeError("nothing was learned")
    return seconds


def _seconds(folder: Path, *arguments: str) -> float:
    start = time.perf_counter()
    done = pytest_in(folder, *_QUIET, *arguments)
    if done.returncode != 0:
        raise RuntimeError(done.stdout)
    return time.perf_counter() - start
