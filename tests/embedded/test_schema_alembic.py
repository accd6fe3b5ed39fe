"""The configurations of Alembic that projects have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.embedded.test_schema_sources import (
    _CREATE,
    _SYNC_ENV,
    _alembic_project,
    _load,
    _tables,
)

from understudy.embedded import EmbeddedServer, SchemaError
from understudy.embedded.schema_sources import schema_sources

_TEXT = "[alembic]\nscript_location = {location}\n"


@pytest.mark.parametrize(
    ("location", "scripts"),
    [
        pytest.param("%(here)s/migrations", "src/app/migrations", marks=pytest.mark.slow),
        pytest.param("migrations", "src/app/migrations", marks=pytest.mark.slow),
        ("src/app/migrations", "src/app/migrations"),  # as seen from the project's folder
        pytest.param("app:migrations", "src/app/migrations", marks=pytest.mark.slow),
        ("app.db:migrations", "src/app/db/migrations"),
    ],
)
def test_an_ini_file_elsewhere(tmp_path: Path, database: str, location: str, scripts: str) -> None:
    _alembic_project(tmp_path, "from app.models import NAME\n" + _SYNC_ENV, _CREATE)
    (tmp_path / "alembic.ini").unlink()
    (tmp_path / "src/app/db").mkdir(parents=True)
    for folder in ("src/app", "src/app/db"):
        (tmp_path / folder / "__init__.py").write_text("")
    (tmp_path / "src/app/models.py").write_text("NAME = 'users'")
    (tmp_path / "migrations").rename(tmp_path / scripts)
    ini = tmp_path / "src/app/alembic.ini"
    ini.write_text(_TEXT.format(location=location) + "prepend_sys_path = .:src:..\n")

    files = _load(tmp_path, "alembic:src/app/alembic.ini", database)

    assert _tables(database) == ["alembic_version", "users"]
    assert {file.name for file in files} == {"env.py", "r0.py"}


def test_an_ini_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SchemaError) as failure:
        schema_sources(["alembic:db/alembic.ini"], tmp_path)[0].check()

    assert str(failure.value) == (
        'The schema is "alembic:db/alembic.ini", but there is no file db/alembic.ini in '
        f"{tmp_path}.\n"
        'Write the path of the configuration, such as "alembic:src/app/alembic.ini".'
    )


def test_an_ini_file_is_no_function(tmp_path: Path, database: str) -> None:
    _alembic_project(tmp_path, _SYNC_ENV, _CREATE)

    _load(tmp_path, "alembic:alembic.ini", database)

    assert "users" in _tables(database)


@pytest.mark.parametrize(
    "setting", ["alembic", pytest.param("alembic:pyproject.toml", marks=pytest.mark.slow)]
)
def test_options_in_pyproject(tmp_path: Path, database: str, setting: str) -> None:
    env = "from sqlalchemy import create_engine\n" + _SYNC_ENV.replace(
        'engine_from_config(\n    context.config.get_section("alembic"), prefix="sqlalchemy.", '
        "poolclass=pool.NullPool\n)",
        'create_engine(context.config.get_main_option("sqlalchemy.url"))',
    )
    _alembic_project(tmp_path, env, _CREATE)
    (tmp_path / "alembic.ini").unlink()
    (tmp_path / "pyproject.toml").write_text(
        '[tool.alembic]\nscript_location = "%(here)s/migrations"\n'
    )

    _load(tmp_path, setting, database)

    assert _tables(database) == ["alembic_version", "users"]


def test_several_heads(tmp_path: Path, database: str) -> None:
    _alembic_project(tmp_path, _SYNC_ENV, _CREATE, 'op.execute("CREATE TABLE a (id int)")')
    (tmp_path / "migrations/versions/branch.py").write_text(
        "from alembic import op\nrevision = 'branch'\ndown_revision = 'r0'\n\n"
        "def upgrade():\n    op.execute('CREATE TABLE b (id int)')\n"
    )

    _load(tmp_path, "alembic", database)

    assert _tables(database) == ["a", "alembic_version", "b", "users"]


_SETTINGS = """
import os
from alembic import context
import psycopg
from pydantic import PostgresDsn
from pydantic_settings import BaseSettings
from sqlalchemy import create_engine

