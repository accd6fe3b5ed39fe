"""`understudy mutate` on whole projects: what it finds, and what it says of bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.lint.projects import write
from tests.project.test_changed_lines import git
from understudy.cli.mutate import mutate

SETTINGS = """
    [tool.understudy]
    schema = ["db/*.sql"]

    [tool.pytest.ini_options]
    testpaths = ["tests"]
    pythonpath = ["."]
    asyncio_mode = "auto"
    asyncio_default_fixture_loop_scope = "function"
    addopts = ["-x", "-n", "2", "--cov=app"]
    """
SCHEMA = """
    CREATE TABLE users (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        team text
    );
    """
APP = """
    async def delete(conn, user_id):
        await conn.execute("DELETE FROM users WHERE id = $1", user_id)


    async def rename(conn, user_id, name):
        await conn.execute(
            '''
            UPDATE users SET name = $2
            WHERE id = $1
            ''',
            user_id,
            name,
        )


    async def find(conn, name):
        return await conn.fetchval("SELECT id FROM users WHERE name = $1", name)


    def names(conn):
        return [name for name, in conn.execute("SELECT name FROM users ORDER BY name")]
    """
TESTS = """
    import asyncpg
    import psycopg
    import pytest
    import pytest_asyncio

    from app import users
    from understudy import FakeConnection


    @pytest_asyncio.fixture
    async def conn(real_postgres):
        conn = await asyncpg.connect(real_postgres.dsn)
        yield conn
        await conn.close()


    @pytest.mark.parametrize("name", ["José::[a-b]/x", "%s"])
    async def test_deleted(conn, real_postgres, name):
        user = real_postgres.insert("users", name=name)
        await users.delete(conn, user.id)
        assert await conn.fetch("SELECT * FROM users WHERE true") == []


    async def test_renamed(conn, real_postgres):
        ana, bia = (real_postgres.insert("users", name=name) for name in ("Ana", "Bia"))
        await users.rename(conn, ana.id, "Caio")
        assert await conn.fetchval("SELECT name FROM users WHERE id = $1", bia.id) == "Bia"


    def test_names(real_postgres):
        for name in ("Bia", "Ana"):
            real_postgres.insert("users", name=name)
        with psycopg.connect(real_postgres.dsn) as conn:
            assert users.names(conn) == ["Ana", "Bia"]


    async def test_found(fake_postgres):
        fake_postgres.on("SELECT id FROM users WHERE name = $1", "Ana").value(7)
        conn = await asyncpg.connect(fake_postgres.dsn)
        assert await users.find(conn, "Ana") == 7
        await conn.close()


    async def test_fake():
        conn = FakeConnection()
        conn.on("DELETE FROM users WHERE id = $1")
        await conn.execute("DELETE FROM users WHERE id = $1", [7])


    def test_broken(real_postgres):
        assert 1 == 2


    runs = []


    async def test_flaky(conn):
        runs.append(await users.find(conn, "Ana"))
        assert len(runs) == 1
    """
FILES = {
    "pyproject.toml": SETTINGS,
    "db/001_users.sql": SCHEMA,
    "app/__init__.py": "",
    "app/users.py": APP,
    "tests/test_users.py": TESTS,
}


def invoke(folder: Path, *arguments: str) -> Result:
    """Run the command in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        return CliRunner().invoke(mutate, list(arguments))
    finally:
        os.chdir(before)


