"""The report of tests on mocks, and the first of them on fake_postgres."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from understudy.adopt.mocks import find
from understudy.cli import main
from understudy.project.sources import Project

from .projects import write

PROJECT = {
    "pyproject.toml": """
        [project]
        name = "shop"
        version = "1"
        dependencies = ["asyncpg"]

        [tool.pytest.ini_options]
        asyncio_mode = "auto"
        asyncio_default_fixture_loop_scope = "function"
        pythonpath = ["."]
    """,
    "app/__init__.py": "",
    "app/users.py": """
        import asyncpg


        async def rename(conn: asyncpg.Connection, user_id: int, name: str) -> bool:
            row = await conn.fetchrow("SELECT id, name FROM users WHERE id = $1", user_id)
            if row is None or row["name"] == name:
                return False
            await conn.execute("UPDATE users SET name = $1 WHERE id = $2", name, user_id)
            return True


        async def names(conn: asyncpg.Connection) -> list[str]:
            rows = await conn.fetch("SELECT name FROM users")
            return [row["name"] for row in rows] + [await conn.fetchval("SELECT version()")]
    """,
}
RENAME = """
from unittest.mock import AsyncMock

from app.users import names, rename


async def test_rename():
    # The user has another name.
    conn = AsyncMock()
    conn.fetchrow.return_value = {"id": 7, "name": "Ana"}

    assert await rename(conn, 7, "Bia")

    conn.execute.assert_awaited_once_with("UPDATE users SET name = $1 WHERE id = $2", "Bia", 7)
"""
RENAMED = """
from app.users import names, rename


async def test_rename(fake_postgres):
    # The user has another name.
    fake_postgres.on("SELECT id, name FROM users WHERE id = $1", 7).row(id=7, name="Ana")
    fake_postgres.on("UPDATE users SET name = $1 WHERE id = $2", "Bia", 7).tag("UPDATE 1")
    conn = await fake_postgres.asyncpg.connect()

    assert await rename(conn, 7, "Bia")
"""


def project(folder: Path, tests: str) -> Path:
    return write(folder / "shop", {**PROJECT, "tests/test_users.py": tests})


def run(folder: Path, arguments: Sequence[str]) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["adopt", str(folder), *arguments])
    return result.exit_code, result.output


def test_the_report(tmp_path: Path) -> None:
    fakes = """
import pytest


class FakeConnection:
    async def fetchrow(self, *given):
        return None

    async def execute(self, *given):
        return "UPDATE 1"


class Clock:
    def execute(self):
        return 0


@pytest.fixture
def conn():
    return FakeConnection()


@pytest.fixture
def pool():
    made = AsyncMock()
    made.fetch.return_value = []
    return made


async def test_nobody_is_renamed(conn):
    assert not await rename(conn, 7, "Bia")


async def test_nobody_has_a_name(pool):
    assert await names(pool)
"""
    folder = project(tmp_path, RENAME + fakes)

    [found] = find(Project(folder))

    assert found.kind == "mock"
    assert found.files == {}
    assert [(place.line, place.what) for place in found.found] == [
        (
            6,
            "test_rename: `conn` stubs fetchrow; expects UPDATE users SET name = $1 WHERE id = $2",
        ),
        (47, "test_nobody_has_a_name: `pool` stubs fetch"),
        (18, "the fake `FakeConnection` (fetchrow, execute) of 1 test"),
    ]


def test_no_report_without_a_mock_of_a_database(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        """
import pytest
from unittest.mock import AsyncMock
async def test_mail():
    mailer = AsyncMock()
    mailer.send.return_value = 1
    assert await mailer.send() == 1


@pytest.fixture
def series():
    made = AsyncMock()
    made.fetch.return_value = []
    return made


async def test_series(series):
    assert await series.fetch() == []
