"""What the analysed query tree tells of a statement's rows, and of the values that it assigns.

Everything here is certain for any data. What is not certain is left out: the rules of a table, and
its triggers before the change of a row, may change rows and values, or leave rows out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from understudy.catalog.description import Assignment, Refusal, RowBounds, RowCheck
from understudy.catalog.oid_lookup import Lookup, Relation
from understudy.catalog.query_scopes import conjuncts
from understudy.catalog.querytree import Node, integer, nodes, number
from understudy.catalog.row_checks import row_checks
from understudy.pg.oids import FIRST_OWN_OID

_SELECT, _UPDATE, _INSERT, _DELETE = "1", "2", "3", "4"
# The events of a trigger, in pg_trigger.tgtype.
_ON_INSERT, _ON_DELETE, _ON_UPDATE = 4, 8, 16
# RTEKind
_RELATION, _VALUES = "0", "5"
# OverridingKind
_USER_VALUE = "1"
# OnConflictAction
_DO_NOTHING = "1"
_WITH_TIES = "1"
# CoercionForm of a cast, which SQL may leave out; 0 is a call.
_CASTS = ("1", "2")
_IMPLICIT = "2"
# character(n), whose operators ignore the spaces at the end.
_BPCHAR = 1042
_PLAIN = ("CONST", "PARAM", "RELABELTYPE", "FUNCEXPR", "COERCEVIAIO")
_NO_BOUNDS = RowBounds()


class Facts(NamedTuple):
    """See the fields of these names of a Description."""

    rows: RowBounds
    fails: Refusal | None
    assigned: tuple[Assignment, ...]
    checks: tuple[RowCheck, ...] = ()


def facts_of(query: Node, lookup: Lookup) -> Facts:
    """Return what is certain of a query, of which the tree is given."""
    target = _target(query, lookup)
    changes = query.get("commandType") != _SELECT
    if changes and (target is None or target.relation.has_rules):
        return Facts(_NO_BOUNDS, None, ())
    rows = _bounds(query, lookup, target)
    if query.get("override") == _USER_VALUE:  # what is given for an identity column is not stored
        return Facts(rows, None, ())
    if target is None:
        return Facts(rows, None, ())
    if _may_change_rows(query, target, lookup):
        return Facts(RowBounds(0, rows.most, rows.limit), None, ())
    return Facts(
        rows,
        _left_out(query, target),
        tuple(dict.fromkeys(_assigned(query, target))),
        tuple(row_checks(_stored_rows(query), target.relation)),
    )


def _may_change_rows(query: Node, target: _Target, lookup: Lookup) -> bool:
    """Return whether a trigger may run before the change of a row."""
    if query.get("commandType") == _INSERT:
        events = _ON_INSERT | (0 if query.get("onConflict") is None else _ON_UPDATE)
    elif query.get("commandType") == _UPDATE and target.relation.kind == "r":
        events = _ON_UPDATE
    else:  # an UPDATE may move a row to another partition
        events = _ON_INSERT | _ON_DELETE | _ON_UPDATE
    return bool(lookup.row_triggers(target.oid) & events)


@dataclass(frozen=True, slots=True)
class _Target:
    """The table that a query changes, and its place in the range table."""

    place: int
    oid: int
    relation: Relation


def _target(query: Node, lookup: Lookup) -> _Target | None:
    place = number(query, "resultRelation")
    relation = _relation(query, place, lookup) if place else None
    oid = number(_table(query, place), "relid")
    return None if relation is None else _Target(place, oid, relation)


def _table(query: Node, place: int) -> Node:
    tables = nodes(query.get("rtable"))
    return tables[place - 1] if 0 < place <= len(tables) else {}


def _relation(query: Node, place: int, lookup: Lookup) -> Relation | None:
    """Return a table in the range table; None for a view, a foreign table and anything else."""
    table = _table(query, place)
    if table.get("rtekind") != _RELATION:
        return None
    relation = lookup.relation(number(table, "relid"))
    return relation if relation is not None and relation.kind in ("r", "p") else None


# How many rows -----------------------------------------------------------------------------------


def _bounds(query: Node, lookup: Lookup, target: _Target | None) -> RowBounds:
    command = query.get("commandType")
    if query.get("hasTargetSRFs") != "false":
        return _limited(query, _NO_BOUNDS)
    if command == _SELECT:
        return _limited(query, _selected(query, lookup))
    if command == _INSERT:
        rows = _rows_given(query)
        if rows is None:
            return _NO_BOUNDS
        return RowBounds(0 if _may_skip_rows(query) else len(rows), len(rows))
    if (
        command in (_UPDATE, _DELETE)
        and target
        and _is_looked_up(query, target.place, target.relation, lookup)
    ):
        return RowBounds(0, 1)
    return _NO_BOUNDS


def _may_skip_rows(query: Node) -> bool:
    conflict = query.get("onConflict")
    return isinstance(conflict, dict) and (
        conflict.get("action") == _DO_NOTHING or conflict.get("onConflictWhere") is not None
    )


def _selected(query: Node, lookup: Lookup) -> RowBounds:
    """Return the bounds of a SELECT before its LIMIT."""
    source = query.get("jointree")
    if (
        not isinstance(source, dict)
        or query.get("setOperations") is not None
        or query.get("groupingSets") is not None
    ):
        return _NO_BOUNDS
    if query.get("groupClause") is None and query.get("hasAggs") == "true":
        return RowBounds(1 if query.get("havingQual") is None else 0, 1)
    bounds = _rows_of(query, source, lookup)
    reduced = any(
        query.get(part) is not None
        for part in ("groupClause", "havingQual", "distinctClause", "rowMarks")
    )
    return RowBounds(0, bounds.most) if reduced else bounds


def _rows_of(query: Node, source: Node, lookup: Lookup) -> RowBounds:
    """Return the bounds of FROM and WHERE."""
    least_is_most = source.get("quals") is None
    tables = source.get("fromlist")
    if tables is None:
        return RowBounds(1 if least_is_most else 0, 1)
    if not isinstance(tables, list) or len(tables) != 1 or tables[0].get("") != "RANGETBLREF":
        return _NO_BOUNDS
    place = number(tables[0], "rtindex")
    rows = _table(query, place).get("values_lists")
    if _table(query, place).get("rtekind") == _VALUES and isinstance(rows, list):
        return RowBounds(len(rows) if least_is_most else 0, len(rows))
    relation = _relation(query, place, lookup)
    if relation is not None and _is_looked_up(query, place, relation, lookup):
        return RowBounds(0, 1)
    return _NO_BOUNDS


def _limited(query: Node, bounds: RowBounds) -> RowBounds:
    """Apply LIMIT and OFFSET."""
    least = bounds.least if query.get("limitOffset") is None else 0
    limit = query.get("limitCount")
    if limit is None:
        return RowBounds(least, bounds.most)
    limit = uncast(limit)
    if limit.get("") == "PARAM" and query.get("limitOption") != _WITH_TIES:
        return RowBounds(0, bounds.most, number(limit, "paramid"))
    count = integer(limit)
    if count is None or query.get("limitOption") == _WITH_TIES:
        return RowBounds(0, bounds.most)
    most = count if bounds.most is None else min(count, bounds.most)
    return RowBounds(min(least, count), most)


def _is_looked_up(query: Node, place: int, relation: Relation, lookup: Lookup) -> bool:
    """Return whether WHERE gives a value for every column of a unique key of a table."""
    source = query.get("jointree")
    found = {
        column
        for condition in conjuncts(source.get("quals") if isinstance(source, dict) else None)
        if (column := _compared_column(condition, place, lookup)) is not None
    }
    return any(key <= found for key in relation.unique_keys)


def _compared_column(condition: Node, place: int, lookup: Lookup) -> int | None:
    """Return the column that a condition compares by `=` with a value that is one for all rows."""
    if condition.get("") != "OPEXPR":
        return None
    operator = lookup.operator(number(condition, "opno"))
    if operator is None or operator.name != "=":
        return None
    arguments = nodes(condition.get("args"))
    if len(arguments) != 2:
        return None
    for side, other in (arguments, arguments[::-1]):
        variable = side
        while (
            variable.get("") == "RELABELTYPE"
            and number(variable, "resulttype") != _BPCHAR
            and isinstance(variable.get("arg"), dict)
        ):
            variable = variable["arg"]
        is_column = (
            variable.get("") == "VAR"
            and number(variable, "varno") == place
            and not number(variable, "varlevelsup")
        )
        if is_column and _is_one_value(other):
            return number(variable, "varattno")
    return None


def _is_one_value(node: Any) -> bool:
    """Return whether an expression consists of parameters, constants and casts."""
    if not isinstance(node, dict) or node.get("") not in _PLAIN:
        return False
    if node.get("") == "FUNCEXPR" and node.get("funcformat") not in _CASTS:
        return False
    below = [*nodes(node.get("args")), *([node["arg"]] if "arg" in node else [])]
    return all(map(_is_one_value, below))


# What is assigned --------------------------------------------------------------------------------


def _rows_given(query: Node) -> list[list[Any]] | None:
    """Return the expressions of each row of INSERT ... VALUES, in the order of the target list."""
    entries = _entries(query)
    source = query.get("jointree")
    tables = source.get("fromlist") if isinstance(source, dict) else None
    if tables is None:
        return [[entry.get("expr") for entry in entries]]
    if len(tables) != 1 or tables[0].get("") != "RANGETBLREF":
        return None
    place = number(tables[0], "rtindex")
    lists = _table(query, place).get("values_lists")
    if _table(query, place).get("rtekind") != _VALUES or not isinstance(lists, list):
        return None
    return [[_of_row(entry.get("expr"), place, row) for entry in entries] for row in lists]


def _of_row(expression: Any, place: int, row: list[Any]) -> Any:
    """Return what a column of VALUES is in a row; any other expression as it is."""
    if isinstance(expression, dict) and expression.get("") == "VAR":
        at = number(expression, "varattno") - 1
        return row[at] if number(expression, "varno") == place and 0 <= at < len(row) else None
    return expression


def _entries(query: Node) -> list[Node]:
    return [entry for entry in nodes(query.get("targetList")) if entry.get("resjunk") != "true"]


def _left_out(query: Node, target: _Target) -> Refusal | None:
    """Return the error of an INSERT that gives no value for a column that needs one."""
    rows = _rows_given(query) if query.get("commandType") == _INSERT else None
    if rows is None or query.get("hasTargetSRFs") != "false":
        return None
    numbers = [number(entry, "resno") for entry in _entries(query)]
    relation = target.relation
    for row in rows:
        given = {
            column
            for column, node in zip(numbers, row, strict=True)
            if not (isinstance(node, dict) and node.get("") == "SETTODEFAULT")
        }
        for column in sorted(relation.required - given):
            return null_violation(relation.columns[column], relation.name)
    return None


def null_violation(column: str, table: str) -> Refusal:
    """Return PostgreSQL's error for NULL in a column."""
    return Refusal(
        "23502",
        f'null value in column "{column}" of relation "{table.rpartition(".")[2]}" '
        "violates not-null constraint",
    )


