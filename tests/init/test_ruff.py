"""The rules of ruff that init offers to a project that uses ruff."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.init.projects import write
from tests.init.test_command import init

APP = {
    "requirements.txt": "asyncpg\n",
    "app/db.py": "from asyncpg import Connection\n\n\n"
    "async def size(conn: Connection):\n    return await conn.fetchval('SELECT 1')\n",
}
RUFF = '[tool.ruff]\nline-length = 99\n\n[tool.ruff.lint]\nextend-select = ["B", "F"]\n'
QUESTION = (
    "ruff: it is configured here, and without these rules for tests: PGH005, PT011, PT012, RUF006,"
    " PLW0603, S110, BLE001.\n"
    "`understudy explain ruff` says what they find. Switch them on for the tests alone? [Y/n]: "
)


def test_rules_are_shown_and_written_for_the_tests_alone(tmp_path: Path) -> None:
    write(tmp_path, {**APP, "pyproject.toml": RUFF})

    result = init(tmp_path, "--no-run", answers="y\ny\n")

    assert result.exit_code == 0, result.output
    assert QUESTION in result.stdout
    assert '+  "S110",    # except: pass\n' in result.stdout
    assert (tmp_path / "tests" / "ruff.toml").read_text() == (
        "# Mistakes with which a test checks less than it seems to, for the tests alone.\n"
        'extend = "../pyproject.toml"\n\n[lint]\nextend-select = [\n'
        '  "PGH005",  # mock assertions that are misspelt or not called\n'
        '  "PT011",   # pytest.raises of a broad exception without match\n'
        '  "PT012",   # several statements in pytest.raises\n'
        '  "RUF006",  # a task whose reference is not kept\n'
        '  "PLW0603", # the global statement\n'
        '  "S110",    # except: pass\n'
        '  "BLE001",  # except Exception\n'
        "]\n"
    )
    assert RUFF in (tmp_path / "pyproject.toml").read_text()


def test_ruff_applies_them_to_the_tests_and_keeps_the_projects_settings(tmp_path: Path) -> None:
    silent = "try:\n    print(1)\nexcept Exception:\n    pass\n"
    ruff = (
        '[tool.ruff.lint]\nselect = ["E501"]\n\n'
        '[tool.ruff.lint.per-file-ignores]\n"tests/old.py" = ["S110"]\n'
    )
    write(tmp_path, {**APP, "pyproject.toml": ruff})
    assert init(tmp_path, "--no-run", "--yes").exit_code == 0
    write(tmp_path, {"app/a.py": silent, "tests/new.py": silent, "tests/old.py": silent})

    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise"]
    files = ["app/a.py", "tests/new.py", "tests/old.py"]
    done = subprocess.run(
        [*command, *files], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert [line.partition(" `")[0].partition(" Do ")[0] for line in done.stdout.splitlines()] == [
        "tests/new.py:3:1: S110",
        "tests/new.py:3:8: BLE001",
        "tests/old.py:3:8: BLE001",
        "Found 3 errors.",
    ]


@pytest.mark.parametrize("how", ["--no-ruff", "an answer"])
def test_they_can_be_declined(tmp_path: Path, how: str) -> None:
    write(tmp_path, {**APP, "pyproject.toml": RUFF})

    if how == "--no-ruff":
        result = init(tmp_path, "--no-run", "--yes", how)
    else:
        result = init(tmp_path, "--no-run", answers="n\ny\n")

    assert result.exit_code == 0, result.output
    assert (tmp_path / "tests" / "conftest.py").exists()
    assert not (tmp_path / "tests" / "ruff.toml").exists()


@pytest.mark.parametrize(
    "other",
    {
        "no ruff": {"pyproject.toml": ""},
        "everything is selected": {"ruff.toml": 'lint.select = ["ALL"]\n'},
        "the tests have a configuration": {"pyproject.toml": RUFF, "tests/ruff.toml": ""},
        "what is ignored stays so": {
            "ruff.toml": 'select = ["PGH", "B", "PT", "F", "RUF", "PL"]\n'
            'lint.ignore = ["S110", "BLE"]\n'
        },
    }.values(),
)
def test_nothing_is_offered(tmp_path: Path, other: dict[str, str]) -> None:
    write(tmp_path, {**APP, **other})
    before = (tmp_path / "tests" / "ruff.toml").exists()

    result = init(tmp_path, "--no-run", answers="y\n")

    assert result.exit_code == 0, result.output
    assert "ruff:" not in result.stdout
    assert (tmp_path / "tests" / "ruff.toml").exists() == before


def test_a_broken_configuration_of_ruff_is_named(tmp_path: Path) -> None:
    write(tmp_path, {**APP, "ruff.toml": "select = [\n"})

    result = init(tmp_path, "--yes")

    assert result.exit_code == 2
    assert f"{tmp_path / 'ruff.toml'} cannot be read: " in result.stderr
