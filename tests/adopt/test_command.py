"""The command `understudy adopt`: what it prints, asks and writes."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from understudy.adopt.plan import make_plans
from understudy.cli import main

from .projects import MYSQL_PROJECT, PROJECT, write

CONFTEST = """
    import pytest
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    from app.models import Base


    @pytest.fixture
    def session():
        engine = create_engine("sqlite:///:memory:")
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            yield session
"""
TESTS = """
    from app.models import User
    from sqlalchemy import text


    def test_add(session):
        session.add(User(email="ana@example.com"))
        session.commit()


    def test_a_text_for_a_number(session):
        session.execute(text("SELECT * FROM users WHERE id = 'first'"))


    def test_a_function_of_sqlite(session):
        session.execute(text("SELECT ifnull(NULL, 1)"))


    def test_what_fails_anyway():
        assert not "this"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {name: text for name, text in PROJECT.items() if name != "tests/schema.py"}
    files |= {"tests/conftest.py": CONFTEST, "tests/test_users.py": TESTS}
    return write(tmp_path / "shop", files)


def adopt(folder: Path, *arguments: str, answers: str | None = None) -> Result:
    return CliRunner().invoke(
        main, ["adopt", str(folder), *arguments], prog_name="understudy", input=answers
    )


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def test_diff_writes_nothing(project: Path) -> None:
    result = adopt(project, "--diff")

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(
        "Tests on SQLite:\n"
        "  an engine in session()  tests/conftest.py:10\n"
        "\n--- tests/conftest.py\n"
    )
    assert '+schema = "tests.schema:create"\n' in result.stdout
    assert result.stdout.endswith(
        "\nNothing was written. To try the tests and write: understudy adopt\n"
    )
    assert "sqlite" in (project / "tests/conftest.py").read_text(encoding="utf-8")


def test_no_writes_nothing(project: Path) -> None:
    result = adopt(project, "--no-run", answers="n\n")

    assert result.exit_code == 1
    assert result.stderr == "\nNothing was written.\n"
    assert not (project / "tests/schema.py").exists()


def test_yes_writes_and_a_second_run_finds_nothing(project: Path) -> None:
    result = adopt(project, "--no-run", answers="y\n")

    assert result.exit_code == 0, result.output
    assert "\nWrite these 3 files? [y/N]: y\n" in result.stdout
    assert result.stdout.endswith(
        "\nWritten:\n  tests/conftest.py (changed)\n  tests/schema.py\n  pyproject.toml (changed)\n"
        "\nNext: pytest\n"
    )
    assert adopt(project).stdout == "Nothing to adopt was found in the tests.\nNothing to do.\n"


def test_a_file_that_git_does_not_have_is_not_changed(project: Path) -> None:
    git(project, "init", "-q")
    git(project, "add", "pyproject.toml")
    git(project, "commit", "-qm", "first")

    refused = adopt(project, "--yes", "--no-run")
    allowed = adopt(project, "--yes", "--no-run", "--allow-dirty")

    assert refused.exit_code == 2
    assert refused.stderr == (
        "Error: Git does not have these files as they are, so it could not restore them:\n"
        f"  {project / 'tests/conftest.py'}\n"
        "Nothing was written. Commit them, or add --allow-dirty.\n"
    )
    assert allowed.exit_code == 0, allowed.output


