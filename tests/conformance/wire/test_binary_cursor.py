"""psycopg's `cursor(binary=True)` reads the same from fake_postgres and from PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.types import TypeInfo
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo, register_enum

from tests.conformance.wire.conftest import Server as RealServer
from tests.conformance.wire.texts import TEXTS
from understudy import FakePostgres
from understudy.catalog import active_checker
from understudy.catalog.checks import Checker
from understudy.catalog.describer import Describer
from understudy.catalog.run_catalog import Catalog
from understudy.fake_postgres.server import Server
from understudy.script import expectations
from understudy.script.failures import NotSupported

# Types of the schema have numbers of their own on fake_postgres, and arrays and composites contain
# the numbers: psycopg can only read them when it was told of the types, as an app does.
_ENUMS = ("mood",)
_COMPOSITES = ("pair", "deep")
_OTHERS = ("quantity", "vector")
# tsvector is refused with a message of Understudy's, and "character" without a length has one
# character, to which PostgreSQL cuts the text: a rule's value is sent as it is.
_DIFFERENT = [("character", "x "), ("tsvector", "'a' 'b'")]


@contextmanager
def connected(server: RealServer) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    """A connection to PostgreSQL and one to fake_postgres, which sends back what it gets."""
    info = server.connection.info
    dsn = f"{info.dsn} password={info.password}"
    catalog = Catalog(None, str, lambda: Describer(dsn))
    checker = Checker(catalog)
    before = active_checker.POSTGRES.factory, active_checker.made()
    active_checker.use(lambda: checker)
    fakes = Server()
    fakes.start()
    postgres = FakePostgres(fakes)
    postgres.on("SELECT ... AS v")(lambda call: {"v": call.parameters[0]})
    with (
        psycopg.connect(dsn, autocommit=True) as real,
        psycopg.connect(postgres.dsn, autocommit=True) as fake,
    ):
        for connection in (real, fake):
            connection.execute("SET TimeZone = 'UTC'")
        yield real, fake
    fakes.stop()
    catalog.close()
    active_checker.use(*before)


def register(connection: psycopg.Connection) -> None:
    for name in _OTHERS:
        info = TypeInfo.fetch(connection, name)
        assert info is not None
        info.register(connection)
    for name in _ENUMS:
        enum = EnumInfo.fetch(connection, name)
        assert enum is not None
        register_enum(enum, connection)
    for name in _COMPOSITES:
        composite = CompositeInfo.fetch(connection, name)
        assert composite is not None
        register_composite(composite, connection)


def read(connection: psycopg.Connection, name: str, text: str) -> Any:
    """Return the value, or the error, in a form that can be compared."""
    try:
        with connection.cursor(binary=True) as cursor:
            return repr(cursor.execute(f"SELECT %s::{name} AS v", [text]).fetchone())
    except UnicodeDecodeError as error:  # of half a character, as a "char"
        return str(error)
    except psycopg.Error as error:
        return error.sqlstate, error.diag.message_primary or str(error)


def test_a_binary_cursor_reads_the_same(server: RealServer) -> None:
    pairs = [(name, text) for name, texts in TEXTS.items() for text in texts]

    with expectations.opened() as book, connected(server) as (real, fake):
        for connection in (real, fake):
            register(connection)
        different = [pair for pair in pairs if read(real, *pair) != read(fake, *pair)]

    assert different == _DIFFERENT
    assert [type(failure) for failure in book.verify()] == [NotSupported]
    assert (len(TEXTS), len(pairs)) == (74, 965)  # as docs/conformance.md says
