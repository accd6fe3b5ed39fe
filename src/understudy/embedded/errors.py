"""The exceptions of the embedded PostgreSQL and of loading schemas."""


class PostgresError(Exception):
    """The base of everything this room raises."""


class PostgresUnavailable(PostgresError):
    """There is no PostgreSQL to work on: it could not be found, started or reached."""


class MissingExtra(PostgresUnavailable):
    """A package of the `postgres` extra is not installed, or does not exist for this platform."""


class UnusableFolder(PostgresUnavailable):
    """A folder for the cache or the data cannot be written, read by the server, or is full."""


class DatabaseError(PostgresError):
    """PostgreSQL refused to create, clone or drop a database."""


class SchemaError(PostgresError):
    """The schema could not be loaded: its files are not there, or PostgreSQL refused one."""