def test_a_setting_with_another_value_stays(project: Path) -> None:
    with (project / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('\n[tool.understudy]\nreal_postgres_env = {OTHER = "{dsn}"}\n')
    write(
        project,
        {
            "tests/conftest.py": """
            from sqlalchemy import create_engine

            engine = create_engine("sqlite://")
            """
        },
    )

    result = adopt(project, "--diff")

    assert result.exit_code == 2
    assert result.stderr == (
        f"Error: real_postgres_env in [tool.understudy] of {project / 'pyproject.toml'} has "
        "another value. Nothing was written.\n"
        "Put this line there, and run this again:\n"
        '  real_postgres_env = {TEST_DATABASE_URL = "{dsn:psycopg}"}\n'
    )


def test_json(project: Path) -> None:
    result = adopt(project, "--diff", "--format", "json")

    said = json.loads(result.stdout)
    assert said["adoptions"][0]["found"] == [
        {"path": "tests/conftest.py", "line": 10, "what": "an engine in session()"}
    ]
    assert [file["path"] for file in said["files"]] == [
        "tests/conftest.py",
        "tests/schema.py",
        "pyproject.toml",
    ]
    assert (said["trial"], said["written"]) == (None, False)


@pytest.mark.slow
def test_what_passes_on_sqlite_and_fails_on_postgresql(project: Path) -> None:
    result = adopt(project, "--yes", "--format", "json")

    assert result.exit_code == 0, result.output
    trial = json.loads(result.stdout)["trial"]
    assert trial["before"]["counts"] == {"failed": 1, "passed": 3}
    assert trial["after"]["counts"] == {"failed": 3, "passed": 1}
    assert [(cause["said"], cause["at"], cause["tests"]) for cause in trial["differences"]] == [
        (
            '22P02 invalid input syntax for type integer: "first"',
            "tests/test_users.py:11",
            ["tests/test_users.py::test_a_text_for_a_number"],
        ),
        (
            "42883 function ifnull(unknown, integer) does not exist",
            "tests/test_users.py:15",
            ["tests/test_users.py::test_a_function_of_sqlite"],
        ),
    ]
    assert "real_postgres" in (project / "tests/conftest.py").read_text(encoding="utf-8")


@pytest.mark.slow
def test_tests_that_do_not_run_as_they_are(project: Path) -> None:
    write(project, {"tests/test_users.py": "import nothing_of_this_name\n"})

    result = adopt(project, "--yes")

    assert result.exit_code == 2
    assert result.stderr.splitlines()[1].startswith("Error: The tests do not run as they are:")
    assert not (project / "tests/schema.py").exists()


def test_variables_of_tests_on_sqlite_and_on_a_server(project: Path) -> None:
    on_sqlite = """
        from sqlalchemy import create_engine

        engine = create_engine("sqlite:///./test.db")
    """
    on_a_server = """
        import pytest
        from sqlalchemy import create_engine

        SERVER_URL = "postgresql+psycopg://postgres:secret@localhost/test"


        @pytest.fixture
        def engine():
            return create_engine(SERVER_URL)
    """
    files = {"tests/conftest.py": on_sqlite, "tests/servers/conftest.py": on_a_server}

    [plan, *_] = make_plans(write(project, files))

    pyproject = next(one for one in plan.changes if one.path.name == "pyproject.toml")
    table = tomllib.loads(pyproject.after)["tool"]["understudy"]["real_postgres_env"]
    assert table == {
        "DATABASE_URL": "{dsn}",
        "TEST_DATABASE_URL": "{dsn:psycopg}",
        "SERVER_URL": "{dsn:psycopg}",
    }


ON_MYSQL = """
    import pytest
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
    from testcontainers.mysql import MySqlContainer

    from app.models import Base


    @pytest.fixture(scope="session")
    def container():
        with MySqlContainer("mysql:8.4") as mysql:
            yield mysql


    @pytest.fixture
    async def session(container):
        url = container.get_connection_url().replace("pymysql", "aiomysql")
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with AsyncSession(engine, expire_on_commit=False) as session:
            yield session
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.drop_all)
        await engine.dispose()
"""
TESTS_ON_MYSQL = """
    from sqlalchemy import func, select

    from app.models import User


    async def test_add(session):
        session.add(User(email="ana@example.com"))
        await session.commit()
        assert await session.scalar(select(func.count()).select_from(User)) == 1


    async def test_add_again(session):
        session.add(User(email="ana@example.com"))
        await session.commit()
        assert await session.scalar(select(func.count()).select_from(User)) == 1


    async def test_an_address_is_taken(session):
        session.add(User(email="ana@example.com"))
        await session.commit()
        session.add(User(email="ana@example.com"))
        await session.commit()
"""


@pytest.fixture
def on_mysql(tmp_path: Path) -> Path:
    files = {name: text for name, text in MYSQL_PROJECT.items() if name != "tests/schema.py"}
    files |= {"tests/conftest.py": ON_MYSQL, "tests/test_users.py": TESTS_ON_MYSQL}
    return write(tmp_path / "shop", files)


def test_diff_of_tests_on_mysql(on_mysql: Path) -> None:
    result = adopt(on_mysql, "--diff")

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(
        "Tests on testcontainers:\n"
        "  MySqlContainer in container()  tests/conftest.py:10\n"
        "Note:\n"
        "  The tests need no Docker: real_mysql starts the MariaDB or MySQL that is installed"
        " (docs/mysql.md).\n"
        '  With isolation = "delete", each test commits for real. Afterwards, its tables and their'
        " AUTO_INCREMENT are put back (docs/mysql.md).\n"
        "  The image is mysql:8.4: if the tests need that version, install it.\n"
        "\n--- tests/conftest.py\n"
    )
    assert (
        "+[tool.understudy]\n"
        '+isolation = "delete"\n'
        '+real_mysql_env = {DATABASE_URL = "{dsn:aiomysql}"}\n'
        '+mysql_schema = "tests.schema:create"\n'
    ) in result.stdout


@pytest.mark.slow
def test_what_fails_on_mysql(on_mysql: Path) -> None:
    result = adopt(on_mysql, "--yes")

    assert result.exit_code == 0, result.output
    assert "Running them on MySQL ...\n" in result.stderr
    before, after, *_ = result.stdout.partition("\nBefore ")[2].splitlines()
    assert before.startswith("         0 passed")
    assert after.startswith("MySQL           2 passed, 1 failed in ")
    assert (
        "\n\n1 test fails on real_mysql, and could not run before:\n\n"
        "1 test: 1062 Duplicate entry 'ana@example.com' for key 'email'\n"
        "  INSERT INTO users (email) VALUES (%s)\n"
        "  at tests/test_users.py:22\n"
    ) in result.stdout
