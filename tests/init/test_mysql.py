"""Projects on MySQL or MariaDB."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from understudy.cli import main
from understudy.init import look, workflow
from understudy.init.configuration import configuration
from understudy.init.database_kind import MYSQL, POSTGRES
from understudy.init.example_driver import recordings
from understudy.init.questions import decide
from understudy.init.scaffold import extras

from .projects import write

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"
SCHEMA = "CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY) ENGINE = InnoDB;\n"


def settings(folder: Path, files: dict[str, str]) -> dict[str, object]:
    """[tool.understudy] as it would be written."""
    findings = look(write(folder, {"main.py": APP, "schema.sql": SCHEMA, **files}))
    config = configuration(findings, decide(findings, {}))
    [text] = [new.text for new in config.files if new.path.name == "pyproject.toml"]
    table: dict[str, object] = tomllib.loads(text)["tool"]["understudy"]
    return table


@pytest.mark.parametrize(
    ("files", "driver"),
    [
        ({"db.py": "import aiomysql\n"}, "aiomysql"),
        ({"db.py": "import aiomysql\nimport pymysql\n"}, "aiomysql"),
        ({"db.py": "import MySQLdb\n"}, "mysqlclient"),
        ({"db.py": "from mysql.connector import aio\n"}, "mysql-connector"),
        ({"db.py": 'URL = "mysql+asyncmy://localhost/a"\n'}, "asyncmy"),
        ({"db.py": 'URL = "mariadb+aiomysql://localhost/a"\n'}, "aiomysql"),
        ({"requirements.txt": "fastapi\ntortoise-orm\nasyncmy\n"}, "asyncmy"),
        ({"requirements.txt": "mysql-connector-python\n"}, "mysql-connector"),
    ],
)
def test_the_driver_tells_the_database(tmp_path: Path, files: dict[str, str], driver: str) -> None:
    findings = look(write(tmp_path, {"main.py": APP, **files}))

    assert findings.database is MYSQL
    assert findings.drivers[0].name == driver


@pytest.mark.parametrize(
    "files",
    [
        {"db.py": "import asyncpg\nimport aiomysql\n"},
        {"requirements.txt": "tortoise-orm\n"},
        {"db.py": 'URL = "mysql+unknown://localhost/a"\n'},
        {},
    ],
)
def test_a_project_that_is_not_certainly_on_mysql(tmp_path: Path, files: dict[str, str]) -> None:
    assert look(write(tmp_path, {"main.py": APP, **files})).database is POSTGRES


def test_settings_for_a_url(tmp_path: Path) -> None:
    config = (
        "import aiomysql\nimport os\nfrom sqlalchemy.ext.asyncio import create_async_engine\n\n"
        'MYSQL_URL = os.environ["MYSQL_URL"]\nPOSTGRES_URL = os.environ.get("POSTGRES_URL", "")\n'
    )

    assert settings(tmp_path, {"config.py": config}) == {
        "app": "main:app",
        "mysql_schema": ["schema.sql"],
        "driver": "aiomysql",
        "fake_mysql_env": {"MYSQL_URL": "{dsn:aiomysql}"},
        "real_mysql_env": {"MYSQL_URL": "{dsn:aiomysql}"},
    }


def test_settings_for_the_parts_of_an_address(tmp_path: Path) -> None:
    names = ("HOST", "PORT", "USER", "PASSWORD", "DATABASE")
    config = "import os\nimport asyncmy\n\n" + "".join(
        f'{name} = os.environ["MYSQL_{name}"]\n' for name in names
    )

    assert settings(tmp_path, {"config.py": config})["real_mysql_env"] == {
        "MYSQL_HOST": "{host}",
        "MYSQL_PORT": "{port}",
        "MYSQL_USER": "{user}",
        "MYSQL_PASSWORD": "{password}",
        "MYSQL_DATABASE": "{database}",
    }


def test_the_name_of_the_driver_in_sqlalchemys_urls(tmp_path: Path) -> None:
    config = (
        "import os\nfrom mysql.connector import aio\n"
        "from sqlalchemy.ext.asyncio import create_async_engine\n\n"
        'DATABASE_URL = os.environ["DATABASE_URL"]\n'
    )

    assert settings(tmp_path, {"config.py": config})["real_mysql_env"] == {
        "DATABASE_URL": "{dsn:mysqlconnector}"
    }


def test_conftest_and_extra_name_what_is_for_mysql(tmp_path: Path) -> None:
    findings = look(write(tmp_path, {"main.py": APP, "db.py": "import aiomysql\n"}))
    config = configuration(findings, decide(findings, {}))

    [conftest] = [new.text for new in config.files if new.path.name == "conftest.py"]
    assert "fake_mysql and real_mysql" in conftest
    assert extras("fastapi", "aiomysql", findings.database) == "understudy[fastapi,faker,mysql]"


MODELS = (
    "from sqlalchemy.ext.asyncio import create_async_engine\n"
    "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n\n"
    'engine = create_async_engine("mysql+asyncmy://root@localhost/app")\n\n\n'
    "class Base(DeclarativeBase):\n    pass\n\n\n"
    "class User(Base):\n"
    '    __tablename__ = "users"\n    id: Mapped[int] = mapped_column(primary_key=True)\n'
)


def texts(folder: Path, files: dict[str, str]) -> dict[str, str]:
    """The files that would be written, by name."""
    findings = look(write(folder, {"main.py": APP, **files}))
    config = configuration(findings, decide(findings, {}))
    return {new.path.name: new.text for new in config.files}


def test_the_tables_of_models_are_made_with_the_driver_of_the_extra(tmp_path: Path) -> None:
    found = texts(tmp_path, {"models.py": MODELS})

    assert 'dsn.replace("mysql://", "mysql+pymysql://", 1)' in found["schema.py"]
    assert '`mysql_schema = "tests.schema:create"`' in found["schema.py"]


def test_fakes_are_those_that_mysql_has(tmp_path: Path) -> None:
    assert "FakeConnection" not in texts(tmp_path, {"models.py": MODELS})["fakes.py"]


@pytest.mark.parametrize("requirements", ["fastapi\nasyncmy\n", "anyio==3.7.1\nidna==3.4\n"])
def test_an_engine_of_a_module_needs_one_loop_for_all_tests(
    tmp_path: Path, requirements: str
) -> None:
    files = {"models.py": MODELS, "requirements.txt": requirements}
    pyproject = texts(tmp_path, files)["pyproject.toml"]

    assert 'asyncio_default_test_loop_scope = "session"' in pyproject


def test_the_workflow_installs_a_server_instead_of_a_service(tmp_path: Path) -> None:
    compose = "services:\n  db:\n    image: mysql:8\n  cache:\n    image: redis:7\n"
    findings = look(write(tmp_path, {"main.py": APP, "models.py": MODELS, "compose.yml": compose}))

    text = workflow.text(findings, "", "asyncmy")

    assert "apt-get install --yes mariadb-server-core\n" in text
    assert "docker compose up --detach --wait cache\n" in text


@pytest.mark.parametrize(
    ("driver", "source", "opening"),
    [
        ("asyncmy", "import asyncmy\n\nasync def get(x: asyncmy.Connection): ...",
         "conn = await fake_mysql.asyncmy.connect()"),
        ("aiomysql", "from aiomysql.pool import Pool\n\nasync def get(x: Pool): ...",
         "pool = await fake_mysql.aiomysql.pool()"),
        ("pymysql", "def get(conn): ...", "conn = fake_mysql.pymysql.connect()"),
        ("aiomysql", "async def get(conn): ...", "conn = await fake_mysql.aiomysql.connect()"),
        ("asyncmy", "async def get(pool): ...", "pool = await fake_mysql.asyncmy.pool()"),
        ("asyncmy", "from sqlalchemy.ext.asyncio import AsyncEngine as E\n\n"
         "async def get(x: E): ...", 'engine = fake_mysql.sqlalchemy.engine("asyncmy")'),
        ("mysqlclient", "def get(conn): ...", None),
        ("aiomysql", "import asyncpg\n\nasync def get(x: asyncpg.Pool): ...", None),
    ],
)  # fmt: skip
def test_what_a_dao_is_given(tmp_path: Path, driver: str, source: str, opening: str | None) -> None:
    findings = look(write(tmp_path, {"main.py": APP, "repositories.py": f"{source}\n"}))

    found = recordings(findings.layers["dao"], findings.modules, driver)

    assert [each.connection.line for each in found] == ([] if opening is None else [opening])


POOL_DAO = """
    import aiomysql


    class NoteMissing(Exception):
        pass


    class NoteRepository:
        def __init__(self, pool: aiomysql.Pool) -> None:
            self._pool = pool

        async def get(self, note_id: int) -> dict:
            async with self._pool.acquire() as conn, conn.cursor(aiomysql.DictCursor) as cursor:
                await cursor.execute(
                    "SELECT id, `text` FROM notes WHERE id = %s AND text <> '-'", (note_id,)
                )
                row = await cursor.fetchone()
            if row is None:
                raise NoteMissing(note_id)
            return row
