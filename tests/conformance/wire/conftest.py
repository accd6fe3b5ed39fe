from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg.pq import DiagnosticField, ExecStatus

from tests.conformance.wire.texts import SCHEMA
from understudy.catalog.schema_reader import read_schema_facts
from understudy.embedded import EmbeddedServer
from understudy.pg.codec_registry import Values
from understudy.pg.errors import ServerError
from understudy.pg.types import Types

Refused = tuple[str, ...]


@dataclass
class Server:
    """The real PostgreSQL with the schema, and Understudy's codecs.

    Attributes:
        connection: to it.
        types: the types, with this server's own numbers, so that bytes can be compared.
        values: the codecs to compare.
    """

    connection: psycopg.Connection
    types: Types
    values: Values

    def oid(self, name: str) -> int:
        found = self.types.named(name)
        assert found is not None
        return found.oid

    def echo(self, name: str, data: bytes, given: int, wanted: int) -> bytes | Refused:
        """Send a parameter, and return the result or the error."""
        result = self.connection.pgconn.exec_params(
            b"SELECT $1", [data], [self.oid(name)], [given], wanted
        )
        if result.status == ExecStatus.TUPLES_OK:
            value = result.get_value(0, 0)
            assert value is not None
            return bytes(value)
        parts = (
            DiagnosticField.SQLSTATE,
            DiagnosticField.MESSAGE_PRIMARY,
            DiagnosticField.MESSAGE_DETAIL,
            DiagnosticField.MESSAGE_HINT,
        )
        return tuple((result.error_field(part) or b"").decode() for part in parts)

    def ours(self, name: str, data: bytes, given: int, wanted: int) -> bytes | Refused:
        """Return what Understudy's codecs make of the same."""
        oid = self.oid(name)
        try:
            value = self.values.decoder(oid, given)(data)
        except ServerError as error:
            message = error.fields.message
            if message == "incorrect binary data format":
                message += " in bind parameter 1"
            fields = error.fields
            return fields.sqlstate, message, fields.detail or "", fields.hint or ""
        return self.values.encoder(oid, wanted)(value)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with (
        EmbeddedServer() as running,
        psycopg.connect(running.dsn(), autocommit=True) as connection,
    ):
        connection.execute(SCHEMA)
        connection.execute("SET TimeZone = 'UTC'")
        facts = read_schema_facts(connection)
        names = "SELECT format_type(oid, NULL), oid FROM pg_type WHERE oid >= 16384"
        numbers = dict(connection.execute(names).fetchall())
        own = {name: facts.types[name] for name in numbers if name in facts.types}
        types = Types(own, {name: numbers[name] for name in own})
        yield Server(connection, types, Values(types))
