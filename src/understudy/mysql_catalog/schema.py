"""The schema of a database, read from `information_schema`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from understudy.catalog.description import Constraint, Default, SchemaFacts
from understudy.mysql.sql import name_of, pieces, quoted
from understudy.pg.types import TypeFacts

if TYPE_CHECKING:
    from pymysql.connections import Connection

TABLE = "table"
# The type of a column that takes no value but NULL, which is ignored.
GENERATED = "generated"
_STRICT = ("STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "TRADITIONAL")
_COLUMNS = """
    SELECT table_name, column_name, column_type, is_nullable, column_default, extra
    FROM information_schema.columns WHERE table_schema = DATABASE()
    ORDER BY table_name, ordinal_position
"""
_TABLES = """
    SELECT table_name, table_type, engine FROM information_schema.tables
    WHERE table_schema = DATABASE()
"""
_KEYS = """
    SELECT table_name, index_name, non_unique, column_name, sub_part
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() ORDER BY table_name, index_name, seq_in_index
"""
_FOREIGN_KEYS = """
    SELECT table_name, constraint_name, column_name, referenced_table_name
    FROM information_schema.key_column_usage
    WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL
    ORDER BY table_name, constraint_name, ordinal_position
"""
# MariaDB's check_constraints has the table, MySQL's has not.
_CHECKS = {
    True: """
        SELECT table_name, constraint_name, check_clause
        FROM information_schema.check_constraints
        WHERE constraint_schema = DATABASE()
    """,
    False: """
        SELECT t.table_name, t.constraint_name, c.check_clause
        FROM information_schema.table_constraints t
        JOIN information_schema.check_constraints c USING (constraint_schema, constraint_name)
        WHERE t.table_schema = DATABASE() AND t.constraint_type = 'CHECK'
    """,
}
_TRIGGERS = """
    SELECT event_object_table, event_manipulation FROM information_schema.triggers
    WHERE event_object_schema = DATABASE()
"""
_ROUTINES = """
    SELECT r.routine_name, COUNT(p.ordinal_position)
    FROM information_schema.routines r
    LEFT JOIN information_schema.parameters p
    ON p.specific_schema = r.routine_schema AND p.specific_name = r.specific_name
    WHERE r.routine_schema = DATABASE() AND r.routine_type = 'PROCEDURE'
    GROUP BY r.routine_name
"""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table.

    Attributes:
        name: its name.
        type: its type as `information_schema` prints it; "longtext json" for JSON on MariaDB.
        is_nullable: whether it may be NULL.
        has_value: whether an INSERT may leave it out.
        is_generated: whether its value is computed.
        takes_null: whether NULL may be stored, also if the column then has another value.
        is_visible: whether an INSERT without a list of columns has a value for it.
    """

    name: str
    type: str
    is_nullable: bool
    has_value: bool
    is_generated: bool
    takes_null: bool
    is_visible: bool


@dataclass(slots=True)
class Table:
    """A table or a view.

    Attributes:
        name: its name.
        is_base: whether it is a table of an engine with transactions, and no view.
        columns: its columns, by their names in lower case.
        keys: the columns of each unique key that covers whole columns, in lower case.
        triggers: the kinds of statements that run triggers: "INSERT".
    """

    name: str
    is_base: bool = False
    columns: dict[str, TableColumn] = field(default_factory=dict)
    keys: list[frozenset[str]] = field(default_factory=list)
    triggers: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Schema:
    """A database's tables and constraints, and the server.

    Attributes:
        database: its name.
        server: "MariaDB 10.11", "MySQL 8.4".
        sql_mode: of new connections.
        tables: by their names.
        constraints: those that errors may name, with their tables.
        checks: the conditions of the CHECK constraints, by table and name.
        procedures: how many parameters each procedure has, by its name in lower case.
    """

    database: str
    server: str
    sql_mode: str
    tables: Mapping[str, Table]
    constraints: tuple[Constraint, ...]
    checks: Mapping[tuple[str, str], str]
    procedures: Mapping[str, int]

    @property
    def is_mariadb(self) -> bool:
        """Whether the server is MariaDB, and not MySQL."""
        return self.server.startswith("MariaDB")

    @property
    def facts(self) -> SchemaFacts:
        """What a catalog file tells of it."""
        types = {
            table.name: TypeFacts(
                TABLE,
                fields=tuple(
                    (column.name, column.type if column.is_nullable else f"{column.type} not null")
                    for column in table.columns.values()
                ),
            )
            for table in self.tables.values()
        }
        return SchemaFacts(types, self.constraints, (Default("sql_mode", self.sql_mode),))

    def table(self, name: str) -> Table | None:
        """Return a table; MySQL may be set up to ignore the case of its name."""
        return self.tables.get(name) or self.tables.get(name.lower())


