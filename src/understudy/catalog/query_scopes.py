"""A query in a tree, with its tables and the queries around it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from understudy.catalog.querytree import Node, nodes, number, numbers

_SELECT, _UPDATE, _MERGE = "1", "2", "5"
_INNER_JOIN = "0"
_IS_NOT_NULL = "1"
_Variable = tuple[int, int, frozenset[int]]


class Scope:
    """One query, inside the queries around it."""

    def __init__(self, query: Node, outer: Scope | None) -> None:
        self.query = query
        self._outer = outer

    @cached_property
    def command(self) -> str:
        """The query's CmdType."""
        return str(self.query.get("commandType"))

    @cached_property
    def is_merge(self) -> bool:
        """Whether the query is a MERGE."""
        return self.command == _MERGE

    @cached_property
    def results(self) -> list[Node]:
        """The entries of the query's result, in order."""
        field = "targetList" if self.command == _SELECT else "returningList"
        return [entry for entry in nodes(self.query.get(field)) if entry.get("resjunk") != "true"]

    @cached_property
    def has_grouping_sets(self) -> bool:
        """Whether the query has GROUPING SETS, ROLLUP or CUBE."""
        return self.query.get("groupingSets") is not None

    def up(self, levels: int) -> Scope | None:
        """Return the query that many levels further out."""
        scope: Scope | None = self
        for _ in range(levels):
            scope = scope._outer if scope else None
        return scope

    def table(self, place: int) -> Node | None:
        """Return an entry of the range table, by its place from 1."""
        tables = nodes(self.query.get("rtable"))
        return tables[place - 1] if 0 < place <= len(tables) else None

    def cte(self, name: Any) -> Node | None:
        """Return the query with this name in the WITH clause."""
        found = [cte for cte in nodes(self.query.get("cteList")) if cte.get("ctename") == name]
        return found[0] if len(found) == 1 else None

    def is_target(self, variable: Node) -> bool:
        """Return whether a variable belongs to the table that the query changes."""
        return number(variable, "varno") == number(self.query, "resultRelation") != 0

    def mentions(self, variable: Node) -> bool:
        """Return whether a condition mentions the column, and so may filter out NULL."""
        return _column(variable) in self._mentioned

    def is_proven_not_null(self, variable: Node) -> bool:
        """Return whether a condition excludes every row in which the variable is NULL."""
        if self.is_target(variable):
            # The condition is about the row before the change, the result about the row after.
            return False
        return _identity(variable) in self._proven

    @cached_property
    def _mentioned(self) -> set[tuple[int, int]]:
        found: set[tuple[int, int]] = set()
        todo: list[Any] = [self.query.get("jointree"), self.query.get("havingQual")]
        while todo:
            part = todo.pop()
            if isinstance(part, list):
                todo.extend(part)
            elif isinstance(part, dict):
                if part.get("") == "VAR":
                    found.add(_column(part))
                todo.extend(value for value in part.values() if isinstance(value, (dict, list)))
        return found

    @cached_property
    def _proven(self) -> set[_Variable]:
        return {
            _identity(variable)
            for condition in _conditions(self.query.get("jointree"))
            if (variable := _tested_variable(condition)) is not None
        }


def _conditions(node: Any) -> list[Node]:
    """Return the conditions on every row: WHERE, and ON of inner joins below no outer join."""
    if not isinstance(node, dict):
        return []
    kind = node.get("")
    if kind == "FROMEXPR":
        below: list[Any] = list(node.get("fromlist") or ())
    elif kind == "JOINEXPR" and node.get("jointype") == _INNER_JOIN:
        below = [node.get("larg"), node.get("rarg")]
    else:
        return []
    return conjuncts(node.get("quals")) + [found for part in below for found in _conditions(part)]


def conjuncts(node: Any) -> list[Node]:
    """Return the conditions that a condition joins by AND."""
    if isinstance(node, list):
        return [found for part in node for found in conjuncts(part)]
    if not isinstance(node, dict):
        return []
    if node.get("") == "BOOLEXPR" and node.get("boolop") == "and":
        return conjuncts(node.get("args"))
    return [node]


def _tested_variable(condition: Node) -> Node | None:
    """Return the variable of this level that a condition `x IS NOT NULL` is about."""
    is_test = condition.get("") == "NULLTEST" and condition.get("nulltesttype") == _IS_NOT_NULL
    if not is_test or condition.get("argisrow") == "true":
        return None
    node = condition.get("arg")
    while isinstance(node, dict) and node.get("") == "RELABELTYPE":
        node = node.get("arg")
    if isinstance(node, dict) and node.get("") == "VAR" and not number(node, "varlevelsup"):
        return node
    return None


def _column(variable: Node) -> tuple[int, int]:
    return number(variable, "varno"), number(variable, "varattno")


def _identity(variable: Node) -> _Variable:
    return *_column(variable), frozenset(numbers(variable.get("varnullingrels")))
