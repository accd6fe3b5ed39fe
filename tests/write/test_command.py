"""`understudy write` on whole projects: what it writes, leaves alone and refuses."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.lint.projects import write as write_files
from understudy.cli.write import write
from understudy.write import writer

GOLDEN = Path(__file__).parent / "golden" / "test_notes_dao.txt"
TESTS = "tests/test_notes_dao.py"
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
OWN = '''"""Mine."""


async def test_of_mine(real_postgres):
    assert real_postgres.insert("notes", title="x").title == "x"
'''
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


@pytest.mark.slow
def test_a_bug_is_an_expected_failure_and_a_second_run_changes_nothing(project: Path) -> None:
    before = files(project)
    first = run("app/notes.py", "--format", "json")
    text = (project / TESTS).read_text(encoding="utf-8")
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text, encoding="utf-8")
    after = files(project)
    second = run("app.notes")

    assert text == GOLDEN.read_text(encoding="utf-8")
    assert first.exit_code == 1
    document = json.loads(first.stdout)
    assert document["written"] is True
    (file,) = document["files"]
    assert [test["suspicion"] for test in file["tests"] if test["suspicion"]] == [
        "NoteDAO.finish succeeds although the database refused its UPDATE notes SET"
    ]
    assert after.keys() - before.keys() == {TESTS}
    assert before.items() <= after.items()
    assert second.exit_code == 0
    assert second.stdout.startswith(f"{TESTS}: nothing to add\n")
    assert files(project) == after


@pytest.mark.slow
def test_a_test_of_the_user_stays(project: Path) -> None:
    write_files(project, {TESTS: OWN, "app/notes.py": APP.partition("        async def finish")[0]})

    result = run("app/notes.py")

    text = (project / TESTS).read_text(encoding="utf-8")
    assert result.exit_code == 0, result.output
    assert OWN.partition("\n\n\n")[2] in text
    assert "async def test_add_inserts_a_row(" in text


MODEL = """


    class Note(pydantic.BaseModel):
        title: str = pydantic.Field(min_length=2)
    """


@pytest.mark.slow
def test_a_test_file_that_cannot_be_read_keeps_no_other_from_being_written(project: Path) -> None:
    app = APP.replace("import asyncpg", "import asyncpg\n    import pydantic") + MODEL
    write_files(project, {TESTS: "def test_mine(:\n", "app/notes.py": app})
    models = project / "tests/test_notes_dto.py"
    mine = b"\xef\xbb\xbfdef test_mine():\r\n    assert True\r\n"
    models.write_bytes(mine)

    result = run("app/notes.py")

    assert result.exit_code == 0, result.output
    assert (
        f"{TESTS}: no test was added, because it cannot be read: line 1 is not valid Python: "
        "invalid syntax.\n  Fix it, and run this again.\n" in result.stdout
    )
    assert (project / TESTS).read_text(encoding="utf-8") == "def test_mine(:\n"
    written = models.read_bytes()
    assert written.startswith(mine[:3])
    assert mine[3:].strip() in written
    assert b"def test_note_keeps_each_field() -> None:\r\n" in written
    assert b"\n" not in written.replace(b"\r\n", b"")


def test_a_test_file_in_another_encoding_is_left_alone(project: Path) -> None:
    (project / TESTS).write_bytes("# -*- coding: latin-1 -*-\nX = 'é'\n".encode("latin-1"))
    before = files(project)

    result = run("app/notes.py", "--layer", "dao")

    assert result.exit_code == 2
    assert result.stderr.endswith(
        f"{TESTS}: no test was added, because it cannot be read: it is not in UTF-8.\n"
        "  Fix it, and run this again.\n"
    )
    assert files(project) == before


@pytest.mark.slow
def test_a_module_that_cannot_be_imported_is_refused(project: Path) -> None:
    write_files(project, {"app/notes.py": "import asyncpg\nimport no_such_library\n"})
    before = files(project)

    result = run("app/notes.py")

    assert result.exit_code == 2
    assert "No test can be written for app.notes: " in result.stderr
    assert "No module named 'no_such_library'" in result.stderr
    assert files(project) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("app", "message"),
    [
        (
            APP,
            "app.notes has nothing in the layer service or router. It has:\n"
            "  dao: NoteDAO.add, NoteDAO.finish\n"
            "Write tests for that: understudy write app/notes.py --layer dao\n",
        ),
        (
            "import asyncpg\n",
            "app.notes has no function, method, route or model that can be tested.\n",
        ),
    ],
)
def test_a_layer_that_the_module_does_not_have_is_named(
    project: Path, app: str, message: str
) -> None:
    write_files(project, {"app/notes.py": app})
    before = files(project)

    result = run("app/notes.py", "--layer", "service", "--layer", "router")

    assert result.exit_code == 2
    assert result.stderr.endswith(message)
    assert files(project) == before


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


def test_a_project_on_mysql_is_refused(project: Path) -> None:
    write_files(project, {"pyproject.toml": SETTINGS.replace("schema =", "mysql_schema =")})

    result = run("app/notes.py")

    assert result.exit_code == 2
    assert (
        "`understudy write` tries code on PostgreSQL alone, and this project has only a "
        "mysql_schema in [tool.understudy].\n"
        "What needs no database: understudy write app/notes.py --layer dto" in result.stderr
    )


@contextmanager
def proving(**options: Any) -> Iterator[subprocess.Popen[str]]:
    """Start to write, and wait until the written tests are proved."""
    with subprocess.Popen(
        [sys.executable, "-m", "understudy", "write", "app/notes.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "20 times" in line:
                break
        yield process


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_during_the_proof_writes_nothing(project: Path, by: signal.Signals) -> None:
    before = files(project)
    with proving() as process:
        process.send_signal(by)
        process.communicate(timeout=60)

    assert process.returncode == 130
    assert files(project) == before


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no watcher")
def test_a_run_that_is_killed_leaves_nothing(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = files(project)
    scratch = tmp_path_factory.mktemp("scratch")
    with proving(env={**os.environ, "TMPDIR": str(scratch)}) as process:
        wait_until(lambda: [*scratch.glob("understudy-pytest-*/output")])
        process.kill()
        process.communicate(timeout=60)

    wait_until(lambda: not [*scratch.glob("understudy-*")])
    assert files(project) == before


def wait_until(is_done: Callable[[], object]) -> None:
    while not is_done():  # pytest's own limit ends a wait in vain
        time.sleep(0.01)


CONFTEST = """
    import socket

    import pytest


    @pytest.fixture(scope="session")
    def container():
        socket.create_connection(("127.0.0.1", 1), timeout=1)


    @pytest.fixture(autouse=True)
    def tables(container):
        assert False


    @pytest.fixture(autouse=True)
    def other():
        pytest.skip("not on Mondays")
    """


@pytest.mark.slow
def test_fixtures_that_fail_in_every_test_are_replaced(project: Path) -> None:
    """One that skips is found when the one before it is replaced."""
    app = APP.partition("        async def finish")[0]
    write_files(project, {"tests/conftest.py": CONFTEST, "app/notes.py": app})

    result = run("app/notes.py")

    assert result.exit_code == 0
    assert "tests/test_notes_dao.py: 2 new tests\n" in result.stdout
    replaced = re.findall(r"  the fixture (\w+) \((.*)\) is replaced .*\n    (.*)", result.stdout)
    (tables, place, error), other = replaced
    assert (tables, place) == ("tables", "tests/conftest.py:11")
    assert error.startswith("ConnectionRefusedError: ")
    assert other == ("other", "tests/conftest.py:16", "Skipped: not on Mondays")
    text = (project / TESTS).read_text(encoding="utf-8")
    assert text.count("@pytest.fixture(autouse=True)\ndef ") == 2
    again = run("app/notes.py")
    assert "tests/test_notes_dao.py: nothing to add" in again.stdout


@pytest.mark.slow
def test_nothing_is_added_to_a_file_whose_own_tests_use_a_failing_fixture(project: Path) -> None:
    app = APP.partition("        async def finish")[0]
    write_files(project, {"tests/conftest.py": CONFTEST, "app/notes.py": app, TESTS: OWN})

    result = run("app/notes.py")

    assert (project / TESTS).read_text(encoding="utf-8") == OWN
    assert (
        "no test of NoteDAO.add: the fixture tables fails, and the tests in "
        "tests/test_notes_dao.py use it; make it pass, or rename that file" in result.stdout
    )


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("psycopg",), 'psycopg: python -m pip install "understudy[postgres]"'),
        (
            ("psycopg", "coverage"),
            'coverage and psycopg: python -m pip install "understudy[review,postgres]"',
        ),
    ],
)
def test_what_is_not_installed_is_named_at_once(
    project: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], said: str
) -> None:
    """Only extras install it."""
    monkeypatch.setattr(writer, "find_spec", lambda name: None if name in names else object())

    result = run("app/notes.py")

    assert (result.exit_code, result.stderr) == (2, f"Error: Writing needs {said}\n")
    assert "tests/test_notes_dao.py" not in files(project)
