"""Which rows are the caller's: what the code compares with the caller's own values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from understudy.catalog.schema_reader import DatabaseConstraint, DatabaseType
from understudy.rows.table_facts import Column, Schema, Table
from understudy.write.ownership import of_caller, owned
from understudy.write.planted import Change
from understudy.write.trials import Expression, Row

INTEGER = DatabaseType(23, "int4", "integer", "base", 0, -1, False, False, ())
ORGS = Table(1, "public", "orgs", "r", 0)
NOTES = Table(
    2,
    "public",
    "notes",
    "r",
    0,
    columns=tuple(
        Column(name, INTEGER, "integer", -1, True, None, "", False)
        for name in ("id", "org_id", "owner_id")
    ),
    foreign_keys=(
        DatabaseConstraint(
            2, 0, "key", "f", ("org_id",), ("org_id",), 1, ("id",), False, False, "", ""
        ),
    ),
)
SCHEMA = Schema({1: ORGS, 2: NOTES}, {"orgs": 1, "notes": 2}, {})
OF_ORG = Change((), "notes", "org_id", 7)


@dataclass
class Caller:
    """Somebody who is signed in."""

    id: int = 100
    org_id: int = 7


def in_service(note: Any, who: Caller) -> bool:
    """Compare in another function, whose type tells the caller."""
    return bool(who.org_id != note.org_id)


def in_route(row: dict[str, Any], user: Any) -> bool:
    """Compare a row as a dict; a value of the code itself is nothing of the caller."""
    return bool(row["owner_id"] == user.id) and row["id"] == len(row)


def between_callers(user: Any) -> bool:
    """Compare two values of the caller, which are no columns of a row."""
    return bool(user.org_id == user.id)


def test_what_is_compared_with_a_callers_value_makes_a_row_the_callers() -> None:
    """The columns get the values that the caller has."""
    functions = (in_service, in_route, between_callers)

    found = of_caller(functions, {"user": Caller()}, SCHEMA)

    assert found == [OF_ORG, Change((), "notes", "owner_id", 100)]


def test_the_row_that_a_request_means_is_the_callers() -> None:
    """It comes after the row that it refers to now; the others stay another user's."""
    others = Row("notes", (("id", Expression("102")), ("org_id", Expression("2"))))
    meant = Row("notes", (("id", Expression("101")), ("org_id", Expression("1"))))

    found = owned((others, meant), [OF_ORG], SCHEMA)

    assert found == (
        others,
        Row("orgs", (("id", Expression("7")),)),
        Row("notes", (("id", Expression("101")), ("org_id", Expression("7")))),
    )


def test_rows_of_other_tables_stay() -> None:
    """Without a row of the table, nothing is the caller's."""
    rows = (Row("orgs"),)

    assert owned(rows, [OF_ORG], SCHEMA) == rows
