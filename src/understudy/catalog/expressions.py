"""Which expressions can be NULL: one rule for each kind of node in a query tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from understudy.catalog import strict_functions
from understudy.catalog.description import Nullability
from understudy.catalog.oid_lookup import Lookup
from understudy.catalog.query_scopes import Scope
from understudy.catalog.querytree import Node, nodes, number

if TYPE_CHECKING:
    from understudy.catalog.nullability import Judge

# SubLinkType
_EXISTS, _EXPRESSION, _ARRAY = "0", "4", "6"
# SQLValueFunctionOp: the only one that may have no value.
_CURRENT_SCHEMA = 14


def judge(judge: Judge, scope: Scope, node: Node) -> Nullability:
    """The nullability of an expression that is no variable."""
    rule = _RULES.get(node.get("", ""))
    return "unknown" if rule is None else rule(judge, scope, node)


def is_total_set(lookup: Lookup, table: Node) -> bool:
    """Whether a function in FROM leaves no column of its rows NULL."""
    functions = nodes(table.get("functions"))
    if len(functions) != 1:
        return False
    called = functions[0].get("funcexpr")
    function = lookup.function(number(called, "funcid")) if isinstance(called, dict) else None
    return function is not None and strict_functions.is_total_set(function)


def _certain(yes: bool) -> Nullability:
    return "not null" if yes else "unknown"


def _always(judge: Judge, scope: Scope, node: Node) -> Nullability:
    return "not null"


def _maybe(judge: Judge, scope: Scope, node: Node) -> Nullability:
    return "nullable"


def _constant(judge: Judge, scope: Scope, node: Node) -> Nullability:
    return "not null" if node.get("constisnull") == "false" else "nullable"


def _as_argument(judge: Judge, scope: Scope, node: Node) -> Nullability:
    return judge.expression(scope, node.get("arg"))


def _to_domain(judge: Judge, scope: Scope, node: Node) -> Nullability:
    if judge.lookup.is_filled_domain(number(node, "resulttype")):
        return "not null"
    return _as_argument(judge, scope, node)


def _every_argument(judge: Judge, scope: Scope, node: Node) -> Nullability:
    return _certain(all(judge.is_filled(scope, part) for part in node.get("args") or [None]))


def _any_argument(judge: Judge, scope: Scope, node: Node) -> Nullability:
    found = [judge.expression(scope, part) for part in node.get("args") or [None]]
    if "not null" in found:
        return "not null"
    return "nullable" if set(found) == {"nullable"} else "unknown"


def _case(judge: Judge, scope: Scope, node: Node) -> Nullability:
    results = [branch.get("result") for branch in nodes(node.get("args"))]
    results.append(node.get("defresult"))
    return _certain(all(judge.is_filled(scope, result) for result in results))


def _function(judge: Judge, scope: Scope, node: Node) -> Nullability:
    function = judge.lookup.function(number(node, "funcid"))
    if (
        function is None
        or node.get("funcretset") != "false"
        or not strict_functions.is_total(function)
    ):
        return "unknown"
    if strict_functions.is_never_null(function) and node.get("funcvariadic") == "false":
        return "not null"
    return _certain(all(judge.is_filled(scope, part) for part in node.get("args") or ()))


def _operator(judge: Judge, scope: Scope, node: Node) -> Nullability:
    if not _is_total(judge, node) or node.get("opretset") != "false":
        return "unknown"
    return _every_argument(judge, scope, node)


def _is_total(judge: Judge, node: Node) -> bool:
    operator = judge.lookup.operator(number(node, "opno"))
    return operator is not None and strict_functions.is_total_operator(operator)


def _distinct(judge: Judge, scope: Scope, node: Node) -> Nullability:
    return _certain(_is_total(judge, node))


def _in_list(judge: Judge, scope: Scope, node: Node) -> Nullability:
    arguments = nodes(node.get("args"))
    if len(arguments) != 2 or not _is_total(judge, node):
        return "unknown"
    value, array = arguments
    if array.get("") != "ARRAYEXPR":
        # An array may hold NULL without being it.
        return "unknown"
    elements = array.get("elements") or ()
    return _certain(all(judge.is_filled(scope, part) for part in (value, *elements)))


def _subquery(judge: Judge, scope: Scope, node: Node) -> Nullability:
    if node.get("subLinkType") in (_EXISTS, _ARRAY):
        return "not null"
    query = node.get("subselect")
    if node.get("subLinkType") != _EXPRESSION or not isinstance(query, dict):
        return "unknown"
    if not _has_exactly_one_row(query):
        return "unknown"
    return judge.column(judge.scope(query, scope), 0)


def _has_exactly_one_row(query: Node) -> bool:
    """Whether a query is an aggregate over everything, which has a row even where nothing is."""
    nothing = (
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
        and all(field in query and query[field] is None for field in nothing)
    )


def _aggregate(judge: Judge, scope: Scope, node: Node) -> Nullability:
    function = judge.lookup.function(number(node, "aggfnoid"))
    if function is None or number(node, "agglevelsup"):
        return "unknown"
    if function.name == "count":
        return "not null"
    if scope.has_grouping_sets or not strict_functions.is_total_aggregate(function):
        return "unknown"
    if not scope.query.get("groupClause"):
        # Over no row at all.
        return "nullable" if scope.query.get("havingQual") is None else "unknown"
    if node.get("aggfilter") is not None or node.get("aggkind") != "n":
        return "unknown"
    arguments = [argument.get("expr") for argument in nodes(node.get("args"))]
    return _certain(all(judge.is_filled(scope, argument) for argument in arguments))


def _window(judge: Judge, scope: Scope, node: Node) -> Nullability:
    function = judge.lookup.function(number(node, "winfnoid"))
    if function is None:
        return "unknown"
    return _certain(function.name == "count" or strict_functions.is_total_window_function(function))


def _sql_value(judge: Judge, scope: Scope, node: Node) -> Nullability:
    return _certain(str(node.get("op")).isdecimal() and number(node, "op") < _CURRENT_SCHEMA)


_RULES: dict[str, Callable[[Any, Scope, Node], Nullability]] = {
    "AGGREF": _aggregate,
    "ARRAYCOERCEEXPR": _as_argument,
    "ARRAYEXPR": _always,
    "BOOLEANTEST": _always,
    "BOOLEXPR": _every_argument,
    "CASEEXPR": _case,
    "COALESCEEXPR": _any_argument,
    "COERCETODOMAIN": _to_domain,
    "COERCEVIAIO": _as_argument,
    "COLLATEEXPR": _as_argument,
    "CONST": _constant,
    "DISTINCTEXPR": _distinct,
    "FUNCEXPR": _function,
    "GROUPINGFUNC": _always,
    "MERGESUPPORTFUNC": _always,
    "MINMAXEXPR": _any_argument,
    "NAMEDARGEXPR": _as_argument,
    "NULLTEST": _always,
    "OPEXPR": _operator,
    "PARAM": _maybe,
    "RELABELTYPE": _as_argument,
    "ROWEXPR": _always,
    "SCALARARRAYOPEXPR": _in_list,
    "SQLVALUEFUNCTION": _sql_value,
    "SUBLINK": _subquery,
    "WINDOWFUNC": _window,
}
