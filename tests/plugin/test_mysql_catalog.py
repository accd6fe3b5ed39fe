"""MySQL's catalog in whole runs: learned from a server once, read without one ever after."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

# Loaded once: pytester unloads what runs load.
import understudy.fake_mysql.fixture
import understudy.fake_mysql.server
import understudy.mysql_catalog.checks
import understudy.mysql_catalog.describer
import understudy.plugin.fake_mysql
import understudy.plugin.mysql_databases  # noqa: F401 # see above
from tests.mysql_places import installation_or_skip
from tests.plugin.conftest import Project

CONFIGURED = """
    [tool.understudy]
    mysql_schema = "schema.sql"

    [tool.pytest.ini_options]
    asyncio_mode = "auto"
    pythonpath = ["."]
"""
SCHEMA = "CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL);"
DAO = """
    import pymysql

    def connect(fake):
        return pymysql.connect(
            host=fake.host, port=fake.port, user=fake.user, password=fake.password,
            database=fake.database,
        )

    def name_of(connection, user):
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, name FROM users WHERE id = %s", (user,))
            return cursor.fetchone()

    def misspelt(connection):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT nmae FROM users")
        except pymysql.MySQLError:
            return None
"""
GOOD = """
    import dao

    def test_name(fake_mysql):
        fake_mysql.on("SELECT id, name FROM users WHERE id = %s", 7).row(id=7, name="Ana")
        connection = dao.connect(fake_mysql)
        assert dao.name_of(connection, 7) == (7, "Ana")
        connection.close()
"""
WRONG = """
    import dao
    import pytest

    @pytest.fixture
    def connection(fake_mysql):
        connection = dao.connect(fake_mysql)
        yield connection
        connection.close()

    def test_misspelt(fake_mysql, connection):
        fake_mysql.on("SELECT nmae FROM users").row(nmae="Ana")
        dao.misspelt(connection)

    def test_an_impossible_row(fake_mysql, connection):
        fake_mysql.on("SELECT id, name FROM users WHERE id = %s", 7).row(id="7", name=None)
        try:
            dao.name_of(connection, 7)
        except Exception:
            pass
"""
FILE = "tests/understudy-catalog-mysql"


@pytest.fixture
def suite(project: Project) -> Project:
    installation_or_skip()
    project.write_text(project.path / "schema.sql", SCHEMA)
    return project.configure(CONFIGURED).write(dao=DAO)


def understudy_catalog(suite: Project, *arguments: str) -> str:
    command = [sys.executable, "-m", "understudy", "catalog", *arguments]
    done = subprocess.run(command, cwd=suite.path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_command_lists_and_checks_the_file(suite: Project) -> None:
    suite.write(tests__test_it=GOOD)

    rebuilt = understudy_catalog(suite, "--rebuild")
    listed = understudy_catalog(suite)
    checked = understudy_catalog(suite, "--check", "--mysql")

    assert rebuilt == f"{FILE} was rewritten, with 1 statement.\n"
    assert re.fullmatch(
        rf"{FILE}: 1 statement, described by MariaDB [\d.]+\n"
        r"SELECT id, name FROM users WHERE id = \?\n"
        r"    takes    int\(11\)\n"
        r"    returns  id int\(11\) not null, name varchar\(40\) not null\n",
        listed,
    )
    assert checked == f"{FILE}: 1 the same, 0 missing, 0 changed, 0 unused\n"


def test_a_second_run_needs_no_server(suite: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.write(tests__test_it=GOOD)

    first = suite.run()

    first.assert_outcomes(passed=1)
    first.stdout.fnmatch_lines([f"1 statement checked by MariaDB 1*; 1 new in {FILE}"])
    header, *_, statement = (suite.path / FILE).read_text(encoding="utf-8").splitlines()
    assert header.startswith('{"understudy": 1, "server": "MariaDB 1')
    assert statement.startswith('{"sql": "SELECT id, name FROM users WHERE id = ?"')

    monkeypatch.setenv("UNDERSTUDY_MYSQL_BINARIES", str(suite.path))  # no server there
    second = suite.run("--understudy-locked")

    second.assert_outcomes(passed=1)
    second.stdout.fnmatch_lines(["1 statement checked by MariaDB 1*"])


@pytest.mark.slow
def test_what_the_app_catches_fails_the_test(suite: Project) -> None:
    suite.write(tests__test_it=WRONG)

    result = suite.run()

    assert result.parseoutcomes()["failed"] == 2
    result.stdout.fnmatch_lines(
        [
            "*StatementRefused: MariaDB refuses this statement (1054 ER_BAD_FIELD_ERROR)*",
            "*Unknown column 'nmae' in 'SELECT'*",
            "*HINT: Did you mean 'name'?*",
            "*AnswerImpossible: the statement could not return this: * differ*",
            "*users.name is never NULL here*",
        ]
    )
