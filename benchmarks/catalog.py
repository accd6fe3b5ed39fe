"""The cost of having PostgreSQL check statements: per call, per run, and in the first run."""

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
from understudy.catalog.session_schema import NO_CONTEXT, Context
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
    conn.execute_return = None  # an UPDATE without RETURNING returns no rows
    return conn


CONNECTIONS: dict[str, Callable[[], Any]] = {
    "one rule for each statement": lambda: calls.with_rules(0),
    "plain attributes": _plain,
}
CHECKED = "checked"
NOT_CHECKED = "not checked"


class _FixedCatalog:
    """A catalog that contains the four statements."""

    facts = SchemaFacts({}, ())

    def verdict(
        self, statement: str, declared: Sequence[str] = (), context: Context = NO_CONTEXT
    ) -> Verdict:
        return VERDICTS[statement]


@contextmanager
def _checking() -> Iterator[None]:
    before = active_checker.POSTGRES.factory, active_checker.made()
    catalog: Any = _FixedCatalog()
    active_checker.use(lambda: Checker(catalog))
    try:
        yield
    finally:
        active_checker.use(*before)


def measure_calls(connection: str, rounds: int, batches: int) -> list[Round]:
    """Return the processor time of a call, with and without the catalog, for each round.

    Args:
        connection: a key of CONNECTIONS.
        rounds: the number of rounds.
        batches: the number of connections in a round.
    """
    make = CONNECTIONS[connection]

    def unchecked() -> float:
        return calls.timed(make, batches)

    def checked() -> float:
        with _checking():
            return calls.timed(make, batches)

    return interleaved(rounds, {CHECKED: checked, NOT_CHECKED: unchecked})


# A large catalog ---------------------------------------------------------------------------------

READ = "reading a catalog"


def measure_reading(statements: int, rounds: int) -> list[Round]:
    """Return the processor time of reading a file and looking up one statement, for each round."""
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
                raise RuntimeError("a written statement is missing")
            return time.process_time() - start

        return interleaved(rounds, {READ: read})


# New statements ----------------------------------------------------------------------------------

START = "starting PostgreSQL and loading the schema"
NEW_STATEMENT = "each new statement"
_SCHEMA = "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY, name text NOT NULL);\n"


def measure_learning(statements: int, rounds: int) -> list[Round]:
    """Return the wall-clock seconds of a start and of each new statement, for each round.

    As in a test run, each statement is described when it is first used.
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
            known.verdict("SELECT 1")  # connects and reads the schema
            start = time.perf_counter()
            for number in range(statements):
                known.verdict(f"SELECT name AS name_{number} FROM users WHERE id = $1")
            per_statement = (time.perf_counter() - start) / statements
            known.close()
        finally:
            databases.stop()
    return {START: started, NEW_STATEMENT: per_statement}


# The first run and the second run ----------------------------------------------------------------

STATEMENTS = 100
FIRST = f"pytest with one test of {STATEMENTS} statements, first run"
SECOND = "the same, second run, with no PostgreSQL available"
RUNS = (FIRST, SECOND)

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
# No server listens there, so a run that connected to PostgreSQL would fail.
_NOWHERE = "--understudy-postgres-url=postgresql://postgres@127.0.0.1:1/postgres"


def measure_runs(rounds: int) -> list[Round]:
    """Return the wall-clock seconds of whole pytest runs, for each round."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "pyproject.toml").write_text(_SETTINGS, encoding="utf-8")
        (folder / "schema.sql").write_text(_SCHEMA, encoding="utf-8")
        (folder / "test_it.py").write_text(_TESTS, encoding="utf-8")
        _first(folder)  # compiles every module
        return [{FIRST: _first(folder), SECOND: _seconds(folder, _NOWHERE)} for _ in range(rounds)]


def _first(folder: Path) -> float:
    catalog = folder / "tests" / "understudy-catalog"
    catalog.unlink(missing_ok=True)
    seconds = _seconds(folder)
    if not catalog.exists():
        raise RuntimeError("no catalog was written")
    return seconds


def _seconds(folder: Path, *arguments: str) -> float:
    start = time.perf_counter()
    done = pytest_in(folder, *_QUIET, *arguments)
    if done.returncode != 0:
        raise RuntimeError(done.stdout)
    return time.perf_counter() - start