""",
    )

    assert find(Project(folder)) == []


@pytest.mark.slow
def test_the_first_mock_is_moved(tmp_path: Path) -> None:
    folder = project(tmp_path, RENAME)

    code, output = run(folder, ["--first-mock", "--yes", "--allow-dirty"])

    assert code == 0, output
    assert output.startswith("tests/test_users.py::test_rename passes on fake_postgres:\n")
    written = (folder / "tests/test_users.py").read_text(encoding="utf-8")
    assert written.strip() == RENAMED.strip()
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=folder, check=False
    )
    assert ended.returncode == 0


@pytest.mark.slow
def test_what_cannot_be_moved_is_named_with_its_reason(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        """
from unittest.mock import AsyncMock
from uuid import UUID

from app.users import names, rename


async def test_side_effect():
    conn = AsyncMock()
    conn.fetchrow.side_effect = [{"name": "Ana"}]
    assert await rename(conn, 7, "Bia")


async def test_looks():
    conn = AsyncMock()
    conn.fetchrow.return_value = None
    assert not await rename(conn, 7, "Bia")
    assert conn.fetchrow.await_count == 1


async def test_objects():
    conn = AsyncMock()
    conn.fetch.return_value = [{"name": UUID(int=7)}]
    conn.fetchval.return_value = "18"
    assert await names(conn)


async def test_red():
    conn = AsyncMock()
    conn.fetch.return_value = None
    assert await names(conn)
""",
    )

    code, output = run(folder, ["--first-mock", "--yes", "--allow-dirty"])

    assert code == 2
    name = "tests/test_users.py::test"
    assert output == (
        f"Left: {name}_side_effect: its `fetchrow` has options or a side effect\n"
        f"Left: {name}_looks: it looks at the mock in line 17\n"
        f"Left: {name}_objects: the answer of `fetch` is [{{'name':"
        " UUID('00000000-0000-0000-0000-000000000007')}], which is not a literal\n"
        f"Left: {name}_red: it does not pass as it is: TypeError: 'NoneType' object is not"
        " iterable\n"
        "Error: No test on a mock can be moved by itself. Nothing was written.\n"
        "Move one by hand: docs/coming-from-mocks.md\n"
    )


def test_what_excludes_each_other(tmp_path: Path) -> None:
    code, output = run(project(tmp_path, RENAME), ["--first-mock", "--no-run"])

    assert code == 2
    assert "Error: --first-mock runs the test and prints text.\n" in output


ON_MYSQL = """
from unittest.mock import AsyncMock, MagicMock

from app.users import names


async def test_names():
    cursor = AsyncMock()
    cursor.fetchall.return_value = [("Ana",)]
    conn = MagicMock()
    conn.cursor.return_value.__aenter__.return_value = cursor
    pool = MagicMock()
    pool.acquire.return_value.__aenter__.return_value = conn

    assert await names(pool) == ["Ana"]
    cursor.execute.assert_awaited_once_with("SELECT name FROM users")


class FakeCursor:
    async def execute(self, query, args=None):
        return 1

    async def fetchmany(self, size=None):
        return []
"""


def on_mysql(folder: Path) -> Path:
    files = {
        "pyproject.toml": PROJECT["pyproject.toml"].replace("asyncpg", "aiomysql"),
        "app/users.py": "import aiomysql\n",
        "tests/test_users.py": ON_MYSQL,
    }
    return write(folder / "shop", files)


def test_the_report_of_mocks_of_aiomysql(tmp_path: Path) -> None:
    [found] = find(Project(on_mysql(tmp_path)))

    assert [(place.line, place.what) for place in found.found] == [
        (6, "test_names: `pool` stubs acquire, cursor, fetchall; expects SELECT name FROM users"),
        (18, "the fake `FakeCursor` (execute, fetchmany) of 0 tests"),
    ]
    assert found.notes == (
        "A mock accepts every statement, and a column that MySQL refuses. fake_mysql answers the"
        " real driver: docs/fake_mysql.md.",
    )


def test_no_mock_of_aiomysql_is_moved(tmp_path: Path) -> None:
    code, output = run(on_mysql(tmp_path), ["--first-mock", "--yes", "--allow-dirty"])

    assert code == 2
    assert output == (
        "Error: --first-mock moves tests on mocks of asyncpg. This project is on MySQL.\n"
        "Nothing was written. Move a test to fake_mysql by hand: docs/fake_mysql.md\n"
    )
