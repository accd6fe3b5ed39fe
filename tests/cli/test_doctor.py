"""`understudy doctor` tells what works, with the project's own pytest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from understudy.cli import main
from understudy.mysql_server.address import Address

from .conftest import understudy, write

BROKEN = {
    "pyproject.toml": """
        [tool.understudy]
        app = "src.main:app"
        schema = ["schema.sql"]
        postgres_url = "postgresql://ana:secret@127.0.0.1:1/postgres"
        real_postgres_env = {API_KEY = "hidden"}
    """,
    "schema.sql": "CREATE TABLE things (id int);",
    "src/__init__.py": "",
    "src/main.py": "import no_such_module\n",
    "tests/test_it.py": "def test_it():\n    assert True\n",
    "tests/test_async.py": "async def test_waits():\n    assert True\n",
    "tests/test_other.py": "import no_such_module_either\n",
}


def doctor(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.chdir(folder)
    return CliRunner().invoke(main, ["doctor", *arguments])


def checks(result: Result) -> dict[str, tuple[str, str]]:
    found = json.loads(result.stdout)["checks"]
    return {check["name"]: (check["state"], check["text"]) for check in found}


@pytest.mark.slow
def test_a_project_that_works(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = doctor(project, monkeypatch)

    assert result.exit_code == 0
    assert "  schema = schema.sql\n" in result.stdout
    assert "3 collected; 1 with real_postgres\n" in result.stdout
    assert "1 table, loaded into PostgreSQL " in result.stdout
    assert "-   catalog" in result.stdout
    assert result.stdout.endswith("\nEverything that is configured works.\n")
    assert not (project / "tests" / "understudy-catalog").exists()


@pytest.mark.slow
def test_each_problem_is_told_with_its_reason(tmp_path: Path) -> None:
    write(tmp_path, BROKEN)

    result = understudy("doctor", cwd=tmp_path)

    assert result.returncode == 1
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert "NO  tests       2 collected; none with a fixture of Understudy" in lines
    assert "1 async that no plugin runs, such as tests/test_async.py::test_waits" in lines
    assert (
        "tests/test_other.py: ModuleNotFoundError: No module named 'no_such_module_either'" in lines
    )
    assert any(line.startswith("NO  app") and "'src.main:app' cannot be" in line for line in lines)
    assert any(line.startswith("NO  schema") and "127.0.0.1" in line for line in lines)
    assert lines[-1] == "3 problems, marked NO."
    assert "secret" not in result.stdout
    assert "hidden" not in result.stdout


@pytest.mark.slow
def test_a_project_on_mysql(
    mysql_server: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = f'mysql_schema = ["schema.sql"]\nmysql_url = "{mysql_server.url}"'
    write(
        tmp_path,
        {
            "pyproject.toml": f"[tool.understudy]\n{settings}\n",
            "schema.sql": "CREATE TABLE things (id int);",
            "tests/test_it.py": "def test_it(real_mysql):\n    assert True\n",
        },
    )

    result = doctor(tmp_path, monkeypatch, "--format", "json")

    assert result.exit_code == 0
    found = checks(result)
    assert found["tests"] == ("ok", "1 collected; 1 with real_mysql")
    state, text = found["mysql_schema"]
    assert (state, text.split(" loaded into ")[0]) == ("ok", "1 table,")
    assert found["MySQL"] == ("ok", "the server of mysql_url")
    assert found["catalog"][1].startswith("tests/understudy-catalog-mysql does not exist yet")
    assert not {"schema", "PostgreSQL"} & set(found)


def test_without_running_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {**BROKEN, "tests/understudy-catalog": "not a catalog\n"})

    result = doctor(tmp_path, monkeypatch, "--no-run", "--format", "json")

    assert result.exit_code == 1
    found = checks(result)
    assert found["catalog"][0] == "problem"
    assert found["PostgreSQL"] == ("ok", "the server of postgres_url")
    assert "tests" not in found
    settings = json.loads(result.stdout)["settings"]
    assert settings["postgres_url"] == "postgresql://ana:***@127.0.0.1:1/postgres"
    assert settings["real_postgres_env"] == "sets API_KEY"


def test_settings_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"pyproject.toml": "[tool.understudy]\nshema = 'db'\n"})

    result = doctor(tmp_path, monkeypatch)

    assert result.exit_code == 1
    assert "NO  settings  " in result.stdout
    assert "has no key 'shema'. Did you mean 'schema'?" in result.stdout


@pytest.mark.slow
def test_a_folder_without_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = doctor(tmp_path, monkeypatch, "--format", "json")

    assert result.exit_code == 0
    found = checks(result)
    assert found["tests"] == ("off", "0 collected; none with a fixture of Understudy")
    assert found["app"][0] == "off"


@pytest.mark.slow
def test_a_pytest_that_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"conftest.py": "raise RuntimeError('no way')\n"})

    found = checks(doctor(tmp_path, monkeypatch, "--format", "json"))

    state, text = found["tests"]
    assert state == "problem"
    assert text.startswith("pytest ended with exit code 4:\n")
    assert "RuntimeError: no way" in text
