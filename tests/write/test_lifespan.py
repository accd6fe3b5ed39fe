"""A function whose database only the running app opens is tried while the app runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.lint.projects import write as write_files
from tests.write.imported import written_modules
from tests.write.kept import target
from understudy.cli.write import write
from understudy.write.lifespan import (
    AmbientTarget,
    ambient,
    is_to_be_opened,
    needs_app,
    unstarted,
)
from understudy.write.trials import Observation

SENT: Any = (object(),)
NOT_RUNNING = AssertionError("the pool is not running")


async def count() -> int:
    """Stand for a function with a database of its own."""
    return 0


ALONE = target(count, openings=())
PROJECT = {
    "pyproject.toml": """
    [tool.understudy]
    app = "app.main:app"
    schema = ["db/*.sql"]
    real_postgres_env = {DATABASE_URL = "{dsn}"}

    [tool.pytest.ini_options]
    pythonpath = ["."]
    asyncio_mode = "auto"
    asyncio_default_fixture_loop_scope = "function"
    """,
    "db/001_notes.sql": "CREATE TABLE notes (id int PRIMARY KEY, title text NOT NULL);",
    "app/__init__.py": "",
    "app/main.py": """
    import os
    from contextlib import asynccontextmanager

    import asyncpg
    from fastapi import FastAPI

    from app.notes import pools


    @asynccontextmanager
    async def lifespan(app):
        async with asyncpg.create_pool(os.environ["DATABASE_URL"]) as pool:
            pools["notes"] = pool
            yield
            del pools["notes"]


    app = FastAPI(lifespan=lifespan)
    """,
    "app/notes.py": """
    pools = {}


    class NoteDAO:
        async def count(self) -> int:
            return await pools["notes"].fetchval("SELECT count(*) FROM notes")

        async def count_elsewhere(self) -> int:
            return await pools["archive"].fetchval("SELECT count(*) FROM notes")
    """,
}


def test_the_app_is_needed_if_a_call_asks_no_database_without_it() -> None:
    failed = Observation(raised=NOT_RUNNING)

    assert needs_app(failed, Observation(answer=0))
    assert needs_app(failed, Observation(raised=ValueError(), events=SENT))
    assert not needs_app(failed, Observation(raised=NOT_RUNNING))
    assert not needs_app(failed, Observation(problem="its fixtures cannot be set up"))
    assert not needs_app(replace(failed, events=SENT), Observation(answer=0))
    assert not needs_app(Observation(answer=0), Observation(answer=0))


def test_only_an_async_function_without_a_connection_may_need_the_app() -> None:
    found = ambient(ALONE)

    assert isinstance(found, AmbientTarget)
    assert [fixture for fixture, _ in found.in_app.fixtures] == ["real_postgres", "async_client"]
    assert ambient(target(count)).variants == (target(count),)
    assert ambient(replace(ALONE, is_async=False)).variants == (replace(ALONE, is_async=False),)


def test_a_database_that_does_nothing_until_connected_needs_the_app(tmp_path: Path) -> None:
    """An app that does not disconnect would hide it: the database stays open after the first."""
    kept = "from databases import Database\n\ndatabase = Database('postgresql://localhost')\n"
    modules = written_modules(tmp_path, {"database": kept, "pools": "pools = dict()\n"})

    assert is_to_be_opened([modules.by_name["app.database"]])
    assert not is_to_be_opened([modules.by_name["app.pools"]])
    found = ambient(ALONE, is_certain=True)
    assert isinstance(found, AmbientTarget)
    assert found.is_certain


def test_a_function_that_never_comes_to_its_database_is_left_out() -> None:
    failed = Observation(raised=NOT_RUNNING)
    reason = (
        "needs something that nothing has started: each call raises AssertionError: "
        "the pool is not running"
    )

    assert unstarted(ALONE, [failed, failed]) == reason
    assert not unstarted(ALONE, [])
    assert not unstarted(ALONE, [failed, Observation(answer=0)])
    assert not unstarted(ALONE, [failed, replace(failed, events=SENT)])
    assert not unstarted(target(count), [failed])  # it has a connection


@pytest.mark.slow
def test_what_the_app_opens_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, PROJECT)
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(write, ["app/notes.py"], catch_exceptions=False)

    assert result.exit_code == 0, result.output
    text = (tmp_path / "tests" / "test_notes_dao.py").read_text(encoding="utf-8")
    assert "real_postgres: RealPostgres, async_client: AsyncClient" in " ".join(text.split())
    assert "result = await NoteDAO().count()" in text
    assert "(NoteDAO.count_elsewhere), needs something that nothing has" in text
