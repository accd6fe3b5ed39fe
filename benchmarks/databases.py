"""A test on a fake, and the same test on a database of its own: how long each takes.

The time is the one that pytest reports for a test: its fixtures, its body, and their end. The
median leaves out the start of the server, which the first test pays.
"""

from __future__ import annotations

import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from benchmarks.processes import pytest_in
from benchmarks.rounds import Round

FAKE = "on a FakeConnection"
REAL = "on real_postgres"

_SETTINGS = """\
[tool.understudy]
schema = ["schema.sql"]
[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
"""
_SCHEMA = "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY, name text NOT NULL);\n"
_TESTS = """\
import psqlpy
import pytest
from understudy import FakeConnection


async def add(conn, name):
    await conn.execute("INSERT INTO users (name) VALUES ($1)", [name])
    return await conn.fetch_val("SELECT count(*) FROM users")


@pytest.mark.parametrize("number", range(COUNT))
async def test_on_fake(number):
    conn = FakeConnection()
    conn.on("INSERT INTO users (name) VALUES ($1)", "Ana").tag("INSERT 0 1")
    conn.on("SELECT count(*) FROM users").value(1)
    assert await add(conn, "Ana") == 1


@pytest.mark.parametrize("number", range(COUNT))
async def test_on_real(real_postgres, number):
    pool = psqlpy.ConnectionPool(dsn=real_postgres.dsn)
    async with pool.acquire() as conn:
        assert await add(conn, "Ana") == 1
    pool.close()
"""


def measure(count: int) -> list[Round]:
    """Run `count` tests of each kind, one kind after the other; return the seconds of each pair."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "pyproject.toml").write_text(_SETTINGS, encoding="utf-8")
        (folder / "schema.sql").write_text(_SCHEMA, encoding="utf-8")
        (folder / "test_it.py").write_text(_TESTS.replace("COUNT", str(count)), encoding="utf-8")
        done = pytest_in(folder, "-p", "no:randomly", "--junitxml=report.xml")
        if done.returncode != 0:
            raise RuntimeError(done.stdout)
        times: dict[str, list[float]] = {FAKE: [], REAL: []}
        for case in ElementTree.parse(folder / "report.xml").iter("testcase"):
            kind = FAKE if case.get("name", "").startswith("test_on_fake") else REAL
            times[kind].append(float(case.get("time", "0")))
        return [
            {FAKE: fake, REAL: real} for fake, real in zip(times[FAKE], times[REAL], strict=True)
        ]
