"""Where a constant of the source is planted: in which arguments and columns, and as what value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

import pytest

from understudy.catalog.schema_reader import DatabaseType
from understudy.rows.table_facts import Column, Schema, Table
from understudy.write.planted import Change, planted
from understudy.write.readings import Reading
from understudy.write.row_sets import RowSet
from understudy.write.shapes import ABSENT, Field, Items, Leaf, Record, Shape
from understudy.write.source_constants import Constant

SCHEMA = Schema({}, {}, {})
NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)


class Status(Enum):
    """States of an order."""

    OPEN = "open"
    DONE = "done"


def column(name: str, kind: str, *, is_enum: bool = False, not_null: bool = True) -> Column:
    """Return a column of a type by its name in pg_type."""
    family: Literal["enum", "base"] = "enum" if is_enum else "base"
    labels = tuple(one.value for one in Status) if is_enum else ()
    of = DatabaseType(1, kind, kind, family, 0, -1, False, False, labels)
    return Column(name, of, kind, -1, not_null, None, "", False)


def table(*columns: Column) -> Table:
    """Return a table `orders`."""
    return Table(5, "public", "orders", "r", 0, columns=columns)


def in_argument(shape: Shape, value: Any, *, is_length: bool = False) -> list[Any]:
    """Return what is planted in an argument `value` that is compared with a constant."""
    constant = Constant("value", "value", value, 1, is_length)
    found = planted([constant], {"value": shape}, [], Reading(), SCHEMA)
    return [one.value for one in found]


def in_column(of: Column, value: Any, *, is_length: bool = False) -> list[Any]:
    """Return what is planted in a column `value` that is compared with a constant."""
    constant = Constant("value", "row", value, 1, is_length)
    found = [*planted([constant], {}, [(table(of), {})], Reading(), SCHEMA)]
    assert all(change.table == "orders" for change in found)
    return [one.value for one in found]


def leaf(value: Any, **flags: bool) -> Leaf:
    """Return the argument `value`, with an ordinary value."""
    return Leaf(("value",), [value], **flags)


ITEMS = Items(("value",), [Leaf(("value", str(n)), [n]) for n in range(2)])


@pytest.mark.parametrize(
    ("shape", "constant", "expected"),
    [
        (leaf("a"), "b", ["b"]),
        (leaf("a"), 7, []),
        (leaf(1), True, []),
        (leaf(True), False, [False]),
        (leaf(Status.OPEN), "done", [Status.DONE]),
        (leaf(Status.OPEN), "gone", []),
        (leaf([1]), 0, [[]]),
        (leaf({"a": 1}), None, []),
        (leaf("a", is_nullable=True), None, [None]),
        (leaf("a", is_nullable=True, is_required=False), None, [None, ABSENT]),
        (ITEMS, 1, [1]),
        (ITEMS, 3, []),
        (Record(("value",), dict, [], is_dict=True), "a", []),
    ],
)
def test_an_argument_takes_a_constant_of_its_type(
    shape: Shape, constant: Any, expected: list[Any]
) -> None:
    """None is planted where it is allowed, and a number in a list as its length."""
    assert in_argument(shape, constant) == expected


@pytest.mark.parametrize(
    ("shape", "length", "expected"),
    [
        (leaf("abc"), 2, ["aa"]),
        (leaf([7]), 3, [[7, 7, 7]]),
        (leaf("abc"), 5000, []),
        (leaf(8), 2, []),
    ],
)
def test_a_length_is_a_text_or_a_list_of_that_length(
    shape: Shape, length: int, expected: list[Any]
) -> None:
    assert in_argument(shape, length, is_length=True) == expected


@pytest.mark.parametrize(
    ("of", "constant", "expected"),
    [
        (column("value", "text"), "done", ["done"]),
        (column("value", "int4"), "done", []),
        (column("value", "text"), Status.DONE, ["done"]),
        (column("value", "status", is_enum=True), "done", ["done"]),
        (column("value", "status", is_enum=True), "gone", []),
        (column("value", "text", not_null=False), None, [None]),
        (column("value", "text"), None, []),
        (column("value", "bool"), True, [True]),
        (column("value", "text"), True, ["value b"]),
        (column("value", "numeric"), 3, [Decimal(3)]),
        (column("value", "float8"), 3, [3.0]),
        (column("value", "timestamptz"), NOON, [NOON]),
        (column("value", "timestamp"), NOON, [NOON.replace(tzinfo=None)]),
        (column("value", "date"), NOON, [date(2020, 1, 1)]),
        (column("value", "point"), True, []),
        (column("other", "text"), "done", []),
    ],
)
def test_a_column_takes_a_constant_as_it_stores_it(
    of: Column, constant: Any, expected: list[Any]
) -> None:
    assert in_column(of, constant) == expected


def test_a_column_gets_a_text_of_a_length() -> None:
    assert in_column(column("value", "text"), 3, is_length=True) == ["aaa"]


def test_a_part_of_an_argument_is_preferred_to_a_column() -> None:
    """`dto.status` is an argument's; a column of that name is somebody else's."""
    status = Leaf(("dto", "status"), ["open"])
    shapes: Mapping[str, Shape] = {"dto": Record(("dto",), dict, [Field("status", status)])}
    rows = [(table(column("status", "text")), {"status": "open"})]

    found = [*planted([Constant("status", "dto", "done", 1)], shapes, rows, Reading(), SCHEMA)]

    assert found == [Change(("dto", "status"), "", "", "done")]


def test_a_change_says_what_it_changes() -> None:
    left_out = Change(("dto", "first_name"), "", "", ABSENT)
    stored = Change((), "orders", "status", Status.DONE)

    assert (left_out.place, left_out.scenario) == (("dto", "first_name"), "first_name_left_out")
    assert left_out.about == "the first name is left out"
    assert (stored.place, stored.scenario) == (("orders", "status"), "status_done")


def test_a_change_of_a_column_changes_the_rows_of_its_table() -> None:
    orders, others = table(), Table(6, "public", "users", "r", 0)
    rows = RowSet("", "", [(orders, {"status": "open"}), (others, {"status": "open"})])

    chosen, changed = Change((), "orders", "status", "done").applied({}, rows)

    assert chosen == {}
    assert changed is not None
    assert [values for _, values in changed.rows] == [{"status": "done"}, {"status": "open"}]


def test_a_change_without_rows_changes_an_argument_alone() -> None:
    path = ("dto", "status")

    assert Change(path, "", "", "done").applied({path: "open"}, None) == ({path: "done"}, None)
    assert Change((), "orders", "status", "done").applied({}, None) == ({}, None)
