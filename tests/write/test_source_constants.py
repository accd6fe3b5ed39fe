"""The constants that a function compares its values with, as values to plant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from understudy.write.source_constants import Constant, constants

LIMIT = 7


class Settings:
    """Constants of an application."""

    longest = 3
    shortest: int | None = None

    def limit(self) -> int:
        """Return no constant."""
        return 1


def in_a_list(row: Any) -> bool:
    """Compare a column with a list."""
    return row["status"] in ("open", "held", "sent", "gone")


def in_a_container(user: Any) -> bool:
    """Look for a constant in a list of rows."""
    return "orders:write" in user.permissions


def beyond_a_name(order: Any) -> bool:
    """Compare with a constant of the module, which stands first."""
    return LIMIT < order.total  # noqa: SIM300 - a constant on the left is the case


def with_an_attribute(text: str) -> bool:
    """Compare a length with a constant of a class."""
    return len(text) == Settings.longest


def with_no_constant(order: Any) -> bool:
    """Compare with what has no value, and what has no name."""
    return bool(order.total in (Settings.shortest, Settings.limit) or order() == 5)


def with_a_negative(order: Any) -> bool:
    """Compare with a number below zero."""
    return order.balance == -5  # type: ignore[no-any-return]  # as of a row


def in_any_case(order: Any) -> bool:
    """Compare what a method makes of a value."""
    return order.kind.lower() == "gift" or order.get("kind") == "loan"


def by_its_start(order: Any) -> bool:
    """Ask how a text starts."""
    return order.code.startswith("X-")  # type: ignore[no-any-return]  # as of a row


def in_the_past(token: Any) -> bool:
    """Compare with the clock."""
    return datetime.now(UTC) > token.expires_at  # type: ignore[no-any-return]  # as of a row


def by_patterns(order: Any) -> int:
    """Match several values, a singleton and what is no value."""
    match order.kind:
        case "a" | "b":
            return 1
        case None:
            return 2
        case Settings.limit:
            return 3
        case _:
            return 4


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (in_a_list, [("status", "row", one) for one in ("open", "held", "sent")]),
        (beyond_a_name, [("total", "order", value) for value in (7, 8, 6)]),
        (with_a_negative, [("balance", "order", -5)]),
        (with_no_constant, []),
        (in_any_case, [("kind", "order", "gift"), ("kind", "order", "loan")]),
        (by_its_start, [("code", "order", "X-")]),
        (by_patterns, [("kind", "order", "a"), ("kind", "order", "b"), ("kind", "order", None)]),
        (
            in_the_past,
            [
                ("expires_at", "token", datetime(2020, 1, 1, 12, tzinfo=UTC)),
                ("expires_at", "token", datetime(2999, 1, 1, 12, tzinfo=UTC)),
            ],
        ),
    ],
)
def test_what_a_value_is_compared_with_is_planted(
    function: Callable[..., Any], expected: list[tuple[str, str, Any]]
) -> None:
    """Each belongs to the name that it is compared with; a limit comes with its neighbours."""
    found = [(one.name, one.root, one.value) for one in constants(function, [])]

    assert found == expected


def test_the_length_of_a_text_is_a_constant_of_the_text() -> None:
    line = with_an_attribute.__code__.co_firstlineno + 2

    assert [*constants(with_an_attribute, [])] == [Constant("text", "text", 3, line, True)]


def test_a_value_of_a_list_belongs_to_the_columns_that_usually_name_it() -> None:
    found = [(one.name, one.value) for one in constants(in_a_container, [])]

    assert found == [
        (name, "orders:write")
        for name in ("code", "name", "key", "slug", "permission", "scope", "role")
    ]


def asked_for_its_truth(user: Any, note: Any) -> int:
    """Ask for the truth of two values at once."""
    if user.active and not (found := note):
        return 1
    return len(found)


def test_what_is_tested_for_its_truth_is_tried_empty_and_full() -> None:
    found = [(one.name, one.value) for one in constants(asked_for_its_truth, [])]

    for name in ("active", "found"):
        assert [value for of, value in found if of == name] == [None, True, False, 0, ""]


def test_only_constants_near_the_open_lines_count() -> None:
    first = by_patterns.__code__.co_firstlineno

    assert [*constants(by_patterns, [first + 40])] == []


def test_a_function_without_source_has_no_constants() -> None:
    namespace: dict[str, Any] = {}
    exec("def made(value): return value == 5", namespace)

    assert [*constants(namespace["made"], [])] == []
    assert [*constants(len, [])] == []
