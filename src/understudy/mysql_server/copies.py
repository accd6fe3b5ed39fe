"""Copy a database of a MySQL server: its tables and rows, views, routines and triggers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from understudy.mysql.sql import quoted
from understudy.mysql_server.admin import Admin
from understudy.mysql_server.errors import MysqlDatabaseError

_DEFAULTS = (
    "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata"
    " WHERE schema_name = %s"
)
_TABLES = (
    "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = %s"
    " ORDER BY table_name"
)
_COLUMNS = (
    "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND"
    " table_name = %s AND COALESCE(generation_expression, '') = '' ORDER BY ordinal_position"
)
_ROUTINES = (
    "SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = %s"
)
_TRIGGERS = "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = %s"
_WITH_ROWS = ("BASE TABLE", "SYSTEM VERSIONED")
# Of the connection that copies: keys may be refused in between, and a 0 in a counter is a 0.
_BEGIN = "SET foreign_key_checks = 0, unique_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"


def base_tables(admin: Admin, database: str) -> list[str]:
    """Return the names of a database's tables, without views."""
    return [name for name, kind in admin.rows(_TABLES, database) if kind in _WITH_ROWS]


def copy_database(admin: Admin, source: str, target: str) -> None:
    """Copy a database. Events are left out: they would run during tests.

    Args:
        admin: a connection to the server of both, whose settings it changes.
        source: the name of the database.
        target: the name of the new one.

    Raises:
        MysqlDatabaseError: MySQL refuses.
    """
    [(charset, collation)] = admin.rows(_DEFAULTS, source)
    create_database(admin, target, f" CHARACTER SET {charset} COLLATE {collation}")
    copy_content(admin, source, target)


def copy_content(admin: Admin, source: str, target: str) -> None:
    """Copy everything of a database into an empty one; the arguments are as above."""
    admin.rows(_BEGIN)
    admin.rows(f"USE {quoted(target)}")
    kinds = dict(admin.rows(_TABLES, source))
    for name, kind in kinds.items():
        if kind == "SEQUENCE":
            admin.rows(_created(admin, "SEQUENCE", source, name))
    for name, kind in kinds.items():
        if kind in _WITH_ROWS:
            admin.rows(_created(admin, "TABLE", source, name))
    for kind, name in admin.rows(_ROUTINES, source):
        _with_mode(admin, kind, source, name)
    views = [name for name, kind in kinds.items() if kind == "VIEW"]
    _each_once_possible(views, lambda name: _copy_view(admin, source, target, name))
    for name, kind in kinds.items():
        if kind in _WITH_ROWS:
            copy_rows(admin, source, target, name)
    for (name,) in admin.rows(_TRIGGERS, source):
        _with_mode(admin, "TRIGGER", source, name)


def drop_content(admin: Admin, database: str) -> None:
    """Drop everything in a database: other connections go on using it.

    Raises:
        MysqlDatabaseError: MySQL refuses.
    """
    admin.rows(_BEGIN)
    place = quoted(database)
    for kind, name in admin.rows(_ROUTINES, database):
        admin.rows(f"DROP {kind} {place}.{quoted(name)}")
    for name, kind in admin.rows(_TABLES, database):
        what = kind if kind in ("VIEW", "SEQUENCE") else "TABLE"
        admin.rows(f"DROP {what} {place}.{quoted(name)}")


def create_database(admin: Admin, name: str, options: str = "") -> None:
    """Create a database.

    Raises:
        MysqlDatabaseError: MySQL refuses; the message says which right is missing.
    """
    try:
        admin.rows(f"CREATE DATABASE {quoted(name)}{options}")
    except MysqlDatabaseError as error:
        raise MysqlDatabaseError(_without_rights(admin, str(error))) from error


def copy_rows(admin: Admin, source: str, target: str, table: str) -> None:
    """Copy the rows of a table into an empty table of the same name."""
    origin = f"{quoted(source)}.{quoted(table)}"
    if admin.rows(f"SELECT 1 FROM {origin} LIMIT 1"):
        columns = ", ".join(quoted(name) for (name,) in admin.rows(_COLUMNS, source, table))
        place = f"{quoted(target)}.{quoted(table)}"
        admin.rows(f"INSERT INTO {place} ({columns}) SELECT {columns} FROM {origin}")


def _created(admin: Admin, kind: str, database: str, name: str) -> str:
    [row] = admin.rows(f"SHOW CREATE {kind} {quoted(database)}.{quoted(name)}")
    return str(row[1])


def _copy_view(admin: Admin, source: str, target: str, name: str) -> None:
    # In its own database, MySQL shows a view without the name of that database.
    admin.rows(f"USE {quoted(source)}")
    text = _created(admin, "VIEW", source, name)
    admin.rows(f"USE {quoted(target)}")
    admin.rows(text)


def _with_mode(admin: Admin, kind: str, source: str, name: str) -> None:
    """Copy a routine or a trigger, which keeps the sql_mode that it was made with."""
    [row] = admin.rows(f"SHOW CREATE {kind} {quoted(source)}.{quoted(name)}")
    admin.rows("SET sql_mode = %s", row[1])
    admin.rows(str(row[2]))
    admin.rows(_BEGIN)


def _each_once_possible(names: Iterable[str], make: Callable[[str], None]) -> None:
    """Make views, whose order is that of their use of each other."""
    left: Sequence[str] = list(names)
    while left:
        failed: dict[str, MysqlDatabaseError] = {}
        for name in left:
            try:
                make(name)
            except MysqlDatabaseError as error:
                failed[name] = error
        if len(failed) == len(left):
            raise failed[left[0]]
        left = list(failed)


def _without_rights(admin: Admin, refused: str) -> str:
    if "(1044)" in refused:
        return (
            f"The user of {admin.address.shown} may not create databases, and each test process "
            f"needs one.\nGrant it, as an administrator:\n"
            f"GRANT ALL ON `understudy\\_%`.* TO '{admin.address.user}'@'%';"
        )
    if "(1290)" in refused or "(1836)" in refused:
        return (
            f"The MySQL server at {admin.address.shown} is read-only: no database can be created "
            "for the tests.\nName one that can be written."
        )
    return refused
