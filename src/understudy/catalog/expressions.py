"""Which expressions can be NULL: one rule for each kind of node in a query tree."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

from understudy.catalog import strict_functions
from understudy.catalog.description import Nullability
from understudy.catalog.oid_lookup import Lookup
from understudy.catalog.query_scopes import Scope
from understudy.catalog.querytree import Node, nodes, number

# Deeper than any statement that a person wrote; PostgreSQL itself allows thousands of levels.
DEEPEST = 60
# SubLinkType
_EXISTS, _EXPRESSION, _ARRAY = "0", "4", "6"
# SQLValueFunctionOp: current_schema and those after it may be NULL.
_CURRENT_SCHEMA = 14


class ExpressionNullability(ABC):
    """Decides whether an expression can be NULL; what a column holds is left to the subclass."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._depth = 0

    @abstractmethod
    def column(self, scope: Scope, place: int) -> Nullability:
        """Return the nullability of a column of a query's result, by its place from 0."""

    @abstractmethod
    def scope(self, query: Node, outer: Scope | None) -> Scope:
        """Return the scope of a query."""

    @abstractmethod
    def _variable(self, scope: Scope, node: Node) -> Nullability: ...

    def expression(self, scope: Scope, node: Any) -> Nullability:
        """Return the nullability of an expression in a query."""
        if not isinstance(node, dict) or self._depth > DEEPEST:
            return "unknown"
        kind = node.get("", "")
        if scope.has_grouping_sets and kind not in ("AGGREF", "GROUPINGFUNC"):
            # An expression that equals a grouped one may become NULL.
            return "unknown"
        rule = _RULES.get(kind)
        if rule is None:
            return "unknown"
        self._depth += 1
        try:
            return rule(self, scope, node)
        finally:
            self._depth -= 1

    def _all_not_null(self, scope: Scope, expressions: Iterable[Any]) -> Nullability:
        return _certain(all(self.expression(scope, node) == "not null" for node in expressions))

    def _always(self, scope: Scope, node: Node) -> Nullability:
        return "not null"

    def _parameter(self, scope: Scope, node: Node) -> Nullability:
        return "nullable"

    def _constant(self, scope: Scope, node: Node) -> Nullability:
        return "not null" if node.get("constisnull") == "false" else "nullable"

    def _as_argument(self, scope: Scope, node: Node) -> Nullability:
        return self.expression(scope, node.get("arg"))

    def _to_domain(self, scope: Scope, node: Node) -> Nullability:
        if self._lookup.is_not_null_domain(number(node, "resulttype")):
            return "not null"
        return self._as_argument(scope, node)

    def _every_argument(self, scope: Scope, node: Node) -> Nullability:
        return self._all_not_null(scope, node.get("args") or [None])

    def _any_argument(self, scope: Scope, node: Node) -> Nullability:
        arguments = [self.expression(scope, argument) for argument in node.get("args") or [None]]
        if "not null" in arguments:
            return "not null"
        return "nullable" if set(arguments) == {"nullable"} else "unknown"

    def _case(self, scope: Scope, node: Node) -> Nullability:
        results = [branch.get("result") for branch in nodes(node.get("args"))]
        return self._all_not_null(scope, [*results, node.get("defresult")])

    def _function(self, scope: Scope, node: Node) -> Nullability:
        function = self._lookup.function(number(node, "funcid"))
        if (
            function is None
            or node.get("funcretset") != "false"
            or not strict_functions.is_total(function)
        ):
            return "unknown"
        if function.name in strict_functions.NEVER_NULL and node.get("funcvariadic") == "false":
            return "not null"
        return self._all_not_null(scope, node.get("args") or ())

    def _operator(self, scope: Scope, node: Node) -> Nullability:
        if not self._is_total(node) or node.get("opretset") != "false":
            return "unknown"
        return self._every_argument(scope, node)

    def _is_total(self, node: Node) -> bool:
        operator = self._lookup.operator(number(node, "opno"))
        return operator is not None and strict_functions.is_total_operator(operator)

    def _distinct(self, scope: Scope, node: Node) -> Nullability:
        return _certain(self._is_total(node))

    def _in_list(self, scope: Scope, node: Node) -> Nullability:
        arguments = nodes(node.get("args"))
        if len(arguments) != 2 or not self._is_total(node):
            return "unknown"
        value, array = arguments
        if array.get("") != "ARRAYEXPR":
            # An array that is not NULL may contain NULL.
            return "unknown"
        return self._all_not_null(scope, [value, *(array.get("elements") or ())])

    def _sublink(self, scope: Scope, node: Node) -> Nullability:
        if node.get("subLinkType") in (_EXISTS, _ARRAY):
            return "not null"
        query = node.get("subselect")
        if node.get("subLinkType") != _EXPRESSION or not isinstance(query, dict):
            return "unknown"
        if not _has_exactly_one_row(query):
            return "unknown"
        return self.column(self.scope(query, scope), 0)

    def _aggregate(self, scope: Scope, node: Node) -> Nullability:
        function = self._lookup.function(number(node, "aggfnoid"))
        if function is None or number(node, "agglevelsup"):
            return "unknown"
        if function.name == "count":
            return "not null"
        if scope.has_grouping_sets or function.name not in strict_functions.TOTAL_AGGREGATES:
            return "unknown"
        if not scope.query.get("groupClause"):
            # There may be no rows at all.
            return "nullable" if scope.query.get("havingQual") is None else "unknown"
        if node.get("aggfilter") is not None or node.get("aggkind") != "n":
            return "unknown"
        return self._all_not_null(
            scope, [argument.get("expr") for argument in nodes(node.get("args"))]
        )

    def _window(self, scope: Scope, node: Node) -> Nullability:
        function = self._lookup.function(number(node, "winfnoid"))
        if function is None:
            return "unknown"
        return _certain(function.name in ("count", *strict_functions.TOTAL_WINDOW_FUNCTIONS))

    def _sql_value(self, scope: Scope, node: Node) -> Nullability:
        return _certain(str(node.get("op")).isdecimal() and number(node, "op") < _CURRENT_SCHEMA)

    def _is_total_set(self, table: Node) -> bool:
        """Return whether no column of a function in FROM can be NULL."""
        functions = nodes(table.get("functions"))
        if len(functions) != 1:
            return False
        called = functions[0].get("funcexpr")
        oid = number(called, "funcid") if isinstance(called, dict) else 0
        function = self._lookup.function(oid)
        return function is not None and function.name in strict_functions.TOTAL_SETS


