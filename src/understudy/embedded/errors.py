"""The exceptions of the embedded PostgreSQL and of loading schemas."""


class PostgresError(Exception):
    """The base of the errors of the embedded PostgreSQL and of schemas."""


class PostgresUnavailable(PostgresError):
    """PostgreSQL could not be found, started or reached."""


class MissingExtra(PostgresUnavailable):
    """A package of the `postgres` extra is not installed, or does not exist for this platform."""


class UnusableFolder(PostgresUnavailable):
    """A folder for the cache or the data is full, not writable, or not readable for the server."""


class DatabaseError(PostgresError):
    """PostgreSQL refused to create, clone or drop a database."""


class SchemaError(PostgresError):
    """The schema could not be loaded: a source is missing, or PostgreSQL refused it."""
