from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.catalog.describers import Scripted, nobody, schema, spellings
from understudy.catalog import store
from understudy.catalog.description import Column, Description, Refusal
from understudy.catalog.errors import CatalogLocked
from understudy.catalog.run_catalog import Catalog, save

FIND = "SELECT name FROM users WHERE id = $1"
BY_ID = Description(
    "SELECT", ("bigint",), (Column("name", "text", "users.name", "not null"),), ("users",), ()
)
SUM = "SELECT $1 + 1 AS n"
SUMMED = Description("SELECT", ("integer",), (Column("n", "integer", None, "unknown"),), (), ())
NARROW = replace(SUMMED, parameters=("bigint",), columns=(Column("n", "bigint", None, "unknown"),))
UNTYPED = Refusal("42P18", "could not determine data type of parameter $1")
SAYS = {
    FIND: BY_ID,
    SUM: SUMMED,
    store.key(SUM, ("bigint",)): NARROW,
    store.key(FIND, ("text",)): Refusal("42883", "operator does not exist: bigint = text"),
    "SELECT $1 IS NULL": UNTYPED,
    store.key("SELECT $1 IS NULL", ("text",)): SUMMED,
}


def test_a_widened_integer_needs_no_server() -> None:
    server = Scripted(SAYS)
    catalog = Catalog(None, schema(), lambda: server)

    assert catalog.verdict(FIND, ("smallint",)) == replace(BY_ID, parameters=("smallint",))
    assert catalog.verdict(FIND, ("bigint",)) == BY_ID
    assert catalog.verdict(FIND, ("",)) == BY_ID
    assert server.asked == [(), (FIND,)]


def test_a_verdict_that_may_differ_is_stored_separately(tmp_path: Path) -> None:
    path = tmp_path / "catalog"
    catalog = Catalog(path, schema(), lambda: Scripted(SAYS))

    assert catalog.verdict(SUM, ("bigint",)) == NARROW
    assert catalog.verdict(SUM) == SUMMED
    assert catalog.verdict("SELECT $1 IS NULL", ("text",)) == SUMMED
    assert isinstance(catalog.verdict(FIND, ("text",)), Refusal)

    news = catalog.delta()
    assert news is not None
    save(path, [news])
    assert spellings(path) == [
        "SELECT $1 + 1 AS n",
        "SELECT $1 + 1 AS n\n-- declared: bigint",
        "SELECT $1 IS NULL",
        "SELECT $1 IS NULL\n-- declared: text",
        "SELECT name FROM users WHERE id = $1",
        "SELECT name FROM users WHERE id = $1\n-- declared: text",
    ]
    again = Catalog(path, schema(), nobody)
    assert again.verdict(SUM, ("bigint",)) == NARROW
    assert again.verdict(SUM) == SUMMED
    assert '"declared": ["bigint"]' in path.read_text()


def test_declared_statements_are_renewed_for_another_schema(tmp_path: Path) -> None:
    path = tmp_path / "catalog"
    catalog = Catalog(path, schema(), lambda: Scripted(SAYS))
    catalog.verdict(SUM, ("bigint",))
    news = catalog.delta()
    assert news is not None
    save(path, [news])
    server = Scripted(SAYS)

    assert Catalog(path, schema("another"), lambda: server).verdict(SUM, ("bigint",)) == NARROW

    assert server.asked == [(SUM, store.key(SUM, ("bigint",)))]


def test_a_locked_catalog_learns_no_declaration_either(tmp_path: Path) -> None:
    path = tmp_path / "catalog"
    catalog = Catalog(path, schema(), lambda: Scripted(SAYS))
    catalog.verdict(SUM)
    news = catalog.delta()
    assert news is not None
    save(path, [news])

    with pytest.raises(CatalogLocked, match="does not hold this statement"):
        Catalog(path, schema(), nobody, locked=True).verdict(SUM, ("bigint",))


def test_more_types_than_parameters_is_for_postgresql_to_judge() -> None:
    server = Scripted(SAYS)

    Catalog(None, schema(), lambda: server).verdict(FIND, ("bigint", "text"))

    assert server.asked[-1] == (store.key(FIND, ("bigint", "text")),)
