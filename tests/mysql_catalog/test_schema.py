"""A schema as MySQL 8.4 tells it, after its manual: no server of it runs in these tests."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.catalog.description import Constraint
from understudy.mysql_catalog.schema import read_schema, server_of

MODE = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES"
ROWS: dict[str, list[tuple[Any, ...]]] = {
    "DATABASE(), @@version": [("shop", "8.4.3", MODE)],
    "information_schema.table_constraints": [("users", "users_chk_1", b"(`age` >= 18)")],
    "information_schema.tables": [("users", "BASE TABLE", "InnoDB"), ("seen", "VIEW", None)],
    "information_schema.columns": [
        ("users", "id", "bigint unsigned", "NO", None, "auto_increment"),
        ("users", "age", "tinyint unsigned", "NO", None, ""),
        ("users", "code", "char(36)", "NO", "uuid()", "DEFAULT_GENERATED"),
        ("users", "upper_name", "varchar(40)", "YES", None, "VIRTUAL GENERATED"),
        ("users", "doc", "json", "YES", None, ""),
        ("seen", "id", "bigint unsigned", "NO", "0", ""),
    ],
    "information_schema.statistics": [
        ("users", "PRIMARY", 0, "id", None),
        ("users", "lower_code", 0, None, None),  # of an expression
        ("users", "by_age", 1, "age", None),
    ],
    "information_schema.key_column_usage": [],
    "information_schema.triggers": [("users", "UPDATE")],
    "information_schema.routines": [("Close_Account", 2)],
}


class Told:
    """A connection and its cursor, which answers a query by the table that it names first."""

    def cursor(self) -> Told:
        return self

    def __enter__(self) -> Told:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def execute(self, query: str) -> None:
        # The one of the checks names the other table, too.
        self._rows = next(rows for name, rows in ROWS.items() if name in query)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows


def test_a_schema_of_mysql() -> None:
    schema = read_schema(Told())

    assert (schema.server, schema.is_mariadb, schema.sql_mode) == ("MySQL 8.4", False, MODE)
    users = schema.tables["users"]
    left_out = {name: column.has_value for name, column in users.columns.items()}
    assert left_out == {"id": True, "age": False, "code": True, "upper_name": True, "doc": True}
    assert [name for name, column in users.columns.items() if column.is_generated] == ["upper_name"]
    assert (users.is_base, users.keys, users.triggers) == (True, [frozenset({"id"})], {"UPDATE"})
    assert not schema.tables["seen"].is_base
    assert schema.checks == {("users", "users_chk_1"): "(`age` >= 18)"}
    assert schema.procedures == {"close_account": 2}
    assert schema.constraints == (
        Constraint("PRIMARY", "users", "primary key", ("id",)),
        Constraint("lower_code", "users", "unique", ()),
        Constraint("users_chk_1", "users", "check", ()),
    )


@pytest.mark.parametrize(
    ("version", "server"),
    [
        ("10.11.18-MariaDB-0+deb12u1", "MariaDB 10.11"),
        ("8.4.3", "MySQL 8.4"),
        ("9.1.0", "MySQL 9.1"),
    ],
)
def test_the_server_of_a_version(version: str, server: str) -> None:
    assert server_of(version) == server
