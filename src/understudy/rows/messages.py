"""The wording of every error of this room, and nothing else.

Each function takes facts and returns a whole message: what was expected, what happened, and what to
do about it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

_LONGEST_VALUE = 60
_LOCKED = "55P03"
_KINDS = {"v": "a view", "m": "a materialized view"}


def _meant(name: str, candidates: Sequence[str]) -> str:
    """The nearest candidate, whose schema need not be said, and all of them where none is near."""
    ends = {candidate.rpartition(".")[2].lower(): candidate for candidate in candidates}
    known = ends | {candidate.lower(): candidate for candidate in candidates}
    near = difflib.get_close_matches(name.lower(), known, n=1)
    if near:
        return f" Did you mean {known[near[0]]!r}?"
    return f"\nThere are: {', '.join(candidates)}." if candidates else ""


def unknown_table(name: str, tables: Sequence[str]) -> str:
    """No table has this name."""
    if not tables:
        return (
            f"There is no table {name!r}: the database has none at all.\n"
            "Name the schema, in order, in pyproject.toml:\n"
            '[tool.understudy] schema = ["db/migrations/*.sql"]'
        )
    return f"There is no table {name!r}.{_meant(name, tables)}"


def not_a_table(name: str, kind: str, tables: Sequence[str]) -> str:
    """A view was named."""
    beneath = f" Insert into what it shows: {', '.join(tables)}." if tables else ""
    return f"{name} is {_KINDS[kind]}, which takes no rows of its own.{beneath}"


def unknown_column(table: str, column: str, columns: Sequence[str]) -> str:
    """The table has no column of this name."""
    return f"{table} has no column {column!r}.{_meant(column, columns)}"


def no_such_attribute(table: str, column: str, columns: Sequence[str]) -> str:
    """A row was asked for a column that it does not have."""
    return f"The row of {table} has no column {column!r}.{_meant(column, columns)}"


def no_value(table: str, column: str, kind: str, unknown: str) -> str:
    """A type for which nothing can be made up."""
    within = "" if kind == unknown else f", which holds {unknown}"
    return (
        f"{table}.{column} needs a value, and nothing can be made up for the type {kind}{within}.\n"
        f"Give it: insert({table!r}, {_keyword(column)})"
    )


def circle(tables: Sequence[str], key: str) -> str:
    """Tables of which each needs a row of the next, the last of the first, and none can wait."""
    needs = zip(tables, [*tables[1:], tables[0]], strict=True)
    way = ", ".join(f"{table} needs {other}" for table, other in needs)
    return (
        f"No row can be the first here: {way}, and none of the foreign keys is DEFERRABLE.\n"
        f"Make one so in the schema: ALTER TABLE {tables[-1]} ALTER CONSTRAINT {key} DEFERRABLE."
    )


def nothing_fits(
    table: str, columns: Sequence[str], rules: Sequence[str], given: Mapping[str, object]
) -> str:
    """No value was found that passes the checks."""
    names = " and ".join(f"{table}.{column}" for column in columns)
    lines = [
        f"Nothing was found for {names} that passes",
        *(f"  {rule}" for rule in rules),
        _values("given", given),
        f"Give it: insert({table!r}, {', '.join(map(_keyword, columns))})",
    ]
    return "\n".join(filter(None, lines))


def not_sent(table: str, reason: str, given: Mapping[str, object]) -> str:
    """The row did not reach PostgreSQL, or the connection was lost."""
    return f"The row of {table} could not be sent: {reason}\n{_values('given', given)}".rstrip()


def refused(
    table: str,
    message: str,
    state: str,
    detail: str | None,
    *,
    rule: str | None,
    row: Mapping[str, object],
    given: Mapping[str, object],
    tried: Sequence[str],
    needed_by: Sequence[str],
) -> str:
    """PostgreSQL refuses the row; `tried` are the columns for which other values were tried."""
    lines = [
        f"PostgreSQL refuses the row of {table} ({state})",
        f"  {message}",
        f"  DETAIL: {detail}" if detail else "",
        f"  {rule}" if rule else "",
        _values("given", given),
        _values("made up", {name: value for name, value in row.items() if name not in given}),
    ]
    if tried:
        keywords = ", ".join(map(_keyword, tried))
        lines.append(f"No value that was tried will do. Give it: insert({table!r}, {keywords})")
    lines.append(_locked(state))
    if needed_by:
        lines.append(f"The row is made for {', which is made for '.join(reversed(needed_by))}.")
    return "\n".join(filter(None, lines))


def schema_not_read(message: str, state: str) -> str:
    """The tables and types of the database could not be looked up."""
    lines = [f"PostgreSQL does not say what its tables are ({state})", f"  {message}"]
    return "\n".join(filter(None, [*lines, _locked(state)]))


def _locked(state: str) -> str:
    if not state.startswith(_LOCKED):
        return ""
    return "Another connection of this test holds it: end its transaction before you insert."


def at_the_end(table: str, message: str, state: str, detail: str | None) -> str:
    """A constraint that is checked when the transaction ends is not met."""
    lines = [
        f"PostgreSQL refuses the row of {table} at the end of its transaction ({state})",
        f"  {message}",
        f"  DETAIL: {detail}" if detail else "",
    ]
    return "\n".join(filter(None, lines))


def _values(title: str, row: Mapping[str, object]) -> str:
    values = ", ".join(f"{name}={_shown(value)}" for name, value in row.items())
    return f"  {title}: {values}" if values else ""


def _keyword(column: str) -> str:
    return f"{column}=..." if column.isidentifier() else f"**{{{column!r}: ...}}"


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _LONGEST_VALUE else f"{shown[:_LONGEST_VALUE]}…"