"""
POOL_EXAMPLE = '''\
    fake_mysql.on(
        """
        SELECT id, `text` FROM notes WHERE id = %s AND text <> %s
        """,
        7,
        "-",
    ).rows()
    pool = await fake_mysql.aiomysql.pool()

    with pytest.raises(NoteMissing):
        await NoteRepository(pool=pool).get(note_id=7)

    assert len(fake_mysql.calls) == 1
'''
SESSION_DAO = """
    from sqlalchemy import update
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

    URL = "mysql+asyncmy://root@localhost/app"


    class Base(DeclarativeBase):
        pass


    class Note(Base):
        __tablename__ = "notes"
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str]


    async def rename(session: AsyncSession, note_id: int, name: str):
        await session.execute(update(Note).where(Note.id == note_id).values(text=name))
"""
SESSION_EXAMPLE = '''\
    fake_mysql.on(
        """
        UPDATE notes SET text=%s WHERE notes.id = %s
        """,
        "Ana",
        7,
    ).affected(1)

    async with AsyncSession(fake_mysql.sqlalchemy.engine("asyncmy")) as session:
        await rename(session=session, note_id=7, name="Ana")

    assert len(fake_mysql.calls) == 1
'''


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "example"), [(POOL_DAO, POOL_EXAMPLE), (SESSION_DAO, SESSION_EXAMPLE)]
)
def test_a_dao_gets_an_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, example: str
) -> None:
    notes = "CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(80) NOT NULL);\n"
    write(tmp_path, {"main.py": APP, "schema.sql": notes, "repositories.py": source})
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(main, ["init", "--yes", "--timeout", "300"])

    written = (tmp_path / "tests/test_repositories_dao.py").read_text(encoding="utf-8")
    assert result.exit_code == 0, result.output
    assert "dao      passes: tests/test_repositories_dao.py" in result.output
    assert written.endswith(example)
