"""`understudy catalog`, most of it without running tests: what they would learn is put in place."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import pytest
from click.testing import CliRunner, Result

from understudy.catalog import store
from understudy.catalog.description import (
    Column,
    Constraint,
    Description,
    ParsedOnly,
    Refusal,
    SchemaFacts,
    Verdict,
)
from understudy.cli import main
from understudy.project import pytest_process
from understudy.project.pytest_process import Ended

from .conftest import environment, understudy, write

CATALOG = Path("tests/understudy-catalog")
NAMES = Description(
    "SELECT",
    ("bigint",),
    (
        Column("name", "text", "users.name", "not null"),
        Column("nick", "text", "users.nick", "nullable"),
        Column("count", "bigint", None, "unknown"),
    ),
    ("users",),
    ("users.id", "users.name", "users.nick"),
)
DELETE = Description("DELETE", (), (), ("users",), ())
REFUSED = Refusal("42703", 'column "nome" does not exist', position=8)
KNOWN: dict[str, Verdict] = {
    "SELECT name, nick, count(*) FROM users WHERE id = $1": NAMES,
    "DELETE FROM users": DELETE,
    "SELECT nome FROM users": REFUSED,
    "COPY users TO stdout": ParsedOnly("COPY"),
}


def contents(statements: Mapping[str, Verdict], fingerprint: str = "one") -> store.Contents:
    made = store.Contents(fingerprint, 18, SchemaFacts({}, ()))
    for spelling, verdict in statements.items():
        made.add_verdict(spelling, verdict)
    return made


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project with a schema; the current one."""
    write(tmp_path, {"pyproject.toml": '[tool.understudy]\nschema = ["schema.sql"]\n'})
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def committed(here: Path) -> Path:
    """The project's catalog, in which four statements are known."""
    store.write(CATALOG, contents(KNOWN))
    return here / CATALOG


class Double:
    """A double of pytest that fills the catalog, and ends, as a test configures it."""

    def __init__(self) -> None:
        self.learned: store.Contents | None = None
        self.exit_code = 0
        self.meanwhile: Callable[[], None] = lambda: None
        self.commands: list[list[str]] = []

    def __call__(self, arguments: Sequence[str], folder: Path, output: IO[str]) -> Ended:
        self.commands.append(list(arguments))
        (fresh,) = [
            argument for argument in arguments if argument.startswith("--understudy-catalog=")
        ]
        if self.learned is not None:
            store.write(Path(fresh.partition("=")[2]), self.learned)
        self.meanwhile()
        return Ended(self.exit_code, [])

    def learn(self, statements: Mapping[str, Verdict], fingerprint: str = "one") -> None:
        self.learned = contents(statements, fingerprint)


@pytest.fixture
def tests(monkeypatch: pytest.MonkeyPatch) -> Double:
    """The double of the project's tests."""
    double = Double()
    monkeypatch.setattr(pytest_process, "run", double)
    return double


def catalog(*arguments: str, color: bool = False) -> Result:
    result = CliRunner().invoke(main, ["catalog", *arguments], prog_name="understudy", color=color)
    # Anything else that was raised would look like an exit code of 1.
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result


def refused(*arguments: str) -> str:
    """Run the command, which must fail, and return its error."""
    result = catalog(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr


# The list ----------------------------------------------------------------------------------------


def test_lists_each_statement_for_a_person(committed: Path) -> None:
    result = catalog()

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "tests/understudy-catalog: 4 statements, described by PostgreSQL 18\n"
        "COPY users TO stdout\n"
        "    only parsed\n"
        "DELETE FROM users\n"
        "    returns  no rows: DELETE\n"
        "SELECT name, nick, count(*) FROM users WHERE id = $1\n"
        "    takes    bigint\n"
        "    returns  name text not null, nick text null, count bigint\n"
        "SELECT nome FROM users\n"
        '    refused  42703 column "nome" does not exist\n'
    )


