"""The command that runs the tests of MySQL's drivers; its results are in docs/conformance.md."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.driver_suites import mysql

CONFTEST = """\
import os

import pymysql
import pytest


def pytest_addoption(parser):
    parser.addoption("--mysql-unix-socket")


@pytest.fixture
def cursor(request):
    socket = request.config.getoption("--mysql-unix-socket")
    password = os.environ["MYSQL_ROOT_PASSWORD"]
    with pymysql.connect(user="root", password=password, unix_socket=socket, db='mysql') as made:
        yield made.cursor()
"""
TESTS = """\
def test_ddl(cursor):
    cursor.execute("CREATE TABLE made (id INT)")
    assert cursor.execute("INSERT INTO made VALUES (1)") == 1
    cursor.execute("DROP TABLE made")


def test_name(cursor):
    cursor.execute("SELECT DATABASE()")
    assert cursor.fetchone() == ("test_pymysql",)
"""


@pytest.mark.slow  # starts three servers, and pytest three times
@pytest.mark.usefixtures("mysql_server")  # it skips without one
def test_a_suite_runs_on_both_targets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/conftest.py").write_text(CONFTEST)
    (tmp_path / "tests/test_it.py").write_text(TESTS)

    assert mysql.main([f"aiomysql={tmp_path}"]) == 0

    table, _, differences = capsys.readouterr().out.partition("real_mysql | ")
    assert table == (
        "aiomysql                    passed  failed  skipped  not applicable\n"
        "  MariaDB                        2       0        0               0\n"
        "  real_mysql                     1       1        0               0\n"
    )
    assert differences.startswith("failed | tests.test_it.test_name: AssertionError: ")


def test_an_unknown_suite_is_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        mysql.main(["mysqlclient=."])

    assert capsys.readouterr().err.endswith(
        "error: no such suite: mysqlclient; there are aiomysql, asyncmy\n"
    )
