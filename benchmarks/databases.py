"""A test on a fake, and the same test on a database of its own: how long each takes.

The time is the one that pytest reports for a test: its fixtures, its body, and their end. The
median leaves out the start of the server, which the first test pays.

pytest-postgresql does the same on a server of ours, where somebody has installed it: it is no
dependency of this project.
"""

from __future__ import annotations

import importlib.util
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from benchmarks.processes import pytest_in
from benchmarks.rounds import Round
from understudy.postgres import EmbeddedServer

FAKE = "on a FakeConnection"
REAL = "on real_postgres"
OTHER = "on pytest-postgresql"

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

_OTHER_CONFTEST = """\
import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pytest_postgresql import factories

url = urlsplit(os.environ["UNDERSTUDY_POSTGRES_URL"])
where = parse_qs(url.query)
server = factories.postgresql_noproc(
    host=where["host"][0], port=where["port"][0], user=url.username, load=[Path("schema.sql")]
)
postgresql = factories.postgresql("server")
"""
_OTHER_TESTS = """\
import pytest


@pytest.mark.parametrize("number", range(COUNT))
def test_on_other(postgresql, number):
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO users (name) VALUES ('Ana')")
        assert cursor.execute("SELECT count(*) FROM users").fetchone() == (1,)
"""


def has_other() -> bool:
    return importlib.util.find_spec("pytest_postgresql") is not None


def measure_other(count: int) -> list[Round]:
    """Run `count` tests on pytest-postgresql; return the seconds of each."""
    with tempfile.TemporaryDirectory() as place, EmbeddedServer() as server:
        folder = Path(place)
        (folder / "schema.sql").write_text(_SCHEMA, encoding="utf-8")
        (folder / "conftest.py").write_text(_OTHER_CONFTEST, encoding="utf-8")
        (folder / "test_it.py").write_text(_OTHER_TESTS.replace("COUNT", str(count)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("UNDERSTUDY_POSTGRES_URL", server.dsn())
            done = pytest_in(
                folder, "-p", "no:randomly", "-p", "no:understudy", "--junitxml=report.xml"
            )
        if done.returncode != 0:
            raise RuntimeError(done.stdout)
        cases = ElementTree.parse(folder / "report.xml").iter("testcase")
        return [{OTHER: float(case.get("time", "0"))} for case in cases]


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