def test_lists_each_statement_for_a_program(committed: Path) -> None:
    result = catalog("--format", "json")

    assert (result.exit_code, result.stderr) == (0, "")
    document = json.loads(result.stdout)
    statements = document.pop("statements")
    assert document == {"catalog": "tests/understudy-catalog", "postgres": 18}
    assert statements[0] == {
        "sql": "COPY users TO stdout",
        "verdict": "parsed",
        "command": "COPY",
    }
    assert statements[2] == {
        "sql": "SELECT name, nick, count(*) FROM users WHERE id = $1",
        "verdict": "accepted",
        "command": "SELECT",
        "parameters": ["bigint"],
        "columns": [
            {"name": "name", "type": "text", "origin": "users.name", "nullability": "not null"},
            {"name": "nick", "type": "text", "origin": "users.nick", "nullability": "nullable"},
            {"name": "count", "type": "bigint", "origin": None, "nullability": "unknown"},
        ],
        "tables": ["users"],
        "touches": ["users.id", "users.name", "users.nick"],
        "runs_code": False,
        "rows": {"least": 0, "most": None, "limit": None},
        "fails": None,
        "assigned": [],
        "checks": [],
    }
    assert statements[3] == {
        "sql": "SELECT nome FROM users",
        "verdict": "refused",
        "sqlstate": "42703",
        "message": 'column "nome" does not exist',
        "detail": None,
        "hint": None,
        "position": 8,
    }


def test_of_a_long_statement_the_middle_is_left_out_for_a_person_alone(here: Path) -> None:
    long = f"SELECT {', '.join(f'column_{number}' for number in range(40))}\nFROM users"
    store.write(CATALOG, contents({long: DELETE}))

    (line,) = [line for line in catalog().stdout.splitlines() if line.startswith("SELECT")]

    assert len(line) == 160
    assert line.startswith("SELECT column_0, column_1, column_2, ")
    assert " ... " in line
    assert line.endswith(", column_38, column_39 FROM users")
    assert json.loads(catalog("--format=json").stdout)["statements"][0]["sql"] == long


def test_the_file_is_where_the_project_says(here: Path) -> None:
    write(
        here,
        {
            "pyproject.toml": """
                [tool.understudy]
                schema = ["schema.sql"]
                catalog = "elsewhere/known"
            """
        },
    )
    store.write(Path("elsewhere/known"), contents({"SELECT 1": DELETE}))

    assert catalog().stdout.startswith("elsewhere/known: 1 statement, described by PostgreSQL 18\n")


# The check ---------------------------------------------------------------------------------------


def test_check_finds_nothing(committed: Path, tests: Double) -> None:
    tests.learn(KNOWN)

    result = catalog("--check")

    assert (result.exit_code, result.stdout) == (
        0,
        "tests/understudy-catalog: 4 the same, 0 missing, 0 changed, 0 unused\n",
    )
    assert result.stderr == "Running the tests with an empty catalog: pytest\n"


CHANGED = {
    "COPY users TO stdout": ParsedOnly("COPY"),
    "SELECT name, nick, count(*) FROM users WHERE id = $1": DELETE,
    "SELECT 1": DELETE,
    "SELECT nome FROM users": DELETE,
}


def test_check_tells_each_kind_of_difference_apart(committed: Path, tests: Double) -> None:
    before = committed.read_bytes()
    tests.learn(CHANGED, fingerprint="two")

    result = catalog("--check")

    assert result.exit_code == 1
    assert result.stdout == (
        "schema   the schema's sources have changed, but no type and no constraint\n"
        "missing  SELECT 1\n"
        "changed  SELECT name, nick, count(*) FROM users WHERE id = $1\n"
        "           command: SELECT -> DELETE\n"
        "           parameters: bigint -> none\n"
        "           columns: name, nick, count -> none\n"
        "           columns touched: users.id, users.name, users.nick -> none\n"
        "changed  SELECT nome FROM users\n"
        '           refused (42703 column "nome" does not exist, at 8) -> accepted (DELETE)\n'
        "unused   DELETE FROM users\n"
        "tests/understudy-catalog: 1 the same, 1 missing, 2 changed, 1 unused\n"
        "Run the tests once without --understudy-locked, and commit the file.\n"
        "To take out what is unused: understudy catalog --prune\n"
    )
    assert committed.read_bytes() == before


def test_check_for_a_program(committed: Path, tests: Double) -> None:
    tests.learn(CHANGED)

    result = catalog("--check", "--format", "json")

    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert [change["sql"] for change in document.pop("changed")] == [
        "SELECT name, nick, count(*) FROM users WHERE id = $1",
        "SELECT nome FROM users",
    ]
    assert document == {
        "catalog": "tests/understudy-catalog",
        "ok": False,
        "same": 1,
        "missing": ["SELECT 1"],
        "unused": ["DELETE FROM users"],
        "schema": [],
    }


