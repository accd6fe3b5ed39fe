"""The queries of views, which PostgreSQL stores as query trees."""

from __future__ import annotations

from collections.abc import Iterable

from understudy.catalog.oid_lookup import Lookup
from understudy.catalog.querytree import Node, nodes, read_tree, touched


class Views:
    """Reads each view once. Valid for one batch of statements, like its lookup."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._trees: dict[int, Node | None] = {}

    def tree(self, oid: int) -> Node | None:
        """Return the query of a view, or None for a table or an unreadable tree."""
        if oid not in self._trees:
            relation = self._lookup.relation(oid)
            text = relation.view if relation else None
            found = nodes(read_tree(text)) if text else []
            self._trees[oid] = found[0] if len(found) == 1 else None
        return self._trees[oid]

    def learn(self, relations: Iterable[int]) -> None:
        """Look up tables and views, and those that the views read, level by level."""
        wanted = set(relations)
        while new := self._lookup.learn_relations(wanted):
            wanted = {below for oid in new for below in self._below(oid)}

    def all_below(self, relations: Iterable[int]) -> set[int]:
        """Return tables and views, with those that the views read, directly or not."""
        found: set[int] = set()
        todo = list(relations)
        while todo:
            oid = todo.pop()
            if oid not in found:
                found.add(oid)
                todo.extend(self._below(oid))
        return found

    def _below(self, oid: int) -> Iterable[int]:
        relation = self._lookup.relation(oid)
        return touched(relation.view) if relation and relation.view else ()