def is_strict(sql_mode: str) -> bool:
    """Return whether an impossible value is an error, and not replaced by another."""
    return any(mode in sql_mode.upper().split(",") for mode in _STRICT)


def server_of(version: str) -> str:
    """Return the name and the version of a server that tells this @@version."""
    numbers = ".".join(version.split("-")[0].split(".")[:2])
    return f"{'MariaDB' if 'mariadb' in version.lower() else 'MySQL'} {numbers}"


def read_schema(connection: Connection[Any]) -> Schema:
    """Read the schema of a connection's database.

    Raises:
        pymysql.MySQLError: the connection is lost.
    """
    ((database, version, sql_mode),) = _rows(connection, "SELECT DATABASE(), @@version, @@sql_mode")
    server = server_of(version)
    is_mariadb = server.startswith("MariaDB")
    checks = {
        (table, name): _unquoted_condition(clause)
        for table, name, clause in _rows(connection, _CHECKS[is_mariadb])
    }
    tables = {
        name: Table(name, kind == "BASE TABLE" and engine == "InnoDB")
        for name, kind, engine in _rows(connection, _TABLES)
    }
    for table, *column in _rows(connection, _COLUMNS):
        read = _column(*column, is_json=_is_json(checks.get((table, column[0]), ""), column[0]))
        tables[table].columns[read.name.lower()] = read
    for table, event in _rows(connection, _TRIGGERS):
        tables[table].triggers.add(event)
    constraints = [*_keys(connection, tables), *_foreign_keys(connection)]
    constraints += [Constraint(name, table, "check", ()) for table, name in checks]
    return Schema(
        database or "",
        server,
        sql_mode,
        tables,
        tuple(sorted(constraints, key=lambda found: (found.table, found.name, found.kind))),
        checks,
        {name.lower(): count for name, count in _rows(connection, _ROUTINES)},
    )


def _column(
    name: str, kind: str, nullable: str, default: str | None, extra: str, *, is_json: bool
) -> TableColumn:
    is_nullable = nullable == "YES"
    properties = (extra or "").lower()
    is_counted = "auto_increment" in properties
    is_generated = "generated" in properties and "default_generated" not in properties
    # ENUM has its first label as default.
    has_value = is_nullable or default is not None or is_counted or is_generated
    has_value = has_value or kind.startswith("enum")
    takes_null = is_nullable or is_counted or is_generated or kind.startswith("timestamp")
    return TableColumn(
        name,
        f"{kind} json" if is_json else kind,
        is_nullable,
        has_value,
        is_generated,
        takes_null,
        is_visible="invisible" not in properties,
    )


def _is_json(condition: str, column: str) -> bool:
    """Return whether this is the condition that MariaDB gives to a column of the type JSON."""
    return condition.replace("`", "").lower() == f"json_valid({column.lower()})"


def _unquoted_condition(clause: str | bytes) -> str:
    # MySQL returns bytes, and escapes the quotes in them.
    text = clause.decode() if isinstance(clause, bytes) else clause
    return text.replace("\\'", "'")


def _keys(connection: Connection[Any], tables: Mapping[str, Table]) -> Iterator[Constraint]:
    keys: dict[tuple[str, str], list[str | None]] = {}
    for table, name, is_not_unique, column, part in _rows(connection, _KEYS):
        if not is_not_unique:
            keys.setdefault((table, name), []).append(None if part else column)
    for (table, name), columns in keys.items():
        known = tuple(column for column in columns if column is not None)
        if len(known) == len(columns):
            tables[table].keys.append(frozenset(column.lower() for column in known))
        kind = "primary key" if name == "PRIMARY" else "unique"
        yield Constraint(name, table, kind, known)


def _foreign_keys(connection: Connection[Any]) -> Iterator[Constraint]:
    keys: dict[tuple[str, str, str], list[str]] = {}
    for table, name, column, references in _rows(connection, _FOREIGN_KEYS):
        keys.setdefault((table, name, references), []).append(column)
    for (table, name, references), columns in keys.items():
        yield Constraint(name, table, "foreign key", tuple(columns), references)


def foreign_key_definitions(connection: Connection[Any], schema: Schema) -> dict[str, str]:
    """Return the definition of each foreign key by its name, as errors about it quote it.

    Raises:
        pymysql.MySQLError: the connection is lost.
    """
    found: dict[str, str] = {}
    for table in {key.table for key in schema.constraints if key.kind == "foreign key"}:
        ((_, text),) = _rows(connection, f"SHOW CREATE TABLE {quoted(table)}")
        for line in map(str.strip, text.splitlines()):
            if line.startswith("CONSTRAINT ") and " FOREIGN KEY (" in line:
                found[name_of(pieces(line)[1].text)] = line.removesuffix(",")
    return found


def _rows(connection: Connection[Any], query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())
