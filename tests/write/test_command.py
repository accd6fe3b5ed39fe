"""`understudy write` on whole projects: what it refuses before it tries anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.lint.projects import write as write_files
from understudy.cli.write import write

SETTINGS = """
    [tool.understudy]
    schema = ["db/*.sql"]

    [tool.pytest.ini_options]
    testpaths = ["tests"]
    pythonpath = ["."]
    asyncio_mode = "auto"
    asyncio_default_fixture_loop_scope = "function"
    """
SCHEMA = """
    CREATE TABLE notes (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        title text NOT NULL UNIQUE,
        done boolean NOT NULL DEFAULT false
    );
    """
APP = """
    import asyncpg


    class NoteDAO:
        def __init__(self, conn: asyncpg.Connection) -> None:
            self.conn = conn

        async def add(self, title: str) -> int:
            return await self.conn.fetchval(
                "INSERT INTO notes (title) VALUES ($1) RETURNING id", title
            )

        async def finish(self, note_id: int) -> bool:
            try:
                await self.conn.execute("UPDATE notes SET done = true WHERE id = $1", note_id)
            except asyncpg.PostgresError:
                return False
            return True
    """
PROJECT = {
    "pyproject.toml": SETTINGS,
    "db/001_notes.sql": SCHEMA,
    "app/__init__.py": "",
    "app/notes.py": APP,
    "tests/test_other.py": "def test_other():\n    assert True\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a DAO, whose `finish` hides the errors of the database."""
    write_files(tmp_path, PROJECT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(write, arguments, catch_exceptions=False)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_an_unknown_module_is_refused(project: Path) -> None:
    before = files(project)

    result = run("app.note")

    assert result.exit_code == 2
    assert f"There is no module app.note in {project.resolve()}." in result.stderr
    assert "app.notes" in result.stderr
    assert files(project) == before


def test_a_project_without_schema_is_refused(project: Path) -> None:
    write_files(project, {"pyproject.toml": SETTINGS.replace('schema = ["db/*.sql"]', "")})
    before = files(project)

    result = run("app/notes.py")

    assert result.exit_code == 2
    assert (
        "The project has no schema, so there is no database to try the code on.\n"
        "Set it up first: understudy init" in result.stderr
    )
    assert files(project) == before