class Settings(BaseSettings):
    database_url: PostgresDsn
    database_host: str

url = str(Settings().database_url)
with psycopg.connect(url) as connection:
    connection.execute("CREATE SCHEMA IF NOT EXISTS audit")
assert Settings().database_host == os.environ["PGHOST"]
context.config.set_main_option("sqlalchemy.url", url.replace("postgresql:", "postgresql+psycopg:"))
arguments = context.get_x_argument(as_dictionary=True)
assert not getattr(context.config.cmd_opts, "autogenerate", False) and arguments == {}
engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_an_env_that_reads_settings_gets_the_database(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@192.0.2.1:1/production")
    _alembic_project(tmp_path, _SETTINGS, 'op.execute("CREATE TABLE audit.log (id int)")')

    _load(tmp_path, "alembic", database, DATABASE_URL="{dsn}", DATABASE_HOST="{host}")

    assert _tables(database) == ["alembic_version", "log"]


@pytest.mark.parametrize("escaped", [pytest.param(True, marks=pytest.mark.slow), False])
def test_a_percent_sign_in_the_url(tmp_path: Path, server: EmbeddedServer, escaped: bool) -> None:
    env = (
        'import os\nfrom alembic import context\nurl = os.environ["UNDERSTUDY_SCHEMA_DSN"]\n'
        + ('url = url.replace("%", "%%")\n' if escaped else "")
        + 'context.config.set_main_option("sqlalchemy.url", url)\n'
        + _SYNC_ENV
    ).replace("os.environ", "os.environ")
    ini_url = "postgresql://me:p%40ss@192.0.2.1/x"
    _alembic_project(tmp_path, env.replace("url)", 'url.replace("ql:", "ql+psycopg:"))'), _CREATE)
    text = (tmp_path / "alembic.ini").read_text()
    (tmp_path / "alembic.ini").write_text(text.replace("driver://user@host/db", ini_url))
    server.admin.create("100% mine")
    try:
        dsn = server.dsn("100% mine")
        assert "%25" in dsn
        _load(tmp_path, "alembic", dsn)

        assert "users" in _tables(dsn)
    finally:
        server.admin.drop("100% mine")


@pytest.mark.parametrize(
    ("files", "setting", "told"),
    [
        ({"schema.py": "def create(dsn): Base.metadata.create_all(dsn)"}, "schema:create", True),
        (
            {"schema.py": "def create(dsn): run(go)\ndef go(): M.create_all()"},
            "schema:create",
            True,
        ),
        (
            {"schema.py": "def create(dsn): run_sql()\ndef other(): M.create_all()"},
            "schema:create",
            False,
        ),
        ({"schema.sql": "CREATE TABLE t ()"}, "schema.sql", False),
    ],
)
def test_whether_a_schema_comes_from_the_models(
    tmp_path: Path, files: dict[str, str], setting: str, told: bool
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    (source,) = schema_sources([setting], tmp_path)

    assert source.models() == (f"{setting} calls create_all" if told else None)


@pytest.mark.parametrize("body", [_CREATE, "Base.metadata.create_all(op.get_bind())"])
def test_whether_a_migration_takes_the_models(tmp_path: Path, body: str) -> None:
    _alembic_project(tmp_path, _SYNC_ENV, body)

    (source,) = schema_sources(["alembic"], tmp_path)

    expected = "migrations/versions/r0.py calls create_all" if "create_all" in body else None
    assert source.models() == expected


def test_sqlalchemy_without_greenlet() -> None:
    """A project without async engines has none: `sqlalchemy.ext.asyncio` cannot be imported."""
    program = (
        "import sys; sys.modules['greenlet'] = None\n"
        "from sqlalchemy.engine import make_url\n"
        "from understudy.embedded.run_alembic import _redirect_engines\n"
        "_redirect_engines(make_url('postgresql+psycopg://127.0.0.1/x'))\n"
        "import sqlalchemy\n"
        "print(sqlalchemy.create_engine.__wrapped__.__name__)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("create_engine\n", "")