def test_check_where_there_is_no_file_yet(here: Path, tests: Double) -> None:
    tests.learn({"SELECT 1": DELETE})

    result = catalog("--check")

    assert result.exit_code == 1
    assert result.stdout == (
        "missing  SELECT 1\n"
        "tests/understudy-catalog: 0 the same, 1 missing, 0 changed, 0 unused\n"
        "Run the tests once without --understudy-locked, and commit the file.\n"
    )
    assert not CATALOG.exists()


def test_what_is_behind_two_dashes_is_for_pytest(committed: Path, tests: Double) -> None:
    tests.learn(KNOWN)

    result = catalog("--check", "--", "-m", "not integration", "-n", "2", "--check")

    assert result.exit_code == 0
    assert tests.commands[0][-5:] == ["-m", "not integration", "-n", "2", "--check"]
    assert result.stderr == (
        "Running the tests with an empty catalog: pytest -m 'not integration' -n 2 --check\n"
    )


# To change it ------------------------------------------------------------------------------------


def test_prune_takes_out_what_is_unused_and_nothing_else(committed: Path, tests: Double) -> None:
    tests.learn(CHANGED)

    result = catalog("--prune")

    assert result.exit_code == 0
    assert "removed  DELETE FROM users\n" in result.stdout
    assert "\ntests/understudy-catalog: 1 the same, 1 missing, 2 changed, 1 removed\n" in (
        result.stdout
    )
    expected = {sql: KNOWN[sql] for sql in KNOWN if sql != "DELETE FROM users"}
    assert store.read(CATALOG) == contents(expected)


def test_prune_for_a_program(committed: Path, tests: Double) -> None:
    tests.learn(KNOWN)
    assert json.loads(catalog("--prune", "--format=json").stdout)["removed"] == []

    tests.learn({})
    assert json.loads(catalog("--prune", "--format=json").stdout)["removed"] == sorted(KNOWN)


def test_prune_keeps_what_another_run_has_learned_meanwhile(committed: Path, tests: Double) -> None:
    tests.learn({"DELETE FROM users": DELETE})
    tests.meanwhile = lambda: store.write(CATALOG, contents({**KNOWN, "SELECT 2": DELETE}))

    assert catalog("--prune").exit_code == 0

    assert store.read(CATALOG) == contents({"DELETE FROM users": DELETE, "SELECT 2": DELETE})


def test_prune_leaves_a_file_alone_in_which_nothing_is_unused(
    committed: Path, tests: Double
) -> None:
    before = committed.stat().st_ino
    tests.learn(KNOWN)

    result = catalog("--prune")

    assert result.exit_code == 0
    assert result.stdout == (
        "tests/understudy-catalog: 4 the same, 0 missing, 0 changed, 0 removed\n"
    )
    assert committed.stat().st_ino == before


@pytest.mark.parametrize("text", ["", "not a catalog", '{"understudy": 99}\n', "\0", None])
def test_rebuild_writes_anew_whatever_is_there(here: Path, tests: Double, text: str | None) -> None:
    if text is not None:
        write(here, {str(CATALOG): text})
    tests.learn(CHANGED, fingerprint="two")

    result = catalog("--rebuild")

    assert (result.exit_code, result.stdout) == (
        0,
        "tests/understudy-catalog was rewritten, with 4 statements.\n",
    )
    assert store.read(CATALOG) == contents(CHANGED, fingerprint="two")


def test_rebuild_for_a_program(here: Path, tests: Double) -> None:
    tests.learn({"SELECT 1": DELETE})

    assert json.loads(catalog("--rebuild", "--format=json").stdout) == {
        "catalog": "tests/understudy-catalog",
        "postgres": 18,
        "statements": 1,
    }


# What cannot be done -----------------------------------------------------------------------------

MODES = ["--check", "--prune", "--rebuild"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("exit_code", "text"),
    [
        (
            1,
            "Error: The tests failed (pytest's exit code is 1), so it is not known which"
            " statements they use.\n",
        ),
        (5, "Error: pytest found no tests, so there is nothing to compare.\n"),
        (
            0,
            "Error: The tests sent no statement to a fake that PostgreSQL could check.\n",
        ),
    ],
)
def test_tests_from_which_nothing_can_be_told(
    committed: Path, tests: Double, mode: str, exit_code: int, text: str
) -> None:
    before = committed.read_bytes()
    tests.exit_code = exit_code
    if exit_code:
        tests.learn({})  # failed tests may not have sent everything

    assert refused(mode) == (
        f"Running the tests with an empty catalog: pytest\n{text}"
        "tests/understudy-catalog is unchanged.\n"
    )
    assert committed.read_bytes() == before


