"""What keeps `understudy init` from its work: one clear message, and nothing lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from understudy import atomic_write
from understudy.cli import main
from understudy.init import saving

from .projects import contents, write

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"
SIMPLE = {
    "main.py": APP,
    "schema.sql": "CREATE TABLE t (id int);\n",
    "requirements.txt": "asyncpg\n",
}
WITH_MODEL = {
    **SIMPLE,
    "main.py": """
        from fastapi import FastAPI
        from pydantic import BaseModel

        app = FastAPI()


        class Thing(BaseModel):
            name: str
    """,
}


def init(folder: Path, *arguments: str, input: str | None = None) -> Result:
    return CliRunner().invoke(
        main, ["init", str(folder), *arguments], prog_name="understudy", input=input
    )


def refused(folder: Path, *arguments: str) -> str:
    """Run the command, which must fail and change nothing, and return its error."""
    before = contents(folder) if folder.is_dir() else None
    result = init(folder, *arguments)
    assert result.exit_code == 2, result.output
    assert (contents(folder) if folder.is_dir() else None) == before
    return result.stderr.removeprefix("Error: ").rstrip("\n")


def test_no_folder(tmp_path: Path) -> None:
    assert refused(tmp_path / "none") == (
        f"{tmp_path}/none is not a folder. Name the folder of a project."
    )


def test_no_app(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "print('no')\n", "broken.py": "def (\n", "tests/test_a.py": APP})

    assert refused(tmp_path, "--yes") == (
        f"Nothing to test was found in {tmp_path}: looked in 2 Python files for an app of "
        "FastAPI,\n"
        "Starlette, Litestar, Quart, BlackSheep or Falcon, for a function that returns one, and\n"
        "for imports of a driver of PostgreSQL or MySQL, or of SQLAlchemy.\n"
        "Name the folder of your project: understudy init path/to/backend\n"
        "Left out:\n"
        "  broken.py: line 1 is not valid Python: invalid syntax"
    )


def test_a_broken_pyproject(tmp_path: Path) -> None:
    write(tmp_path, {**SIMPLE, "pyproject.toml": "[tool\n"})

    said = refused(tmp_path, "--yes")

    assert said.startswith(f"{tmp_path}/pyproject.toml cannot be read: ")
    assert said.endswith("\nNothing was written. Fix the file first.")


def test_a_pyproject_in_another_encoding(tmp_path: Path) -> None:
    write(tmp_path, SIMPLE)
    (tmp_path / "pyproject.toml").write_bytes("# é".encode("latin-1"))

    result = init(tmp_path, "--yes")

    assert result.exit_code == 2
    assert f"{tmp_path}/pyproject.toml cannot be read: 'utf-8' codec" in result.stderr


def test_a_broken_pytest_ini(tmp_path: Path) -> None:
    write(tmp_path, {**SIMPLE, "pytest.ini": "no section\n"})

    assert refused(tmp_path, "--yes").startswith(
        f"{tmp_path}/pytest.ini cannot be read: File contains no section headers."
    )


def test_understudy_is_no_table(tmp_path: Path) -> None:
    write(tmp_path, {**SIMPLE, "pyproject.toml": 'tool.understudy = "yes"\n'})

    assert refused(tmp_path, "--yes") == (
        f"{tmp_path}/pyproject.toml: tool.understudy is not a table. Write it as [tool.understudy]."
    )


def test_a_table_to_which_nothing_can_be_added(tmp_path: Path) -> None:
    write(tmp_path, {**SIMPLE, "pyproject.toml": 'tool = { understudy = { locale = "pt_BR" } }\n'})

    assert refused(tmp_path, "--yes", "--no-run") == (
        f"{tmp_path}/pyproject.toml has no line [tool.understudy] to put settings below."
        " Nothing was written.\n"
        "Put these lines there, and run this again:\n"
        '  app = "main:app"\n'
        '  schema = ["schema.sql"]\n'
        '  driver = "asyncpg"'
    )


def test_a_tool_table_that_is_closed(tmp_path: Path) -> None:
    write(tmp_path, {**SIMPLE, "pyproject.toml": "tool = {}\n"})

    said = refused(tmp_path, "--yes", "--no-run")

    assert said.startswith(f"[tool.understudy] cannot be added to {tmp_path}/pyproject.toml (")
    assert said.endswith(
        "). Nothing was written.\n"
        "Put these settings there, and run this again:\n"
        '  app = "main:app"\n'
        '  schema = ["schema.sql"]\n'
        '  driver = "asyncpg"'
    )


@pytest.mark.skipif(os.name == "nt", reason="folders are not closed by their mode there")
def test_a_folder_that_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, SIMPLE)

    # root writes wherever it likes, so the system's refusal is brought in here
    def closed(self: Path, content: bytes) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(atomic_write, "_write", closed)

    assert refused(tmp_path, "--yes", "--no-run") == (
        f"Cannot write {tmp_path}/tests/fakes.py: Permission denied. Nothing was changed."
    )
    assert not (tmp_path / "tests").exists()


def test_a_failure_in_the_middle_undoes_what_was_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {**SIMPLE, "pyproject.toml": "[project]\nname = 'x'\n"})
    replace = Path.replace

    def fails_late(self: Path, target: Path) -> Path:
        if target.name == "tests.yml":
            raise OSError(28, "No space left on device", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails_late)

    said = refused(tmp_path, "--yes", "--no-run")

    assert said == (
        f"Cannot write {tmp_path}/.github/workflows/tests.yml: No space left on device."
        " Nothing was changed."
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "main.py",
        "pyproject.toml",
        "requirements.txt",
        "schema.sql",
    ]


def test_a_file_that_changed_since_it_was_read(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("theirs")

    with pytest.raises(saving.InitError) as raised:
        saving.save([saving.Change(file, "as it was read", "ours")])

    assert str(raised.value) == (
        f"{file} has changed since it was read. Nothing was written; run this again."
    )
    assert file.read_text() == "theirs"


def test_files_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, {**SIMPLE, "null.py": "a\0b\n"})
    (tmp_path / "latin.py").write_bytes("x = 'é'\n".encode("latin-1"))
    (tmp_path / "huge.py").write_text("#" * 2_100_000)
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "nowhere.py").symlink_to(tmp_path / "nowhere.py")
    os.mkfifo(tmp_path / "pipe.py")

    result = init(tmp_path, "--diff", "--no-run")

    assert result.exit_code == 0, result.output
    left_out = result.stdout.partition("Left out:\n")[2].partition("\n\n")[0]
    assert [line.partition(": ")[0].strip() for line in left_out.splitlines()] == [
        "huge.py",
        "latin.py",
        "nowhere.py",
        "null.py",
        "pipe.py",
    ]
    assert "  huge.py: 2.1 MB, and files above 2 MB are not parsed\n" in result.stdout
    assert "  pipe.py: not a regular file" in result.stdout


def test_a_file_with_an_encoding_of_its_own_is_read(tmp_path: Path) -> None:
    write(tmp_path, SIMPLE)
    text = f"# -*- coding: latin-1 -*-\n# é\n{APP}"
    (tmp_path / "main.py").write_bytes(text.encode("latin-1"))

    assert "  app      main:app" in init(tmp_path, "--diff", "--no-run").stdout


def test_side_effects_at_import_stay_in_the_copy(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": WITH_MODEL["main.py"]})
    with (tmp_path / "main.py").open("a") as file:
        file.write("\nopen('made_at_import.txt', 'w').close()\n")

    result = init(tmp_path, "--diff", "--timeout", "300")

    assert result.exit_code == 0, result.output
    assert "  dto      passes: tests/test_main_dto.py\n" in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["main.py"]


def test_code_that_hangs_at_import(tmp_path: Path) -> None:
    write(tmp_path, {**WITH_MODEL, "tests/conftest.py": "import time\ntime.sleep(3600)\n"})

    result = init(tmp_path, "--yes", "--timeout", "2")

    assert result.exit_code == 0, result.output
    assert "  dto      none: did not end within 2 s, at the start of pytest\n" in result.stdout
    assert "The schema was not tried: did not end within 2 s" in result.stdout
    assert (tmp_path / "tests" / "fakes.py").exists()
    assert not (tmp_path / "tests" / "test_main_dto.py").exists()


def test_code_that_fails_at_import(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            **WITH_MODEL,
            "main.py": WITH_MODEL["main.py"] + "\n\n        import sys; sys.exit('no database')\n",
            "schema.sql": "CREATE TABLE t (id nonsense);\n",
        },
    )

    result = init(tmp_path, "--yes", "--timeout", "300")

    assert result.exit_code == 0, result.output
    assert "  dto      none: SystemExit: no database\n" in result.stdout
    written = (tmp_path / "pyproject.toml").read_text()
    assert written.startswith(
        "[tool.understudy]\n"
        'app = "main:app"\n'
        'driver = "asyncpg"\n'
        "# TODO schema: SQL, 1 file with CREATE TABLE (schema.sql:1) could not be loaded:\n"
        "# PostgreSQL refused the schema file schema.sql, line 1, column 20\n"
        "#   CREATE TABLE t (id nonsense);\n"
        "#                      ^\n"
        '# ERROR 42704 (undefined_object): type "nonsense" does not exist\n'
        '# schema = "db/schema.sql"\n'
    )
