"""Run tests of MySQL's drivers on MariaDB and on `real_mysql`.

    python -m benchmarks.driver_suites.mysql aiomysql=/its/checkout asyncmy=/its/checkout

The tests come from a checkout of the driver's repository. They run against a MariaDB, and against
the server of `real_mysql` in front of another one, with isolation by deletion: the tests create and
drop tables, which isolation by rollback refuses. It prints how many tests pass on each, and each
test that passes on MariaDB and not on `real_mysql`.

aiomysql's tests need uvloop, and SQLAlchemy 1.3, for example in a folder on the PYTHONPATH.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.driver_suites import report
from benchmarks.driver_suites.suite_run import CONFTEST, Outcome, run
from understudy.mysql_server.address import Address, read_url
from understudy.mysql_server.admin import Admin
from understudy.mysql_server.databases import MysqlDatabases
from understudy.mysql_server.server import MysqlServer
from understudy.real_mysql.server import RealMysqlServer

MARIADB = "MariaDB"
REAL_MYSQL = "real_mysql"
TARGETS = (MARIADB, REAL_MYSQL)
PASSWORD = "secret"
# The names with which the suites connect. aiomysql's conftest connects to "mysql" first.
DATABASE = "test_pymysql"
_HOSTS = ("localhost", "127.0.0.1", "%")
_ROOT = "GRANT ALL ON *.* TO root@%s IDENTIFIED BY %s WITH GRANT OPTION"

# asyncmy's tests share a connection, and so a loop.
_ONE_LOOP = (
    *("-o", "asyncio_default_fixture_loop_scope=session"),
    *("-o", "asyncio_default_test_loop_scope=session"),
)


@dataclass(frozen=True)
class Suite:
    """A driver's suite.

    Attributes:
        arguments: pytest's arguments, in which {host}, {port} and {socket} stand for the server's.
        variables: environment variables.
        changes: what is replaced in its conftest.py: patterns, and what stands for them.
        conftest: where that is.
    """

    arguments: Sequence[str]
    variables: Mapping[str, str]
    changes: Mapping[str, str]
    conftest: str


SUITES = {
    "aiomysql": Suite(
        ["tests", "--mysql-unix-socket={socket}"],
        {"MYSQL_ROOT_PASSWORD": PASSWORD},
        {"db='mysql'": f"db='{DATABASE}'"},
        "tests/conftest.py",
    ),
    "asyncmy": Suite(
        ["tests", "-p", "pytest_asyncio.plugin", *_ONE_LOOP],
        {"MYSQL_PASS": PASSWORD},
        {"port=3306": "port={port}"},
        "conftest.py",
    ),
}


@contextmanager
def address(target: str) -> Iterator[Address]:
    """Start a server and yield its address, at which root logs in.

    Args:
        target: one of TARGETS.
    """
    if target == MARIADB:
        with MysqlServer() as server, Admin(server.address) as admin:
            for host in _HOSTS:
                admin.rows(_ROOT, host, PASSWORD)
            admin.rows(f"CREATE DATABASE {DATABASE}")
            yield server.address
        return
    databases = MysqlDatabases([], Path.cwd()).start()
    front = RealMysqlServer(lambda: databases.place, "delete", PASSWORD)
    front.database = DATABASE
    front.start()
    front.begin_test()
    try:
        yield read_url(front.socket_dsn)
    finally:
        front.stop()
        databases.stop()


def run_on(suite: Suite, checkout: Path, target: str) -> dict[str, Outcome]:
    """Run a suite against a target and return the outcome of each test."""
    with tempfile.TemporaryDirectory() as place, address(target) as server:
        folder = Path(place) / "suite"
        ignored = shutil.ignore_patterns(".git", *SUITES)  # the package is the installed one
        shutil.copytree(checkout, folder, ignore=ignored)
        names = {"host": server.host, "port": str(server.port), "socket": server.socket}
        conftest = folder / suite.conftest
        text = conftest.read_text(encoding="utf-8")
        for old, new in suite.changes.items():
            text = text.replace(old, new.format(**names))
        conftest.write_text(text + "\n\n" + CONFTEST, encoding="utf-8")
        arguments = [argument.format(**names) for argument in suite.arguments]
        return run(folder, arguments, suite.variables)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.driver_suites.mysql", description=__doc__
    )
    parser.add_argument("checkouts", nargs="+", metavar="suite=path", help=", ".join(SUITES))
    options = parser.parse_args(arguments)
    for name, _, path in (given.partition("=") for given in options.checkouts):
        if name not in SUITES:
            parser.error(f"no such suite: {name}; there are {', '.join(SUITES)}")
        found = {target: run_on(SUITES[name], Path(path), target) for target in TARGETS}
        print(report.table(name, found), flush=True)
        print("\n".join(report.differences(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
