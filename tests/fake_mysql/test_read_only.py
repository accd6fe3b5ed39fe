"""A server that only reads refuses what MariaDB refuses then."""

from __future__ import annotations

from collections.abc import Iterator

import pymysql
import pytest

from understudy.fake_mysql.protocol.connection import Connection
from understudy.fake_mysql.read_only import refuse_writing
from understudy.mysql_server.address import Address
from understudy.mysql_server.admin import Admin
from understudy.pg.errors import ServerError

STATEMENTS = """
SELECT 1
SELECT * FROM t
SELECT * FROM t FOR UPDATE
SELECT * FROM t LOCK IN SHARE MODE
WITH a AS (SELECT 1) SELECT * FROM a
VALUES (1)
SHOW TABLES
DESCRIBE t
EXPLAIN SELECT 1
SET @x = 1
DO 1
HANDLER t OPEN
HANDLER t CLOSE
CHECK TABLE t
CHECKSUM TABLE t
ANALYZE TABLE t
OPTIMIZE TABLE t
BEGIN
SAVEPOINT a
COMMIT
CALL no_writer()
PREPARE s FROM 'SELECT 1'
EXECUTE s
DEALLOCATE PREPARE s
LOCK TABLES t READ
LOCK TABLES t WRITE
UNLOCK TABLES
FLUSH STATUS
XA START 'a'
XA END 'a'
XA ROLLBACK 'a'
BEGIN NOT ATOMIC SELECT 1; END
CREATE TEMPORARY TABLE made (id INT)
CREATE OR REPLACE TEMPORARY TABLE made (id INT)
DROP TEMPORARY TABLE made
CREATE TABLE made (id INT)
CREATE VIEW made AS SELECT 1
ALTER TABLE t ADD x INT
RENAME TABLE t TO made
DROP TABLE t
TRUNCATE t
INSERT INTO t VALUES (1)
REPLACE INTO t VALUES (1)
UPDATE t SET id = 2
DELETE FROM t
LOAD DATA INFILE '/nowhere' INTO TABLE t
CREATE USER made
GRANT SELECT ON *.* TO reader
"""


@pytest.fixture
def reader(mysql_database: Address) -> Iterator[pymysql.Connection[pymysql.cursors.Cursor]]:
    """A connection of a user whom a server that only reads refuses to write."""
    place = mysql_database
    with Admin(place) as admin:
        admin.rows("CREATE TABLE t (id INT)")
        admin.rows("CREATE PROCEDURE no_writer() SELECT 1")
        admin.rows("CREATE USER reader IDENTIFIED BY 'secret'")
        admin.rows("GRANT ALL ON *.* TO reader WITH GRANT OPTION")
        admin.rows("REVOKE READ_ONLY ADMIN, SUPER ON *.* FROM reader")
        admin.rows("SET GLOBAL read_only = 1")
        try:
            with pymysql.connect(
                host=place.host,
                port=place.port,
                user="reader",
                password="secret",
                database=place.database,
                autocommit=True,
            ) as connection:
                yield connection
        finally:
            admin.rows("SET GLOBAL read_only = 0")
            admin.rows("DROP USER reader")


def is_refused_by_server(connection: pymysql.Connection[pymysql.cursors.Cursor], sql: str) -> bool:
    with connection.cursor() as cursor:
        try:
            cursor.execute(sql)
            while cursor.nextset():
                pass
        except pymysql.MySQLError as error:
            return bool(error.args[0] == 1290)
    return False


def is_refused_here(sql: str) -> bool:
    try:
        refuse_writing(sql, Connection(1))
    except ServerError:
        return True
    return False


def test_what_is_refused(reader: pymysql.Connection[pymysql.cursors.Cursor]) -> None:
    found = {sql: is_refused_by_server(reader, sql) for sql in STATEMENTS.strip().splitlines()}

    assert {sql: is_refused_here(sql) for sql in found} == found
