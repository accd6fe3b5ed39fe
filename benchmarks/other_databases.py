"""Other packages that give a test a database: how to run the same test, and their requirements."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

from understudy.embedded import EmbeddedServer

SCHEMA = "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY, name text NOT NULL);\n"
# The variable with the folder in which npm installed the packages that py-pglite runs.
PGLITE_FOLDER = "PGLITE_FOLDER"
_NPM = "npm install @electric-sql/pglite@^0.3.0 @electric-sql/pglite-socket@^0.0.8"


@dataclass(frozen=True)
class OtherPackage:
    """Another package.

    Attributes:
        name: its name in the report.
        conftest: the conftest.py of a project that uses it.
        tests: the tests; COUNT stands for their number.
        missing: returns what is missing here and how to get it, "" if nothing is.
        running: a context in which the tests run.
    """

    name: str
    conftest: str
    tests: str
    missing: Callable[[], str]
    running: Callable[[], AbstractContextManager[object]] = nullcontext


def _package(module: str, install: str) -> str:
    return "" if importlib.util.find_spec(module) else f"python -m pip install {install}"


@contextmanager
def _embedded_server() -> Iterator[None]:
    """Start an embedded server, with its URL in the environment."""
    with EmbeddedServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERSTUDY_POSTGRES_URL", server.dsn())
        yield


def _pglite_missing() -> str:
    if missing := _package("py_pglite", "'py-pglite[sqlalchemy]' psycopg"):
        return missing
    if shutil.which("node") is None:
        return "Node.js, and npm with it"
    folder = os.environ.get(PGLITE_FOLDER)
    if folder is None or not (Path(folder) / "node_modules" / "@electric-sql").is_dir():
        return f"{_NPM}, and {PGLITE_FOLDER} set to the folder where you ran it"
    return ""


def _testcontainers_missing() -> str:
    if missing := _package("testcontainers", "'testcontainers[postgres]' psycopg"):
        return missing
    try:
        done = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return "Docker"
    return "" if done.returncode == 0 else "a running Docker daemon"


OTHER_PACKAGES = (
    OtherPackage(
        "on pytest-postgresql",
        """\
import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pytest_postgresql import factories

url = urlsplit(os.environ["UNDERSTUDY_POSTGRES_URL"])
where = parse_qs(url.query)
server = factories.postgresql_noproc(
    host=where["host"][0], port=where["port"][0], user=url.username, load=[Path("schema.sql")]
)
postgresql = factories.postgresql("server")
""",
        """\
import pytest


@pytest.mark.parametrize("number", range(COUNT))
def test_on_other(postgresql, number):
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO users (name) VALUES ('Ana')")
        assert cursor.execute("SELECT count(*) FROM users").fetchone() == (1,)
""",
        lambda: _package("pytest_postgresql", "pytest-postgresql"),
        _embedded_server,
    ),
    OtherPackage(
        "on py-pglite, TRUNCATE",
        f"""\
import os
from pathlib import Path

import pytest
from py_pglite import PGliteConfig
from sqlalchemy import text


@pytest.fixture(scope="session")
def pglite_config():
    # A separate folder, since the package leaves files in it.
    Path("node_modules").symlink_to(Path(os.environ["{PGLITE_FOLDER}"]) / "node_modules")
    return PGliteConfig(work_dir=Path.cwd(), log_level="ERROR")


@pytest.fixture(scope="session", autouse=True)
def schema(pglite_engine):
    with pglite_engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS users"))
        connection.execute(text(Path("schema.sql").read_text()))
""",
        """\
import pytest
from sqlalchemy import text


@pytest.mark.parametrize("number", range(COUNT))
def test_on_other(pglite_session, number):
    pglite_session.execute(text("INSERT INTO users (name) VALUES ('Ana')"))
    assert pglite_session.execute(text("SELECT count(*) FROM users")).scalar() == 1
    pglite_session.commit()
""",
        _pglite_missing,
    ),
    OtherPackage(
        "on testcontainers, one container, rolled back",
        """\
from pathlib import Path

import psycopg
import pytest
from testcontainers.postgres import PostgresContainer


@pytest.fixture(scope="session")
def connection():
    with PostgresContainer("postgres:18-alpine", driver=None) as container:
        with psycopg.connect(container.get_connection_url()) as connection:
            connection.execute(Path("schema.sql").read_text())
            connection.commit()
            yield connection


@pytest.fixture
def rolled_back(connection):
    yield connection
    connection.rollback()
""",
        """\
import pytest


@pytest.mark.parametrize("number", range(COUNT))
def test_on_other(rolled_back, number):
    rolled_back.execute("INSERT INTO users (name) VALUES ('Ana')")
    assert rolled_back.execute("SELECT count(*) FROM users").fetchone() == (1,)
""",
        _testcontainers_missing,
    ),
)
