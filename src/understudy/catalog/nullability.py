"""Which columns of a result can be NULL, according to the analysed query tree.

The answer is "not null" only if that is certain. An unknown node, function or form of query is
"unknown", never "not null".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from understudy.catalog import strict_functions
from understudy.catalog.description import Nullability
from understudy.catalog.oid_lookup import Lookup
from understudy.catalog.query_scopes import Scope
from understudy.catalog.querytree import Node, nodes, number, numbers
from understudy.pg.oids import FIRST_OWN_OID

_UNION, _INTERSECT, _EXCEPT = "1", "2", "3"
# RTEKind
_RELATION, _SUBQUERY, _JOIN, _FUNCTION, _VALUES, _CTE, _GROUP = "0", "1", "2", "3", "5", "6", "9"
_DELETE = "4"
# SubLinkType
_EXISTS, _EXPRESSION, _ARRAY = "0", "4", "6"
# SQLValueFunctionOp: current_schema and those after it may be NULL.
_CURRENT_SCHEMA = 14
# Deeper than any statement that a person wrote; PostgreSQL itself allows thousands of levels.
_DEEPEST = 60


class QueryNullability:
    """Decides whether the columns of a query can be NULL."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._depth = 0
        # By the identity of the query's node: use one instance per tree.
        self._known: dict[tuple[int, int], Nullability] = {}
        self._assumed: dict[int, list[Nullability]] = {}
        self._scopes: dict[int, Scope] = {}

    def columns(self, query: Node) -> list[Nullability]:
        """Return the nullability of each column that a query returns."""
        return self._columns(self._scope(query, None))

    def _scope(self, query: Node, outer: Scope | None) -> Scope:
        # A query stands in one place only.
        if id(query) not in self._scopes:
            self._scopes[id(query)] = Scope(query, outer)
        return self._scopes[id(query)]

    def _column(self, scope: Scope, place: int) -> Nullability:
        """Return the nullability of a column of a query's result, by its place from 0."""
        if not 0 <= place < len(scope.results) or self._depth > _DEEPEST:
            return "unknown"
        key = (id(scope.query), place)
        if key not in self._known:
            operations = scope.query.get("setOperations")
            if operations is not None:
                self._known[key] = self._set_operation(scope, operations, place)
            else:
                self._known[key] = self._expression(scope, scope.results[place].get("expr"))
        return self._known[key]

    def _columns(self, scope: Scope) -> list[Nullability]:
        return [self._column(scope, place) for place in range(len(scope.results))]

    def _set_operation(self, scope: Scope, node: Any, place: int) -> Nullability:
        if not isinstance(node, dict):
            return "unknown"
        if node.get("") == "RANGETBLREF":
            table = scope.table(number(node, "rtindex"))
            return "unknown" if table is None else self._subquery(scope, table, place)
        if _converts_by_own_cast(node):
            return "unknown"
        sides = [self._set_operation(scope, node.get(arm), place) for arm in ("larg", "rarg")]
        if node.get("op") == _UNION and "nullable" in sides:
            return "nullable"
        certain = {
            _UNION: sides == ["not null", "not null"],
            _INTERSECT: "not null" in sides,
            _EXCEPT: sides[0] == "not null",
        }
        return "not null" if certain.get(node.get("op", "")) else "unknown"

    def _variable(self, scope: Scope, node: Node) -> Nullability:
        home = scope.up(number(node, "varlevelsup"))
        if home is None or number(node, "varreturningtype"):
            # RETURNING old.x or new.x: that row may not exist.
            return "unknown"
        if home.is_proven_not_null(node):
            return "not null"
        table = home.table(number(node, "varno"))
        if table is None:
            return "unknown"
        if numbers(node.get("varnullingrels")):
            found: Nullability = "nullable"
        elif home.is_merge and not home.is_target(node):
            # WHEN NOT MATCHED BY SOURCE: the tree does not mark these columns as nullable.
            found = "unknown"
        else:
            found = self._column_of(home, table, node)
        return "unknown" if found == "nullable" and home.mentions(node) else found

    def _column_of(self, scope: Scope, table: Node, variable: Node) -> Nullability:
        """Return the nullability of a column in the table, before joins."""
        attribute = number(variable, "varattno")
        kind = table.get("rtekind")
        if kind == _RELATION:
            return self._stored(scope, table, variable)
        if attribute < 1:
            return "unknown"
        if kind == _SUBQUERY:
            return self._subquery(scope, table, attribute - 1)
        if kind == _CTE:
            return self._cte(scope, table, attribute - 1)
        if kind in (_JOIN, _GROUP):
            field = "joinaliasvars" if kind == _JOIN else "groupexprs"
            below = table.get(field)
            if not isinstance(below, list) or attribute > len(below):
                return "unknown"
            return self._expression(scope, below[attribute - 1])
        if kind == _VALUES:
            return self._values(scope, table, attribute - 1)
        if kind == _FUNCTION and self._is_total_set(table):
            return "not null"
        return "unknown"

    def _stored(self, scope: Scope, table: Node, variable: Node) -> Nullability:
        relation = self._lookup.relation(number(table, "relid"))
        attribute = number(variable, "varattno")
        if relation is None:
            return "unknown"
        changed = scope.is_target(variable)
        if changed and relation.has_rules:
            # A rule, or a trigger of a view, may return anything.
            return "unknown"
        if relation.kind == "v":
            return self._view(number(table, "relid"), attribute - 1)
        if relation.kind not in ("r", "p"):
            return "unknown"
        if attribute in relation.not_null:
            return "not null"
        if attribute in relation.nullable and not (changed and scope.command != _DELETE):
            return "nullable"
        return "unknown"

    def _view(self, oid: int, place: int) -> Nullability:
        query = self._lookup.view(oid)
        return "unknown" if query is None else self._column(self._scope(query, None), place)

    def _subquery(self, scope: Scope, table: Node, place: int) -> Nullability:
        query = table.get("subquery")
        if not isinstance(query, dict):
            if table.get("rtekind") == _CTE:
                return self._cte(scope, table, place)
            return "unknown"
        return self._column(self._scope(query, scope), place)

    def _values(self, scope: Scope, table: Node, place: int) -> Nullability:
        rows = table.get("values_lists")
        if not isinstance(rows, list):
            return "unknown"
        found = {
            self._expression(scope, row[place]) if place < len(row) else "unknown" for row in rows
        }
        if "nullable" in found:
            return "nullable"
        return "not null" if found == {"not null"} else "unknown"

    def _cte(self, scope: Scope, table: Node, place: int) -> Nullability:
        home = scope.up(number(table, "ctelevelsup"))
        cte = None if home is None else home.cte(table.get("ctename"))
        query = None if cte is None else cte.get("ctequery")
        if home is None or cte is None or not isinstance(query, dict):
            return "unknown"
        if id(query) in self._assumed:
            assumed = self._assumed[id(query)]
            return assumed[place] if place < len(assumed) else "unknown"
        inner = self._scope(query, home)
        if cte.get("cterecursive") != "true":
            return self._column(inner, place)
        found = self._recursive(inner)
        return found[place] if place < len(found) else "unknown"

    def _recursive(self, scope: Scope) -> list[Nullability]:
        """Assume that no column of a recursive query is NULL, until nothing contradicts it."""
        key = id(scope.query)
        assumed: list[Nullability] = ["not null"] * len(scope.results)
        before = dict(self._known)
        try:
            while True:
                self._assumed[key] = assumed
                # Results of an assumption that failed are invalid.
                self._known = dict(before)
                found = self._columns(scope)
                # Fewer columns in each round, so that the loop ends.
                certain: list[Nullability] = [
                    "not null" if new == old == "not null" else "unknown"
                    for new, old in zip(found, assumed, strict=True)
                ]
                if certain == assumed:
                    return certain
                assumed = certain
        finally:
            del self._assumed[key]
            self._known = before

    # Expressions: one rule for each kind of node -----------------------------------------------

    def _expression(self, scope: Scope, node: Any) -> Nullability:
        """Return the nullability of an expression in a query."""
        if not isinstance(node, dict) or self._depth > _DEEPEST:
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
        return _certain(all(self._expression(scope, node) == "not null" for node in expressions))

    def _always(self, scope: Scope, node: Node) -> Nullability:
        return "not null"

    def _parameter(self, scope: Scope, node: Node) -> Nullability:
        return "nullable"

    def _constant(self, scope: Scope, node: Node) -> Nullability:
        return "not null" if node.get("constisnull") == "false" else "nullable"

    def _as_argument(self, scope: Scope, node: Node) -> Nullability:
        return self._expression(scope, node.get("arg"))

    def _to_domain(self, scope: Scope, node: Node) -> Nullability:
        if self._lookup.is_not_null_domain(number(node, "resulttype")):
            return "not null"
        return self._as_argument(scope, node)

    def _every_argument(self, scope: Scope, node: Node) -> Nullability:
        return self._all_not_null(scope, node.get("args") or [None])

    def _any_argument(self, scope: Scope, node: Node) -> Nullability:
        arguments = [self._expression(scope, argument) for argument in node.get("args") or [None]]
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
        return self._column(self._scope(query, scope), 0)

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


def _converts_by_own_cast(operation: Node) -> bool:
    """Return whether a column may go through a user-defined cast, which may return NULL."""
    return any(oid >= FIRST_OWN_OID for oid in numbers(operation.get("colTypes")))


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


_Rules = QueryNullability
_RULES: dict[str, Callable[[QueryNullability, Scope, Node], Nullability]] = {
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
    "VAR": _Rules._variable,
    "WINDOWFUNC": _Rules._window,
}
