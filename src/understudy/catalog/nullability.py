"""Which columns of a result can be NULL, according to the analysed query tree.

The answer is "not null" only if that is certain. An unknown node, function or form of query is
"unknown", never "not null".
"""

from __future__ import annotations

from typing import Any

from understudy.catalog.description import Nullability
from understudy.catalog.expressions import DEEPEST, ExpressionNullability
from understudy.catalog.oid_lookup import Lookup
from understudy.catalog.query_scopes import Scope
from understudy.catalog.querytree import Node, number, numbers
from understudy.catalog.view_queries import Views
from understudy.pg.oids import FIRST_OWN_OID

_UNION, _INTERSECT, _EXCEPT = "1", "2", "3"
# RTEKind
_RELATION, _SUBQUERY, _JOIN, _FUNCTION, _VALUES, _CTE, _GROUP = "0", "1", "2", "3", "5", "6", "9"
_DELETE, _SELECT = "4", "1"


class QueryNullability(ExpressionNullability):
    """Decides whether the columns of a query can be NULL."""

    def __init__(self, lookup: Lookup, views: Views) -> None:
        super().__init__(lookup)
        self._views = views
        # By the identity of the query's node: use one instance per tree.
        self._known: dict[tuple[int, int], Nullability] = {}
        self._assumed: dict[int, list[Nullability]] = {}
        self._scopes: dict[int, Scope] = {}

    def columns(self, query: Node) -> list[Nullability]:
        """Return the nullability of each column that a query returns."""
        return self._columns(self.scope(query, None))

    def scope(self, query: Node, outer: Scope | None) -> Scope:
        """Return the scope of a query, which stands in one place only."""
        if id(query) not in self._scopes:
            self._scopes[id(query)] = Scope(query, outer)
        return self._scopes[id(query)]

    def column(self, scope: Scope, place: int) -> Nullability:
        """Return the nullability of a column of a query's result, by its place from 0."""
        if not 0 <= place < len(scope.results) or self._depth > DEEPEST:
            return "unknown"
        key = (id(scope.query), place)
        if key not in self._known:
            operations = scope.query.get("setOperations")
            if operations is not None:
                self._known[key] = self._set_operation(scope, operations, place)
            else:
                self._known[key] = self.expression(scope, scope.results[place].get("expr"))
        return self._known[key]

    def _columns(self, scope: Scope) -> list[Nullability]:
        return [self.column(scope, place) for place in range(len(scope.results))]

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
            return self.expression(scope, below[attribute - 1])
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
        query = self._views.tree(oid)
        return "unknown" if query is None else self.column(self.scope(query, None), place)

    def _subquery(self, scope: Scope, table: Node, place: int) -> Nullability:
        query = table.get("subquery")
        if not isinstance(query, dict):
            if table.get("rtekind") == _CTE:
                return self._cte(scope, table, place)
            return "unknown"
        return self.column(self.scope(query, scope), place)

    def _values(self, scope: Scope, table: Node, place: int) -> Nullability:
        rows = table.get("values_lists")
        if not isinstance(rows, list):
            return "unknown"
        found = {
            self.expression(scope, row[place]) if place < len(row) else "unknown" for row in rows
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
        inner = self.scope(query, home)
        if cte.get("cterecursive") != "true":
            return self.column(inner, place)
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


def _converts_by_own_cast(operation: Node) -> bool:
    """Return whether a column may go through a user-defined cast, which may return NULL."""
    return any(oid >= FIRST_OWN_OID for oid in numbers(operation.get("colTypes")))
