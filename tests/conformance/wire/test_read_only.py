"""After a failover, the same statements are refused as on a read-only PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from understudy.embedded import EmbeddedServer
from understudy.fake_postgres.read_only import refuse_writing
from understudy.pg.errors import ServerError

SCHEMA = """
    CREATE TABLE t (a int PRIMARY KEY);
    CREATE SEQUENCE s;
    CREATE MATERIALIZED VIEW m AS SELECT 1 AS one;
    SELECT nextval('s');
"""


@pytest.fixture(scope="module")
def reader() -> Iterator[psycopg.Connection]:
    with EmbeddedServer() as server, psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(SCHEMA)
        connection.execute("SET default_transaction_read_only = on")
        yield connection


def run(reader: psycopg.Connection, statement: str) -> None:
    if statement.startswith("COPY"):
        with reader.cursor().copy(statement) as copy:
            assert "STDIN" in statement or list(copy) == []
    else:
        reader.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM t FOR UPDATE",
        "SELECT * FROM t WHERE a = 1 FOR NO KEY UPDATE SKIP LOCKED",
        "SELECT * FROM t FOR SHARE",
        "SELECT * FROM t FOR KEY SHARE",
        "SELECT * FROM (SELECT * FROM t FOR UPDATE) AS n",
        "SELECT * INTO x FROM t",
        "SELECT nextval('s')",
        "VALUES (setval('s', 3))",
        "SELECT lo_create(0)",
        "WITH n AS (INSERT INTO t VALUES (3) RETURNING a) SELECT * FROM n",
        "WITH n AS (SELECT 1) INSERT INTO t SELECT * FROM n",
        "INSERT INTO t VALUES (1)",
        "UPDATE t SET a = 1",
        "DELETE FROM t",
        "MERGE INTO t USING t AS o ON t.a = o.a WHEN MATCHED THEN DELETE",
        "TRUNCATE t",
        "COPY t FROM STDIN",
        "EXPLAIN ANALYZE UPDATE t SET a = 1",
        "CREATE TEMP TABLE y (a int)",
        "CREATE TABLE z AS SELECT 1 AS one",
        "CREATE MATERIALIZED VIEW n AS SELECT 1 AS one",
        "CREATE UNIQUE INDEX ON t (a)",
        "CREATE SCHEMA q",
        "DROP VIEW IF EXISTS v",
        "ALTER TABLE t ADD COLUMN b int",
        "GRANT SELECT ON t TO public",
        "COMMENT ON TABLE t IS 'x'",
        "REFRESH MATERIALIZED VIEW m",
        "REASSIGN OWNED BY postgres TO postgres",
        "SECURITY LABEL ON TABLE t IS 'x'",
        "IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z",
    ],
)
def test_what_writes_is_refused_in_postgresqls_words(
    reader: psycopg.Connection, statement: str
) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction) as raised:
        run(reader, statement)
    with pytest.raises(ServerError) as refused:
        refuse_writing(statement)
    assert refused.value.fields.sqlstate == raised.value.diag.sqlstate
    assert refused.value.fields.message == raised.value.diag.message_primary


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 AS one",
        "SELECT substring('abc' FROM 1 FOR 2)",
        "SELECT currval('s')",
        "WITH n AS (SELECT * FROM t) SELECT * FROM n",
        "VALUES (1)",
        "EXPLAIN UPDATE t SET a = 1",
        "NOTIFY c",
        "SET work_mem = '1MB'",
        "COPY (SELECT a FROM t) TO STDOUT",
    ],
)
def test_what_only_reads_does_not_raise(reader: psycopg.Connection, statement: str) -> None:
    run(reader, statement)
    refuse_writing(statement)