@pytest.mark.parametrize("mode", [None, "--check", "--prune"])
def test_a_broken_file_is_told_before_any_test_runs(
    here: Path, tests: Double, mode: str | None
) -> None:
    write(here, {str(CATALOG): "<<<<<<< HEAD\n"})

    text = refused(*([mode] if mode else []))

    assert text.startswith("Error: the catalog tests/understudy-catalog, line 1, is broken: ")
    assert text.endswith(
        "\n  <<<<<<< HEAD\n"
        "A merge has left its marks: keep the lines of both sides, and remove the marks.\n"
        "To build it again from the tests: understudy catalog --rebuild\n"
    )
    assert tests.commands == []


@pytest.mark.parametrize("arguments", [(), ("--format=json",), ("--prune",)])
def test_a_statement_whose_line_lacks_something(
    here: Path, tests: Double, arguments: tuple[str, ...]
) -> None:
    header = '{"understudy": 1, "postgres": 18, "fingerprint": "one"}'
    write(here, {str(CATALOG): f'{header}\n{{"sql": "SELECT 1"}}\n'})
    tests.learn({"SELECT 1": DELETE})

    assert "SELECT 1" in refused(*arguments)


def test_a_list_of_nothing(here: Path) -> None:
    assert refused() == (
        "Error: There is no catalog at tests/understudy-catalog yet.\n"
        "The tests create it when they run: pytest, or understudy catalog --rebuild\n"
    )


@pytest.mark.parametrize("mode", [None, *MODES])
def test_no_schema(here: Path, tests: Double, mode: str | None) -> None:
    write(here, {"pyproject.toml": "[tool.understudy]\n"})

    assert refused(*([mode] if mode else [])) == (
        f"Error: No schema is configured in {here / 'pyproject.toml'}, so there is no catalog.\n"
        'Configure it: [tool.understudy] schema = ["db/migrations/*.sql"]\n'
    )


def test_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert refused() == (
        f"Error: There is no {tmp_path / 'pyproject.toml'}, so there is no catalog either.\n"
        "Run this in the folder of your project's pyproject.toml.\n"
    )


def test_settings_that_are_not_valid(here: Path) -> None:
    write(here, {"pyproject.toml": "[tool.understudy]\nschema = 1\n"})

    assert "schema" in refused()


def test_two_modes_at_once(committed: Path, tests: Double) -> None:
    assert refused("--prune", "--check").endswith(
        "\nError: --check and --prune cannot be combined.\n"
    )
    assert tests.commands == []


@pytest.mark.parametrize("arguments", [("check",), ("--", "-x")])
def test_arguments_for_pytest_where_it_does_not_run(
    committed: Path, arguments: tuple[str, ...]
) -> None:
    assert refused(*arguments).endswith(
        f"\nError: '{arguments[-1]}' is for pytest, which runs only with --check, --prune"
        " and --rebuild.\nFor example: understudy catalog --check\n"
    )


def test_an_option_that_does_not_exist(committed: Path) -> None:
    text = refused("--chek")

    assert "--chek" in text
    assert "--check" in text


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_that_may_not_be_written(committed: Path, tests: Double) -> None:
    tests.learn({})
    committed.parent.chmod(0o500)
    try:
        assert refused("--rebuild").endswith("; it is as it was\n")
    finally:
        committed.parent.chmod(0o700)


def test_a_folder_in_the_files_place(here: Path, tests: Double) -> None:
    CATALOG.mkdir(parents=True)
    tests.learn({"SELECT 1": DELETE})

    assert "the catalog tests/understudy-catalog cannot be read" in refused("--check")
    assert "cannot be written" in refused("--rebuild")


@pytest.mark.parametrize("mode", MODES)
def test_an_interrupt_leaves_the_file(committed: Path, tests: Double, mode: str) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    before = committed.read_bytes()
    tests.learn({})
    tests.meanwhile = interrupted

    result = catalog(mode)

    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == (
        "Running the tests with an empty catalog: pytest\n\n"
        "Interrupted. The tests and PostgreSQL were stopped.\n"
        "tests/understudy-catalog is unchanged.\n"
    )
    assert committed.read_bytes() == before


