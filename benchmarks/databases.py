"""The time of a test on a fake, and of the same test on a real database.

The time is the one that pytest reports for a test: setup, call and teardown. The first test also
starts the server; the median leaves that out.

The other packages are not dependencies of this project. If one is not installed or cannot run, the
report says what is missing.
"""

from __future__ import annotations

import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from benchmarks.other_databases import SCHEMA, OtherPackage
from benchmarks.processes import pytest_in
from benchmarks.rounds import Round

FAKE = "on a FakeConnection"
ROLLBACK = "on real_postgres, rolled back"
CLONE = "on real_postgres, a copy of the template"
KINDS = {FAKE: "test_on_fake", ROLLBACK: "test_rolled_back", CLONE: "test_on_a_copy"}

_SETTINGS = """\
[tool.understudy]
schema = ["schema.sql"]
[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
"""
_TESTS = """\
import psqlpy
import pytest
from understudy import FakeConnection


async def add(conn, name):
    await conn.execute("INSERT INTO users (name) VALUES ($1)", [name])
    return await conn.fetch_val("SELECT count(*) FROM users")


async def add_through_a_pool(dsn):
    pool = psqlpy.ConnectionPool(dsn=dsn)
    async with pool.acquire() as conn:
        assert await add(conn, "Ana") == 1
    pool.close()


@pytest.mark.parametrize("number", range(COUNT))
async def test_on_fake(number):
    conn = FakeConnection()
    conn.on("INSERT INTO users (name) VALUES ($1)", "Ana").tag("INSERT 0 1")
    conn.on("SELECT count(*) FROM users").value(1)
    assert await add(conn, "Ana") == 1


@pytest.mark.parametrize("number", range(COUNT))
async def test_rolled_back(real_postgres, number):
    await add_through_a_pool(real_postgres.dsn)


@pytest.mark.understudy(isolation="clone")
@pytest.mark.parametrize("number", range(COUNT))
async def test_on_a_copy(real_postgres, number):
    await add_through_a_pool(real_postgres.dsn)
"""


def seconds_of_tests(folder: Path, *arguments: str) -> dict[str, list[float]]:
    """Run pytest in a folder and return the seconds of each test, by the name of its function.

    Raises:
        RuntimeError: if a test fails.
    """
    done = pytest_in(folder, "-p", "no:randomly", "--junitxml=report.xml", *arguments)
    if done.returncode != 0:
        raise RuntimeError(done.stdout)
    found: dict[str, list[float]] = {}
    for case in ElementTree.parse(folder / "report.xml").iter("testcase"):
        name = case.get("name", "").partition("[")[0]
        found.setdefault(name, []).append(float(case.get("time", "0")))
    return found


def measure(count: int) -> list[Round]:
    """Run `count` tests of each kind, one kind after the other, and return their seconds."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "pyproject.toml").write_text(_SETTINGS, encoding="utf-8")
        (folder / "schema.sql").write_text(SCHEMA, encoding="utf-8")
        (folder / "test_it.py").write_text(_TESTS.replace("COUNT", str(count)), encoding="utf-8")
        times = seconds_of_tests(folder)
    return [{kind: times[name][number] for kind, name in KINDS.items()} for number in range(count)]


def measure_other(package: OtherPackage, count: int) -> list[Round]:
    """Run `count` tests that use another package, and return their seconds."""
    with tempfile.TemporaryDirectory() as place, package.running():
        folder = Path(place)
        (folder / "schema.sql").write_text(SCHEMA, encoding="utf-8")
        (folder / "conftest.py").write_text(package.conftest, encoding="utf-8")
        (folder / "test_it.py").write_text(package.tests.replace("COUNT", str(count)), "utf-8")
        [times] = seconds_of_tests(folder, "-p", "no:understudy").values()
    return [{package.name: seconds} for seconds in times]
