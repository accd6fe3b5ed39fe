"""The memory of a pytest process in a run of many tests on `fake_postgres`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.processes import pytest_in

_SETTINGS = """\
[tool.understudy]
schema = ["schema.sql"]
[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
"""
_TESTS = """\
import asyncio

import psutil
import pytest

process = psutil.Process()


BODY
    if number in (COUNT // 10, COUNT - 1):
        with open("memory.txt", "a") as file:
            file.write(f"{process.memory_info().rss}\\n")
"""
KINDS = {
    "one connection per test": """\
@pytest.mark.parametrize("number", range(COUNT))
async def test_it(fake_postgres, number):
    fake_postgres.on("SELECT id, name FROM users WHERE id = $1", 7).row(id=7, name="Ana")
    conn = await fake_postgres.asyncpg.connect()
    assert (await conn.fetchrow("SELECT id, name FROM users WHERE id = $1", 7))["name"] == "Ana"
    await conn.close()
""",
    "empty tests, plugin off": """\
@pytest.mark.parametrize("number", range(COUNT))
async def test_it(number):
    await asyncio.sleep(0)
""",
}


def measure(tests: int, kind: str) -> tuple[float, float]:
    """Return the memory of a pytest process after a tenth of its tests and after all, in MB.

    Args:
        tests: the number of tests.
        kind: a key of KINDS.

    Raises:
        RuntimeError: if a test fails.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "pyproject.toml").write_text(_SETTINGS, encoding="utf-8")
        (folder / "schema.sql").write_text(
            "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL);", encoding="utf-8"
        )
        (folder / "test_it.py").write_text(
            _TESTS.replace("BODY", KINDS[kind].rstrip()).replace("COUNT", str(tests)),
            encoding="utf-8",
        )
        off = () if "fake_postgres" in KINDS[kind] else ("-p", "no:understudy")
        done = pytest_in(folder, "-p", "no:randomly", "-p", "no:cacheprovider", *off)
        if done.returncode != 0:
            raise RuntimeError(done.stdout)
        first, last = (folder / "memory.txt").read_text(encoding="utf-8").split()
        return int(first) / 1e6, int(last) / 1e6
