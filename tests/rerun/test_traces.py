"""A rerun leaves no trace: a run with reruns differs in nothing from one without."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.rerun.conftest import Rerunning

pytestmark = pytest.mark.slow

SWITCH = """
import os
if "WITHOUT" in os.environ:
    def pytest_configure(config):
        pass

def changes():
    return {"error": Error(db_error("40001")), "drop": Drop(), "hang": Hang()}
"""
APP = """
import asyncio, logging, os, sys, threading, time, warnings

class Broken:
    def __del__(self):
        raise ValueError("finalized badly")

def raise_later():
    time.sleep(0.05)
    raise ValueError("too late")

async def name_of(connection, number):
    try:
        return await connection.fetchval("SELECT name FROM users WHERE id = $1", number)
    except Exception as error:
        print("failed", error)
        print("failed", error, file=sys.stderr)
        logging.getLogger("app").error("failed: %s", error)
        warnings.warn(f"failed: {error}", RuntimeWarning)
        os.environ["FAILED"] = "1"
        open("failed.txt", "w")
        asyncio.sleep(0)
        broken = Broken()
        broken.itself = broken
        threading.Thread(target=raise_later).start()
        await connection.execute("INSERT INTO users (name) VALUES ('failed')")
        raise
"""
TESTS = """
import asyncpg, app, pytest, warnings

@pytest.fixture(scope="session", autouse=True)
def shared():
    print("set up once")

async def test_fake(fake_postgres, record_property):
    record_property("kept", "once")
    fake_postgres.on("SELECT name FROM users WHERE id = $1", 7).value("Ana")
    connection = await fake_postgres.asyncpg.connect()
    print("printed")
    warnings.warn("of the test", UserWarning)
    assert await app.name_of(connection, 7) == "Ana"

async def test_real(real_postgres):
    async with asyncpg.create_pool(real_postgres.dsn, min_size=1, max_size=1) as pool:
        assert await app.name_of(pool, 7) is None

async def test_two_at_once(real_postgres):
    one = await asyncpg.connect(real_postgres.dsn)
    two = await asyncpg.connect(real_postgres.dsn)
    async with one.transaction():
        await one.execute("INSERT INTO users (name) VALUES ('Ana')")
        assert await app.name_of(two, 1) is None
    await one.close()
    await two.close()

def test_parts(subtests, real_postgres):
    with subtests.test("one"):
        pass

def test_fails():
    assert 0
"""
SETTINGS = """
    [tool.pytest.ini_options]
    asyncio_mode = "auto"
    asyncio_default_fixture_loop_scope = "function"
    log_cli = true
    log_file = "all.log"
    [tool.understudy]
    schema = ["schema.sql"]
    isolation = "auto"
    check_state = "error"
    check_tasks = "error"
    check_coroutines = "error"
    [tool.coverage.run]
    data_file = "covered"
"""


def traces(rerunning: Rerunning, *arguments: str) -> dict[str, Any]:
    """Run the project in a process of its own, and return all that is left of the run."""
    folder = rerunning.pytester.path
    result = rerunning.pytester.runpytest_subprocess(
        *("-p", "no:randomly", "-v", "--junitxml=run.xml", "--cov=app", "--cov-branch"),
        *("--cov-report=json:covered.json", "-m", "", *arguments),
    )
    times = re.compile(r"={3,}|\d+\.\d+s|0x[0-9a-f]+|time(stamp)?=\"[^\"]*\"|\d+\.\d+ seconds?")
    covered = json.loads((folder / "covered.json").read_text())
    reruns = [line for line in result.outlines if re.match(r"test_\w+: ", line)]
    log = (folder / "all.log").read_text()
    found = {
        "output": [times.sub("", line) for line in result.outlines if line not in reruns],
        "errors": result.errlines,
        "xml": times.sub("", (folder / "run.xml").read_text()),
        "covered": covered["files"],
        "log": times.sub("", log),
        "failed": (folder / ".pytest_cache/v/cache/lastfailed").read_text(),
    }
    for name in ("understudy-catalog", "understudy-isolation"):
        for path in sorted(folder.rglob(name)):
            found[name] = path.read_text()
            path.unlink()
    (folder / "failed.txt").unlink(missing_ok=True)
    found["reruns"] = reruns
    return found


@pytest.mark.parametrize("arguments", [(), ("-s",)], ids=["captured", "not captured"])
def test_a_run_with_reruns_looks_like_one_without(
    rerunning: Rerunning, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    rerunning.write(TESTS, SWITCH, SETTINGS)
    Path(rerunning.pytester.path, "app.py").write_text(APP)

    with_reruns = traces(rerunning, *arguments)
    monkeypatch.setenv("WITHOUT", "1")
    without = traces(rerunning, *arguments)

    lines = with_reruns.pop("reruns")
    assert without.pop("reruns") == []
    assert [line.partition(": ")[0] for line in lines if "left out" in line] == [
        "test_two_at_once",
        "test_parts",
        "test_fails",
    ]
    assert len(lines) == 3 + 2 * 3
    assert with_reruns["output"] == without["output"]
    assert with_reruns == without
