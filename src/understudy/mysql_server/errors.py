"""The exceptions of the MySQL or MariaDB server."""

from understudy.embedded.errors import PostgresError, PostgresUnavailable


class MysqlUnavailable(PostgresUnavailable):
    """MySQL could not be found, started or reached."""


class MysqlDatabaseError(PostgresError):
    """MySQL refused to create, copy or drop a database."""