def _assigned(query: Node, target: _Target) -> Iterator[Assignment]:
    """Yield the parameters and NULLs that are stored as they are."""
    is_insert = query.get("commandType") == _INSERT
    never_null = target.relation.enforced if is_insert else target.relation.not_null
    for row in _stored_rows(query):
        for column, value in row.items():
            name = f"{target.relation.name}.{target.relation.columns.get(column)}"
            required = column in never_null
            if value.get("") == "PARAM":
                modified = target.relation.modified.get(column)
                if required or modified:
                    yield Assignment(name, number(value, "paramid"), required, modified)
            elif value.get("") == "CONST" and value.get("constisnull") == "true" and required:
                yield Assignment(name, None, required)


def _stored_rows(query: Node) -> list[dict[int, Node]]:
    """Return what each row of a query gets, below implicit casts, by the numbers of columns."""
    entries = _entries(query)
    rows: list[list[Any]] | None = None
    if query.get("commandType") == _INSERT:
        rows = _rows_given(query)
    elif query.get("commandType") == _UPDATE:
        rows = [[entry.get("expr") for entry in entries]]
    numbers = [number(entry, "resno") for entry in entries]
    return [
        {column: uncast(node, implicit=True) for column, node in zip(numbers, row, strict=True)}
        for row in rows or ()
    ]


def uncast(node: Any, *, implicit: bool = False) -> Node:
    """Return the value below casts, or below those alone that SQL does not spell."""
    while isinstance(node, dict):
        forms = (_IMPLICIT,) if implicit else _CASTS
        if node.get("") == "RELABELTYPE":
            node = node.get("arg")
        elif (
            node.get("") == "FUNCEXPR"
            and node.get("funcformat") in forms
            and number(node, "funcid") < FIRST_OWN_OID
        ):
            arguments = nodes(node.get("args"))
            node = arguments[0] if arguments else None
        else:
            return node
    return {}
