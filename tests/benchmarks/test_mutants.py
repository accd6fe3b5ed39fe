"""The mutants match their descriptions, and the command runs every suite on them."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks.mutants import parameter_mutants, sql_mutants
from benchmarks.mutants.mutant import Mutant
from benchmarks.mutants.report import Result, as_table
from benchmarks.mutants.sources import Statement, statements
from benchmarks.mutants.suite_process import SUITES, Outcome
from benchmarks.mutants.verdicts import Judged

from tests.backend_copy import ROOT

TABLES = {"roles": ["id", "name", "description"], "users": ["id", "name", "email"]}
SOURCE = """\
class UserDAO:
    async def rename(conn, user_id, name):
        return await conn.fetch_val(
            "{}",
            [user_id, name],
        )
"""


def statement_in(folder: Path, sql: str) -> Statement:
    """The statement of a DAO method in a file of its own."""
    file = folder / "user.py"
    file.write_text(SOURCE.format(sql), encoding="utf-8")
    (found,) = statements(folder)
    return found


def changes(mutant: Mutant) -> tuple[str, str]:
    """A mutant's kind, and the line that it changes."""
    before = mutant.method.file.read_text(encoding="utf-8").splitlines()
    after = mutant.source.splitlines()
    (changed,) = [line for line, old in zip(after, before, strict=True) if line != old]
    return mutant.kind, changed.strip(' ",')


def test_every_token_of_a_statement_is_changed(tmp_path: Path) -> None:
    statement = statement_in(tmp_path, "DELETE FROM users WHERE id = $1 RETURNING id")

    found = [changes(mutant) for mutant in sql_mutants.mutants_of(statement, TABLES)]

    assert found == [
        ("keyword misspelled", "DLEETE FROM users WHERE id = $1 RETURNING id"),
        ("keyword misspelled", "DELETE FORM users WHERE id = $1 RETURNING id"),
        ("table misspelled", "DELETE FROM uesrs WHERE id = $1 RETURNING id"),
        ("another table", "DELETE FROM roles WHERE id = $1 RETURNING id"),
        ("keyword misspelled", "DELETE FROM users WEHRE id = $1 RETURNING id"),
        ("column misspelled", "DELETE FROM users WHERE di = $1 RETURNING id"),
        ("another column", "DELETE FROM users WHERE name = $1 RETURNING id"),
        ("operator changed", "DELETE FROM users WHERE id <> $1 RETURNING id"),
        ("operator changed", "DELETE FROM users WHERE id || $1 RETURNING id"),
        ("placeholder too many", "DELETE FROM users WHERE id = $2 RETURNING id"),
        ("placeholder dropped", "DELETE FROM users WHERE id =  RETURNING id"),
        ("keyword misspelled", "DELETE FROM users WHERE id = $1 RTEURNING id"),
        ("column misspelled", "DELETE FROM users WHERE id = $1 RETURNING di"),
        ("another column", "DELETE FROM users WHERE id = $1 RETURNING name"),
        ("WHERE dropped", "DELETE FROM users  RETURNING id"),
        ("RETURNING dropped", "DELETE FROM users WHERE id = $1"),
    ]


