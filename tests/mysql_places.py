"""The MySQL server of the tests: one for each process, started when a test needs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from understudy.embedded.errors import MissingExtra
from understudy.mysql_server.address import Address
from understudy.mysql_server.admin import Admin
from understudy.mysql_server.installations import Installation, find_installation
from understudy.mysql_server.server import MysqlServer


def installation_or_skip() -> Installation:
    """The server on this machine; a test that needs one is skipped without, and says why.

    Where UNDERSTUDY_TESTS_NEED_MYSQL is set, as `.ci/run` does, it fails instead.
    """
    try:
        return find_installation()
    except MissingExtra as error:
        if os.environ.get("UNDERSTUDY_TESTS_NEED_MYSQL"):
            raise
        pytest.skip(str(error).partition("\n")[0])


@contextmanager
def own_server() -> Iterator[MysqlServer]:
    with MysqlServer(installation_or_skip()) as server:
        yield server


@contextmanager
def new_database(server: Address, name: str) -> Iterator[Address]:
    with Admin(server) as admin:
        admin.rows(f"DROP DATABASE IF EXISTS `{name}`")
        admin.rows(f"CREATE DATABASE `{name}`")
        yield server.with_database(name)
        admin.rows(f"DROP DATABASE `{name}`")
