"""The definition of a column made of its type is the server's own."""

from __future__ import annotations

import pytest

from understudy.catalog.description import Column, Description
from understudy.mysql.charsets import BINARY
from understudy.mysql.types import Flag
from understudy.mysql_catalog.describer import MysqlDescriber
from understudy.mysql_catalog.prepare import Prepared, prepare
from understudy.mysql_catalog.wire_columns import wire_column
from understudy.mysql_server.address import Address
from understudy.mysql_server.admin import Admin

TYPES = (
    *("tinyint", "tinyint(1) not null", "smallint unsigned", "mediumint", "int", "bigint unsigned"),
    *("decimal(10,2)", "decimal(5,0) unsigned not null", "float", "double", "bit(3)", "year"),
    *("date", "datetime", "datetime(3)", "timestamp(6) null", "time", "time(2)", "json"),
    *("char(3)", "varchar(40) not null", "tinytext", "text", "mediumtext", "longtext"),
    *("binary(4)", "varbinary(9)", "blob", "longblob", "enum('a','bcd')", "set('x','yz')"),
)
# What a column's type and nullability tell; the rest is about keys and defaults.
KNOWN = Flag.NOT_NULL | Flag.UNSIGNED | Flag.ENUM | Flag.SET | Flag.BLOB


def test_definitions_are_those_of_the_server(mysql_database: Address) -> None:
    columns = ", ".join(f"c{number} {kind}" for number, kind in enumerate(TYPES))
    with Admin(mysql_database, server_settings=True) as admin:
        admin.rows(f"CREATE TABLE every (id INT, {columns})")
        described = MysqlDescriber(lambda: admin.connection).describe(["SELECT * FROM every"])[0]
        told = prepare(admin.connection, "SELECT * FROM every")
    assert isinstance(described, Description)
    assert isinstance(told, Prepared)

    for mine, real in zip(map(wire_column, described.columns), told.columns, strict=True):
        assert mine is not None
        assert (mine.name, mine.type, mine.length, mine.flags & KNOWN) == (
            *(real.name, real.type, real.length, real.flags & KNOWN),
        )
        assert mine.decimals == real.decimals
        assert (mine.collation == BINARY) == (real.collation == BINARY)
        assert (mine.original_table, mine.original_name) == ("every", real.name)


@pytest.mark.parametrize("type_name", ["", "decimal", "datetime", "geometry"])
def test_a_type_that_only_the_values_tell(type_name: str) -> None:
    assert wire_column(Column("x", type_name, None, "unknown")) is None