@pytest.mark.parametrize(
    ("sql", "kind", "mutants"),
    [
        (
            "SELECT lower(name) FROM users",
            "function misspelled",
            ["SELECT lwoer(name) FROM users"],
        ),
        (
            "SELECT lower(name) FROM users",
            "bracket dropped",
            ["SELECT lowername) FROM users", "SELECT lower(name FROM users"],
        ),
        (
            "SELECT id, name FROM users",
            "item of SELECT dropped",
            ["SELECT name FROM users", "SELECT id FROM users"],
        ),
        (
            "SELECT id FROM users ORDER BY name, id",
            "item of ORDER BY dropped",
            ["SELECT id FROM users ORDER BY id", "SELECT id FROM users ORDER BY name"],
        ),
        (
            "SELECT id FROM users WHERE name = $1 AND email = $2",
            "condition of WHERE dropped",
            ["SELECT id FROM users WHERE email = $2", "SELECT id FROM users WHERE name = $1"],
        ),
        (
            "SELECT u.id FROM users u JOIN roles r ON r.id = u.id",
            "another alias",
            [
                "SELECT r.id FROM users u JOIN roles r ON r.id = u.id",
                "SELECT u.id FROM users u JOIN roles r ON u.id = u.id",
                "SELECT u.id FROM users u JOIN roles r ON r.id = r.id",
            ],
        ),
        (
            "INSERT INTO users (name, email) VALUES ($1, $2)",
            "placeholders swapped",
            ["INSERT INTO users (name, email) VALUES ($2, $1)"],
        ),
        (
            "INSERT INTO users (name, email) VALUES ($1, $2)",
            "item of INSERT dropped",
            [
                "INSERT INTO users (email) VALUES ($1, $2)",
                "INSERT INTO users (name) VALUES ($1, $2)",
            ],
        ),
        (
            "SELECT id FROM users WHERE $1::text IS NULL",
            "another type",
            ["SELECT id FROM users WHERE $1::integer IS NULL"],
        ),
    ],
)
def test_lists_names_and_placeholders(
    tmp_path: Path, sql: str, kind: str, mutants: list[str]
) -> None:
    found = map(changes, sql_mutants.mutants_of(statement_in(tmp_path, sql), TABLES))

    assert [text for name, text in found if name == kind] == mutants


def test_parameters_are_left_out_doubled_swapped_and_of_another_type(tmp_path: Path) -> None:
    statement = statement_in(tmp_path, "UPDATE users SET name = $2 WHERE id = $1 RETURNING id")

    found = parameter_mutants.mutants_of(statement, ["bigint", "text"])

    assert [changes(mutant) for mutant in found] == [
        ("one too few", "[name]"),
        ("one too few", "[user_id]"),
        ("one too many", "[user_id, name, name]"),
        ("two swapped", "[name, user_id]"),
        ("wrong type: str of it", "[str(user_id), name]"),
        ("wrong type: a list of it", "[[user_id], name]"),
        ("wrong type: a number", "[user_id, 7]"),
        ("wrong type: a list of it", "[user_id, [name]]"),
    ]


def test_every_mutant_of_the_backend_is_python_and_differs_from_every_other() -> None:
    found = [
        mutant for statement in statements() for mutant in sql_mutants.mutants_of(statement, TABLES)
    ]

    for mutant in found:
        ast.parse(mutant.source)
    assert len({(mutant.method.file, mutant.source) for mutant in found}) == len(found) > 1000


def test_a_mutant_says_where_it_is_and_what_it_changes(tmp_path: Path) -> None:
    statement = statement_in(tmp_path, "SELECT name FROM users")

    assert [str(mutant) for mutant in sql_mutants.mutants_of(statement, TABLES)][1] == (
        "user.py:4 rename: column misspelled: 'name' -> 'nmae'"
    )


