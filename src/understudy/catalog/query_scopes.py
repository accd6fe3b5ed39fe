"""A query of a tree, and what its names stand for: its tables, and the queries around it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from understudy.catalog.querytree import Node, nodes, number, numbers

_SELECT, _UPDATE, _MERGE = "1", "2", "5"
_INNER_JOIN = "0"
_IS_NOT_NULL = "1"
_Variable = tuple[int, int, frozenset[int]]


class Scope:
    """One query inside the queries around it."""

    def __init__(self, query: Node, outer: Scope | None) -> None:
        self.query = query
        self._outer = outer

    @cached_property
    def command(self) -> str:
        """The query's CmdType."""
        return str(self.query.get("commandType"))

    @cached_property
    def is_merge(self) -> bool:
        """Whether it is a MERGE."""
        return self.command == _MERGE

    @cached_property
    def results(self) -> list[Node]:
        """The entries of its result, in order."""
        field = "targetList" if self.command == _SELECT else "returningList"
        return [entry for entry in nodes(self.query.get(field)) if entry.get("resjunk") != "true"]

    @cached_property
    def has_grouping_sets(self) -> bool:
        """Whether it is grouped in several ways at once."""
        return self.query.get("groupingSets") is not None

    def up(self, levels: int) -> Scope | None:
        """The query that many levels out."""
        scope: Scope | None = self
        for _ in range(levels):
            scope = scope._outer if scope else None
        return scope

    def table(self, place: int) -> Node | None:
        """An entry of the range table, by its place from 1."""
        tables = nodes(self.query.get("rtable"))
        return tables[place - 1] if 0 < place <= len(tables) else None

    def cte(self, name: Any) -> Node | None:
        """A query of its WITH clause."""
        found = [cte for cte in nodes(self.query.get("cteList")) if cte.get("ctename") == name]
        return found[0] if len(found) == 1 else None

    def is_target(self, variable: Node) -> bool:
        """Whether a variable belongs to the table that the query changes."""
        return number(variable, "varno") == number(self.query, "resultRelation") != 0

    def mentions(self, variable: Node) -> bool:
        """Whether a condition mentions the variable's column, so that it may filter NULL out."""
        return _column(variable) in self._mentioned

    def proves(self, variable: Node) -> bool:
        """Whether a condition keeps out every row where the variable is NULL."""
        if self.is_target(variable):
            # What is returned is the row after the change.
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
            for variable in _filled_by(condition)
        }


def _conditions(node: Any) -> list[Node]:
    """What must be true of every row: WHERE, and ON of inner joins that no outer join is above."""
    if not isinstance(node, dict):
        return []
    kind = node.get("")
    if kind == "FROMEXPR":
        below: list[Any] = list(node.get("fromlist") or ())
    elif kind == "JOINEXPR" and node.get("jointype") == _INNER_JOIN:
        below = [node.get("larg"), node.get("rarg")]
    else:
        return []
    return _conjuncts(node.get("quals")) + [found for part in below for found in _conditions(part)]


def _conjuncts(node: Any) -> list[Node]:
    if isinstance(node, list):
        return [found for part in node for found in _conjuncts(part)]
    if not isinstance(node, dict):
        return []
    if node.get("") == "BOOLEXPR" and node.get("boolop") == "and":
        return _conjuncts(node.get("args"))
    return [node]


def _filled_by(condition: Node) -> list[Node]:
    """The variables of this level that are not NULL where a condition is true."""
    kind = condition.get("")
    if kind == "NULLTEST":
        if condition.get("nulltesttype") != _IS_NOT_NULL or condition.get("argisrow") == "true":
            return []
        return _variables([condition.get("arg")])
    return []


def _variables(expressions: list[Any]) -> list[Node]:
    found = []
    for expression in expressions:
        node = expression
        while isinstance(node, dict) and node.get("") == "RELABELTYPE":
            node = node.get("arg")
        if isinstance(node, dict) and node.get("") == "VAR" and not number(node, "varlevelsup"):
            found.append(node)
    return found


def _column(variable: Node) -> tuple[int, int]:
    return number(variable, "varno"), number(variable, "varattno")


def _identity(variable: Node) -> _Variable:
    return *_column(variable), frozenset(numbers(variable.get("varnullingrels")))