def small(folder: Path, test: str, **files: str) -> Path:
    """Write a project with one file of tests, without a schema, and return its folder."""
    settings = (
        "[tool.pytest.ini_options]\nasyncio_default_fixture_loop_scope = 'function'\n"
        "addopts = '-p no:randomly -p no:hypothesispytest -p no:faker'\n"
    )
    write(folder, {"pyproject.toml": settings, "test_it.py": test, **files})
    return folder.resolve()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A project with tests of each kind, and what the command says of it."""
    project = tmp_path_factory.mktemp("mutated").resolve()
    write(project, FILES)
    return project, invoke(project, "--format", "json", "--threshold", "99.5", "--workers", "2")


@pytest.mark.slow
def test_every_kind_of_test_judges_its_statements(found: tuple[Path, Result]) -> None:
    _, result = found
    document = json.loads(result.stdout)

    assert set(document["files"]) == {"app/users.py"}
    mutants = document["files"]["app/users.py"]["mutants"]
    by_text = {(one["replacement"].split()[0], one["description"]): one for one in mutants}
    where = by_text["DELETE", "DELETE without WHERE"]
    assert (where["status"], where["killedBy"], where["testsCompleted"]) == ("Survived", [], 2)
    assert where["location"]["start"] == {"line": 2, "column": 49}
    assert sorted(where["coveredBy"]) == [
        "tests/test_users.py::test_deleted[%s]",
        "tests/test_users.py::test_deleted[Jos\\xe9::[a-b]/x]",
    ]
    where = by_text["UPDATE", "UPDATE without WHERE"]
    assert (where["status"], where["killedBy"]) == ("Killed", ["tests/test_users.py::test_renamed"])
    assert where["location"]["start"]["line"] == 9
    order = by_text["SELECT", "without `ORDER BY name`"]
    assert (order["status"], order["killedBy"]) == ("Killed", ["tests/test_users.py::test_names"])
    # One test has a script, and the other passes only once.
    text = by_text["SELECT", "SELECT without WHERE"]
    assert (text["status"], text["killedBy"]) == ("Killed", ["tests/test_users.py::test_found"])
    assert text["statusReason"].startswith("text: ")
    assert result.exit_code == 1


@pytest.mark.slow
def test_nothing_is_left_in_the_project(found: tuple[Path, Result]) -> None:
    project, _ = found

    files = {path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()}
    files = {name for name in files if not name.startswith(".git/")}  # of another test

    assert files == set(FILES)


@pytest.mark.slow
def test_only_statements_on_changed_lines_are_mutated(found: tuple[Path, Result]) -> None:
    project, _ = found
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "first")
    # The line of the literal, not that of the call.
    source = project / "app" / "users.py"
    source.write_text(source.read_text().replace("SET name = $2", "SET name =   $2"))

    result = invoke(project, "--diff", "main", "--threshold", "100")

    assert result.stdout.splitlines()[:6] == [
        "statement                                                    killed  equivalent  refused",
        "app/users.py:6  UPDATE users SET name = $2 WHERE id = $1     2 of 3           0        0",
        "",
        "app/users.py:6 in rename",
        "  UPDATE users SET name = $2 WHERE id = $1",
        "  sent in tests/test_users.py::test_renamed",
    ]
    assert result.exit_code == 1


SLOW = """
    import time

    import psycopg


    def find(conn):
        time.sleep(0.2)
        return conn.execute(
            "SELECT 1 FROM things WHERE a = 1 AND b = 1 AND c = 1 ORDER BY a, b, c LIMIT 9"
        ).fetchall()


    def last(conn):
        return conn.execute("SELECT 1 WHERE 1 < 2").fetchall()
    """
SLOW_FILES = {
    "app.py": SLOW,
    "things.sql": "CREATE TABLE things (a int, b int, c int);",
    "pyproject.toml": "[tool.understudy]\nschema = 'things.sql'\n"
    "[tool.pytest.ini_options]\nasyncio_default_fixture_loop_scope = 'function'\n",
}
SLOW_TEST = """
    import os
    import pathlib

    import app
    import psycopg


    def test_slow(real_postgres):
        with pathlib.Path("processes").open("a") as file:
            file.write(f"{os.getpid()}\\n")
        with psycopg.connect(real_postgres.dsn) as conn:
            conn.execute("INSERT INTO things VALUES (1, 1, 1)")
            assert app.find(conn) == [(1,)]


    def test_last(real_postgres):
        with psycopg.connect(real_postgres.dsn) as conn:
            app.last(conn)
    """


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_ctrl_c_shows_the_results_so_far_and_leaves_no_process(tmp_path: Path) -> None:
    project = small(tmp_path, SLOW_TEST, **SLOW_FILES)
    process = subprocess.Popen(
        [sys.executable, "-m", "understudy", "mutate", "--workers", "2"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "now with mutants" in line:
            break
    while (project / "processes").read_text().count("\n") < 6:  # in the middle of the mutants
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Interrupted: these are the results so far." in text
    assert " not run" in text
    for child in set((project / "processes").read_text().split()):
        with pytest.raises(ProcessLookupError):
            os.kill(int(child), 0)


@pytest.mark.slow
def test_the_time_for_mutants_ends(tmp_path: Path) -> None:
    project = small(tmp_path, SLOW_TEST, **SLOW_FILES)

    result = invoke(project, "--seconds", "0.5")

    assert "The time was up before every mutant had run." in result.stdout
    assert result.exit_code == 0


WITHOUT = """
    import asyncpg
    import pytest

    import app


    @pytest.mark.anyio
    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_found(fake_postgres):
        fake_postgres.on("SELECT 1 FROM things WHERE a = $1", 7).value(1)
        conn = await asyncpg.connect(fake_postgres.dsn)
        assert await app.find(conn) == 1
        await conn.close()
    """


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["", "raise ModuleNotFoundError(name='psycopg')"])
def test_without_a_schema_nothing_is_known_of_a_mutant(tmp_path: Path, missing: str) -> None:
    """Nor is psycopg needed then, which only the extra `postgres` installs."""
    source = """
        async def find(conn):
            return await conn.fetchval("SELECT 1 FROM things WHERE a = $1", 7)
        """
    hidden = {"psycopg.py": missing} if missing else {}
    project = small(tmp_path, WITHOUT, **{"app.py": source}, **hidden)

    result = invoke(project, "--verbose")

    assert result.stdout.splitlines()[3:8] == [
        "app.py:2 in find",
        "  SELECT 1 FROM things WHERE a = $1",
        "  sent in test_it.py::test_found[asyncio]",
        "  killed by its text alone, in test_it.py::test_found[asyncio]: SELECT without WHERE",
        "  killed by its text alone, in test_it.py::test_found[asyncio]: `<>` instead of `=` in "
        "`a = $1`",
    ]
    assert result.exit_code == 0


CRASH = """
    import os

    import psycopg

    import app

    runs = []


    def test_last(real_postgres):
        runs.append(1)
        if len(runs) > 1:
            os._exit(9)
        with psycopg.connect(real_postgres.dsn) as conn:
            app.last(conn)
    """


@pytest.mark.slow
def test_a_process_that_crashes_is_not_a_success(tmp_path: Path) -> None:
    project = small(tmp_path, CRASH, **SLOW_FILES)

    result = invoke(project)

    text = result.stdout.splitlines()
    assert "These are the results so far, for pytest ended with exit code 9:" in text
    assert text[-1].startswith("No mutant was judged by a test, in ")
    assert result.exit_code == 2


@pytest.mark.slow
def test_files_without_a_statement_have_nothing_to_notice(found: tuple[Path, Result]) -> None:
    project, _ = found

    result = invoke(project, "db", "--threshold", "100")

    text = result.stdout.splitlines()
    assert text[-1] == "No test sends a statement of these files, or on a changed line."
    assert result.exit_code == 0


BROKEN = "def test_a():\n    assert 1 == 2\n\n\ndef test_b():\n    raise ValueError('no')\n"


@pytest.mark.parametrize(
    ("arguments", "test", "message"),
    [
        (
            [],
            "def test_it():\n    pass\n",
            "No test that passes sends a statement of your code to fake_postgres, "
            "real_postgres, fake_mysql or real_mysql, so there is nothing to mutate. Statements on "
            "a FakeConnection are not: no driver sends them.",
        ),
        (
            [],
            BROKEN,
            "No test passes without a mutant, so none can notice one. The first failure:\n"
            "  test_it.py::test_a\n  assert 1 == 2",
        ),
        (["--", "-k", "nothing"], BROKEN, "pytest found no tests:\n"),
        (
            [],
            "import nowhere\n",
            "pytest was interrupted, or could not collect the tests:\n",
        ),
        (["nowhere.py"], BROKEN, "There is no file or folder nowhere.py here."),
        (["--diff", "main"], BROKEN, "{folder} is in no git repository, so git cannot tell what "),
    ],
    ids=["no statements", "all fail", "no tests", "not collected", "no path", "no git"],
)
def test_what_cannot_be_mutated_has_one_message(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    test: str,
    message: str,
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    folder = small(tmp_path, test)

    result = invoke(folder, *arguments)

    expected = "Error: " + message.format(folder=folder)
    assert result.stderr[result.stderr.index("Error: ") :][: len(expected)] == expected
    assert result.stdout == ""
    assert result.exit_code == 2