@pytest.fixture(scope="module")
def output() -> Any:
    """What the command prints of the misspelled columns of one method."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.mutants", "--format", "json"),
            *("--only", "fetch_by_email: column misspelled"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_each_mutant_is_judged_and_run_by_every_suite(output: Any) -> None:
    found = {mutant["mutant"].partition(": ")[2]: mutant for mutant in output["mutants"]}

    assert list(output["tests"]) == ["plain", "async_mock", "checked", "integration"]
    assert {text: mutant["reason"] for text, mutant in found.items()} == {
        "column misspelled: 'id' -> 'di'": '42703 column "di" does not exist',
        "column misspelled: 'name' -> 'nmae'": '42703 column "nmae" does not exist',
        "column misspelled: 'email' -> 'eamil'": '42703 column "eamil" does not exist',
        "column misspelled: 'created_at' -> 'cerated_at'": (
            '42703 column "cerated_at" does not exist'
        ),
    }
    for mutant in found.values():
        assert mutant["rejected_by"] == "PostgreSQL"
        assert all(suite["tests"] > 0 for suite in mutant["suites"].values())


@pytest.mark.slow
def test_checked_fakes_and_the_database_kill_mutants_that_substrings_miss(output: Any) -> None:
    for mutant in output["mutants"]:
        killed = {suite: found["killed"] is not None for suite, found in mutant["suites"].items()}
        # The first two suites look for the table and the condition of this statement.
        condition = "'eamil'" in mutant["mutant"] and killed["plain"]
        assert killed == {
            "plain": condition,
            "async_mock": condition,
            "checked": True,
            "integration": True,
        }
        assert "StatementRefused" in mutant["suites"]["checked"]["checks"]


def judged(tmp_path: Path) -> list[Judged]:
    """Three mutants: one rejected by PostgreSQL, one by the driver, one valid."""
    statement = statement_in(tmp_path, "SELECT name FROM users")
    one, other, third, *_ = sql_mutants.mutants_of(statement, TABLES)
    return [
        Judged(one, "PostgreSQL", "42601 syntax error"),
        Judged(other, "driver", "TypeError"),
        Judged(third),
    ]


def result_of(mutants: list[Judged], checked: list[Outcome]) -> Result:
    """A run in which only the checked fakes kill what `checked` says."""
    live = [Outcome(None, "", (), 2, 0.5)] * len(mutants)
    outcomes = {suite.key: live for suite in SUITES} | {"checked": checked}
    figures = {suite.key: 4 for suite in SUITES}
    return Result(1, mutants, outcomes, figures, dict.fromkeys(figures, 1.5), 60.0)


def test_the_table_counts_the_kills_of_each_suite_in_each_group(tmp_path: Path) -> None:
    killed = Outcome("tests/test_it.py::test_it", "refused", ("StatementRefused",), 2, 0.1)
    by_assertion = Outcome("tests/test_it.py::test_it", "assert", (), 2, 0.1)
    not_reached = Outcome(None, "", (), 0, 0.1)
    table = as_table(result_of(judged(tmp_path), [killed, not_reached, by_assertion]))

    rows = {row[0]: row[1:] for row in cells_of(table)}
    assert rows["SQL rejected by PostgreSQL"] == ["1", "0", "0", "1", "0"]
    assert rows["SQL rejected by the driver"] == ["1", "0", "0", "0", "0"]
    assert rows["all rejected mutants"] == ["2", "0", "0", "1", "0"]
    assert rows["SQL with a changed meaning"] == ["1", "0", "0", "1", "0"]
    assert rows["all"] == ["3", "0", "0", "2", "0"]
    assert rows["in a method that no test calls"] == ["", "0", "0", "1", "0"]
    assert table.splitlines()[-6:] == [
        "",
        "Time of (c) / time of (d): 0.200. The whole command: 60 s.",
        "Of the 2 rejected mutants, (c) kills 1 with a catalog check, whatever the test asserts.",
        "Mutants that survive every suite, including those that mean the same as before: 1",
        "Rejected mutants that (c) does not kill: 1",
        "- user.py:4 rename: column misspelled: 'name' -> 'nmae'; driver: TypeError",
    ]


def test_the_documentation_has_the_table_that_the_command_prints(tmp_path: Path) -> None:
    printed = as_table(result_of(judged(tmp_path), [Outcome(None, "", (), 0, 0.1)] * 3))
    document = (ROOT / "docs" / "mutants.md").read_text(encoding="utf-8")

    shown = cells_of(document)
    assert [row[0] for row in shown] == [row[0] for row in cells_of(printed)]
    assert shown[0] == cells_of(printed)[0]


def cells_of(text: str) -> list[list[str]]:
    """The rows of a Markdown table, without the line below its heading."""
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
