"""More rows like those that there are: SQL that copies the rows of a table.

A copy keeps every value, so that it passes the conditions that the original passes. Only what has
to be unique is new. Where the repeated statement reads a table that the rows refer to, other copies
refer to new rows of that table. A block of PL/pgSQL catches what the schema refuses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from understudy.pg.sql_spelling import quoted
from understudy.rows.table_facts import Column, ForeignKey, Schema, Table

_MOST = 50  # rows that are copied
_TEXTS = frozenset({"text", "varchar", "bpchar", "citext", "name"})
_NUMBERS = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8"})


def doubling(schema: Schema, sources: Collection[str], looked_up: Collection[str]) -> str | None:
    """Return a statement that copies the rows of tables; None if there is none to copy.

    Args:
        schema: the schema of the database.
        sources: the names of the tables that the loop's rows come from.
        looked_up: the names of the tables that the repeated statement reads.
    """
    blocks: list[str] = []
    tables = [schema.tables[schema.names[name]] for name in sources if name in schema.names]
    for table in tables:
        if table.kind not in ("r", "p"):
            continue
        blocks += _copies(table, {})
        for key in table.foreign_keys:
            parent = schema.tables.get(key.parent)
            if parent is not None and parent.table in looked_up and len(key.columns) == 1:
                blocks += _copies_with_parents(table, key, parent)
    if not blocks:
        return None
    caught = "".join(f"BEGIN {block}; EXCEPTION WHEN OTHERS THEN NULL; END;\n" for block in blocks)
    return f"DO $understudy$ BEGIN\n{caught}END $understudy$"


def _copies(table: Table, given: dict[str, str]) -> Iterator[str]:
    """Yield an INSERT of copies, if its unique columns can be given new values."""
    values = _values(table, given)
    if values is not None:
        yield _insert(table, values)


def _copies_with_parents(table: Table, key: ForeignKey, parent: Table) -> Iterator[str]:
    """Yield an INSERT of copies that refer to copies of the rows of another table."""
    [column] = key.columns
    [referred] = key.parent_columns
    values, parents = _values(table, {column: "new.key"}), _values(parent, {})
    if values is None or parents is None or parent.oid == table.oid:
        return
    columns = ", ".join(map(quoted, values))
    yield (
        f"WITH fresh AS ({_insert(parent, parents)} RETURNING {quoted(referred)}),"
        f" new AS (SELECT {quoted(referred)} AS key, row_number() OVER () AS number,"
        " count(*) OVER () AS total FROM fresh),"
        f" old AS (SELECT *, row_number() OVER () AS understudy_number FROM {table.sql_name}"
        f" LIMIT {_MOST})"
        f" INSERT INTO {table.sql_name} ({columns}) SELECT {', '.join(values.values())} FROM old"
        " JOIN new ON new.number = (old.understudy_number - 1) % new.total + 1"
    )


def _insert(table: Table, values: dict[str, str]) -> str:
    if not values:
        return f"INSERT INTO {table.sql_name} DEFAULT VALUES"
    columns = ", ".join(map(quoted, values))
    source = f"(SELECT * FROM {table.sql_name} LIMIT {_MOST}) AS old"
    expressions = ", ".join(values.values())
    return f"INSERT INTO {table.sql_name} ({columns}) SELECT {expressions} FROM {source}"


def _values(table: Table, given: dict[str, str]) -> dict[str, str] | None:
    """Return the expression for each column of a copy; None if it could not be unique."""
    fresh: dict[str, str] = dict(given)
    left_out = {
        column.name for column in table.columns if column.generated or column.identity == "a"
    }
    for columns in table.uniques.values():
        if left_out.intersection(columns) or set(fresh).intersection(columns):
            continue
        found = _new_value(table, columns)
        if found is None:
            return None
        name, expression = found
        if expression is None:
            left_out.add(name)
        else:
            fresh[name] = expression
    return {
        column.name: fresh.get(column.name, f"old.{quoted(column.name)}")
        for column in table.columns
        if column.name not in left_out
    }


def _new_value(table: Table, columns: Collection[str]) -> tuple[str, str | None] | None:
    """Return a column of a unique constraint and its new value: None for its default."""
    references = {name for key in table.foreign_keys for name in key.columns}
    own = [table.column(name) for name in columns if name not in references]
    for column in own:
        if column.identity or "(" in (column.expression or ""):  # nextval(...), gen_random_uuid()
            return column.name, None
    for column in own:
        expression = _fresh(table, column)
        if expression is not None:
            return column.name, expression
    return None


def _fresh(table: Table, column: Column) -> str | None:
    """Return an expression for a value that no row has."""
    name, kind = f"old.{quoted(column.name)}", column.type.name
    number = "row_number() OVER ()"
    if kind in _TEXTS:
        # The end stays: that of an address in an email, or of a file.
        most = column.typmod - 4 if column.typmod > 4 else 0
        length = f"least(8, greatest(3, {most} - length({name})))" if most else "8"
        end = f"right({name}, {max(most - 3, 0)})" if most else name
        return f"left('u' || md5(random()::text), {length}) || {end}"
    if kind in _NUMBERS:
        return f"(SELECT max({quoted(column.name)}) FROM {table.sql_name}) + {number}"
    if kind == "uuid":
        return "gen_random_uuid()"
    if kind in ("timestamp", "timestamptz"):
        return f"{name} + {number} * interval '1 second'"
    return f"{name} + ({number})::int" if kind == "date" else None