def _certain(yes: bool) -> Nullability:
    return "not null" if yes else "unknown"


def _has_exactly_one_row(query: Node) -> bool:
    """Return whether a query is an aggregate over all rows, which returns a row in any case."""
    absent = (
        "groupClause",
        "groupingSets",
        "havingQual",
        "limitCount",
        "limitOffset",
        "setOperations",
    )
    return (
        query.get("hasAggs") == "true"
        and query.get("hasTargetSRFs") == "false"
        and query.get("commandType") == "1"
        and all(field in query and query[field] is None for field in absent)
    )


_Rules = ExpressionNullability
_RULES: dict[str, Callable[[ExpressionNullability, Scope, Node], Nullability]] = {
    "AGGREF": _Rules._aggregate,
    "ARRAYCOERCEEXPR": _Rules._as_argument,
    "ARRAYEXPR": _Rules._always,
    "BOOLEANTEST": _Rules._always,
    "BOOLEXPR": _Rules._every_argument,
    "CASEEXPR": _Rules._case,
    "COALESCEEXPR": _Rules._any_argument,
    "COERCETODOMAIN": _Rules._to_domain,
    "COERCEVIAIO": _Rules._as_argument,
    "COLLATEEXPR": _Rules._as_argument,
    "CONST": _Rules._constant,
    "DISTINCTEXPR": _Rules._distinct,
    "FUNCEXPR": _Rules._function,
    "GROUPINGFUNC": _Rules._always,
    "MERGESUPPORTFUNC": _Rules._always,
    "MINMAXEXPR": _Rules._any_argument,
    "NAMEDARGEXPR": _Rules._as_argument,
    "NULLTEST": _Rules._always,
    "OPEXPR": _Rules._operator,
    "PARAM": _Rules._parameter,
    "RELABELTYPE": _Rules._as_argument,
    "ROWEXPR": _Rules._always,
    "SCALARARRAYOPEXPR": _Rules._in_list,
    "SQLVALUEFUNCTION": _Rules._sql_value,
    "SUBLINK": _Rules._sublink,
    "VAR": lambda rules, scope, node: rules._variable(scope, node),
    "WINDOWFUNC": _Rules._window,
}