# How it looks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("no_color", ["1", None])
def test_colour_is_for_terminals_that_want_it(
    committed: Path, tests: Double, monkeypatch: pytest.MonkeyPatch, no_color: str | None
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    tests.learn(CHANGED)

    # color=True: as on a terminal, where click does not take the colours out by itself.
    outputs = [catalog(*arguments, color=True).stdout for arguments in ((), ("--check",))]

    assert ["\x1b[31m" in output for output in outputs] == [no_color is None] * 2
    assert "\x1b" not in catalog("--check", "--format=json", color=True).stdout


def test_help_shows_examples_and_exit_codes() -> None:
    result = catalog("--help")

    assert result.exit_code == 0
    assert "\n    understudy catalog --check -- -n 2            the same, with arguments for" in (
        result.stdout
    )
    assert "2 failure." in result.stdout


# With a pytest -----------------------------------------------------------------------------------

PROJECT = {
    "pyproject.toml": """
        [tool.understudy]
        schema = ["schema.sql"]
        [tool.pytest.ini_options]
        pythonpath = ["."]
        asyncio_default_fixture_loop_scope = "function"
    """,
    "schema.sql": "CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL);",
    "tests/test_users.py": """
        import asyncio
        from understudy import FakeConnection

        def test_names():
            print("printed by a test")
            conn = FakeConnection()
            asyncio.run(conn.fetch("SELECT name FROM users WHERE id = $1", [7]))
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path, PROJECT)
    return tmp_path


def printed(*arguments: str, project: Path) -> tuple[int, Any]:
    """Run the command in a child process, and return its exit code and its document."""
    done = understudy("catalog", *arguments, "--format=json", "--", "-s", cwd=project)
    # What pytest prints, and what the tests do, is not mixed into the document.
    assert "printed by a test" in done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.slow
def test_from_the_first_run_to_a_changed_schema(project: Path) -> None:
    assert printed("--rebuild", project=project) == (
        0,
        {"catalog": str(CATALOG), "postgres": 18, "statements": 1},
    )
    written = (project / CATALOG).read_bytes()

    assert printed("--check", project=project) == (
        0,
        {
            "catalog": str(CATALOG),
            "ok": True,
            "same": 1,
            "missing": [],
            "changed": [],
            "unused": [],
            "schema": [],
        },
    )

    write(project, {"schema.sql": "CREATE TABLE users (id bigint PRIMARY KEY, name text);"})
    exit_code, document = printed("--check", project=project)
    assert exit_code == 1
    assert document["changed"] == [
        {
            "sql": "SELECT name FROM users WHERE id = $1",
            "differences": [
                "column name: text of users.name, never NULL -> text of users.name, nullable"
            ],
        }
    ]
    assert document["schema"] == [
        "constraint users_name_not_null of users: not null (name) -> none"
    ]
    assert (project / CATALOG).read_bytes() == written


@pytest.mark.skipif(sys.platform == "win32", reason="there the console sends Ctrl-C, not a process")
def test_an_interrupted_command_has_stopped_its_tests(project: Path) -> None:
    write(
        project,
        {
            "tests/test_slow.py": """
                import os, pathlib, time

                def test_takes_its_time():
                    pathlib.Path("pid.new").write_text(str(os.getpid()))
                    pathlib.Path("pid.new").rename("pid.txt")
                    time.sleep(60)
            """
        },
    )
    command = subprocess.Popen(
        [sys.executable, "-m", "understudy", "catalog", "--rebuild"],
        cwd=project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    deadline = time.monotonic() + 60
    while not (project / "pid.txt").exists():
        assert command.poll() is None, command.communicate()
        assert time.monotonic() < deadline, "the slow test did not begin"
        time.sleep(0.05)

    os.kill(command.pid, signal.SIGINT)
    stdout, stderr = command.communicate(timeout=60)

    assert (command.returncode, stdout) == (130, "")
    assert stderr.endswith(
        "\nInterrupted. The tests and PostgreSQL were stopped.\n"
        "tests/understudy-catalog is unchanged.\n"
    )
    assert not (project / CATALOG).exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int((project / "pid.txt").read_text()), 0)


def test_a_foreign_key_is_a_fact_of_the_schema_too(committed: Path, tests: Double) -> None:
    tests.learn(KNOWN)
    assert tests.learned is not None
    key = Constraint("pets_owner_fkey", "pets", "foreign key", ("owner",), references="users")
    tests.learned.facts = SchemaFacts({}, (key,))

    result = catalog("--check")

    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == (
        "schema   constraint pets_owner_fkey of pets: none -> foreign key (owner) to users"
    )
