"""Every item of the checklist, fulfilled and not fulfilled, on modules written for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.review.conftest import answer
from understudy.review.checklist import layer_of
from understudy.review.checklist_items import OPINIONS, STAGES, Evidence, Item, Review

USERS, ORDERS, TOTALS = "app.dao.users", "app.dao.orders", "app.totals"


def test_the_worst_module_comes_first(reviews: list[Review]) -> None:
    assert [review.module for review in reviews] == [ORDERS, TOTALS, USERS]
    assert [len(review.wrong) for review in reviews] == [7, 3, 0]


def test_the_checklist_has_three_stages() -> None:
    assert [
        sum(stage == wanted for stage in STAGES.values()) for wanted in ("before", "during")
    ] == [
        4,
        8,
    ]
    assert len(Item) == 19


def test_a_module_that_fulfils_it_all(reviews: list[Review]) -> None:
    (users,) = [review for review in reviews if review.module == USERS]

    assert {answer.state for answer in users.answers} == {"ok"}
    assert (users.path, users.tests, users.covered) == ("app/dao/users.py", 2, 100.0)


@pytest.mark.parametrize(
    ("item", "evidence"),
    [
        (Item.LAYER, ["its name says dao", "its tests"]),
        (Item.FIXTURES, ["its tests use conn"]),
        (Item.SCENARIOS, ["1 function, each called by a test"]),
        (Item.ERRORS, ["name_of: tests/test_users_dao.py::test_name_of_nobody_raises"]),
        (Item.SQL, ["a test or a rule checks each statement that was sent to a fake"]),
        (Item.PARAMETERS, ["no test checks a statement without its parameters"]),
        (Item.PASSING, ["2 tests passed"]),
        (Item.COVERAGE, ["100% of its lines and branches"]),
        (Item.PATHS, ["2 branches, all taken"]),
        (Item.STATEMENTS, ["1 statement, all sent"]),
        (Item.LEFTOVERS, ["none in 1 test file"]),
        (Item.ISOLATED, ["2 tests: the same alone, in reverse, and at random (seed 4)"]),
        (Item.REPEATABLE, ["2 tests, run twice in one process: the same both times"]),
    ],
)
def test_what_a_fulfilled_item_rests_on(
    reviews: list[Review], item: Item, evidence: list[str]
) -> None:
    assert [reason.text for reason in answer(reviews, USERS, item).evidence] == evidence


@pytest.mark.parametrize(
    ("item", "evidence"),
    [
        (Item.SCENARIOS, [Evidence("no test calls remove", "app/dao/orders.py", 10)]),
        (Item.ERRORS, [Evidence("no test runs this except", "app/dao/orders.py", 5)]),
        (
            Item.SQL,
            [
                Evidence(
                    "no test checks INSERT INTO orders (total) VALUES ($1) "
                    "(sent in tests/test_orders_dao.py::test_add)",
                    "app/dao/orders.py:3",
                )
            ],
        ),
        (
            Item.PARAMETERS,
            [
                Evidence(
                    "no test checks the parameters of INSERT INTO orders (total) VALUES ($1)",
                    "app/dao/orders.py:3",
                )
            ],
        ),
        (
            Item.COVERAGE,
            [Evidence("62% of its lines and branches; not run: 4-5, 10", "app/dao/orders.py", 4)],
        ),
        (
            Item.STATEMENTS,
            [Evidence("DELETE FROM orders WHERE id = $1: not reached", "app/dao/orders.py", 10)],
        ),
        (
            Item.LEFTOVERS,
            [
                Evidence("a test prints here", "tests/test_orders_dao.py", 8),
                Evidence("code in a comment", "tests/test_orders_dao.py", 9),
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_module(
    reviews: list[Review], item: Item, evidence: list[Evidence]
) -> None:
    found = answer(reviews, ORDERS, item)

    assert (found.state, list(found.evidence)) == ("not ok", evidence)


def test_opinions_are_told_apart(reviews: list[Review]) -> None:
    """No matter of taste is among the answers, which decide on the exit code."""
    orders = next(review for review in reviews if review.module == ORDERS)

    assert OPINIONS.keys().isdisjoint(answer.item for answer in orders.answers)
    assert [(answer.item, answer.evidence) for answer in orders.opinions[-2:]] == [
        (
            Item.DOCSTRINGS,
            (Evidence("test_add has no docstring", "tests/test_orders_dao.py", 6),),
        ),
        (Item.HINTS, (Evidence("test_add lacks type hints", "tests/test_orders_dao.py", 6),)),
    ]


def test_tests_that_need_their_order(reviews: list[Review]) -> None:
    first, second = "tests/test_totals.py::test_first", "tests/test_totals.py::test_second"

    isolated = answer(reviews, TOTALS, Item.ISOLATED)
    repeated = answer(reviews, TOTALS, Item.REPEATABLE)

    in_reverse = "passed in the suite, and failed in reverse order"
    assert isolated.state == "not ok"
    assert [reason.text for reason in isolated.evidence[:2]] == [
        f"{first} {in_reverse}",
        f"{second} {in_reverse}",
    ]
    assert repeated.state == "not ok"
    assert [reason.text for reason in repeated.evidence] == [
        f"{first}, run twice in one process, passed and then failed: assert 3 == 1",
        f"{second}, run twice in one process, passed and then failed: assert 4 == 2",
    ]


def test_what_cannot_be_told(reviews: list[Review]) -> None:
    unknown = [
        answer.item
        for answer in next(review for review in reviews if review.module == TOTALS).answers
        if answer.state == "cannot tell"
    ]

    assert unknown == [*(Item.LAYER, Item.FIXTURES, Item.SQL, Item.PARAMETERS, Item.STATEMENTS)]
    assert answer(reviews, TOTALS, Item.SQL).evidence == (
        Evidence("its tests send no statement to a fake"),
    )


@pytest.mark.parametrize(
    ("module", "layer"),
    [
        ("app.repositories.tasks", "repository"),
        ("src.domain.dal.user", "dal"),
        ("shop.crud.product", "crud"),
        ("app.user_service", "service"),
        ("app.database", None),
    ],
)
def test_the_layer_that_a_name_says(module: str, layer: str | None) -> None:
    assert layer_of(module) == layer


def test_a_test_that_expects_no_error_is_no_error_path(reviews: list[Review]) -> None:
    assert answer(reviews, TOTALS, Item.ERRORS).evidence == (
        Evidence("no test of it expects an error"),
    )


def test_it_reports_its_steps(reviews: list[Review], steps: list[str]) -> None:
    assert steps == [
        "all tests, with coverage",
        "the modules' tests alone, twice in a row",
        "in reverse order",
        "in a random order",
        "reading the tests",
    ]


def test_nothing_is_left_in_the_project(reviews: list[Review], project: Path) -> None:
    from tests.review.conftest import FILES

    found = {path.relative_to(project) for path in project.rglob("*") if path.is_file()}

    assert {path.as_posix() for path in found} == set(FILES)
