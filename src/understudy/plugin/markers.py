"""The marker `understudy`, which overrides settings for one test.

    @pytest.mark.understudy(isolation="clone")

On a class or a module it holds for all tests there; the nearest marker wins.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest

from understudy.plugin.options import read_settings
from understudy.plugin.outcomes import failure
from understudy.plugin.settings import (
    APP_DATABASES,
    ISOLATIONS,
    LEVELS,
    REQUEST_RULES,
    did_you_mean,
)

NAME = "understudy"
DESCRIPTION = (
    "understudy(*, isolation, app_database, check_statements, check_parameters, check_answers, "
    "check_errors, check_response_before_commit, check_success_despite_error, "
    "check_commit_despite_failure, check_statement_after_response, max_statements): "
    'isolation="clone" gives the test a database of its own to commit to, "rollback" undoes it, '
    '"auto" runs it again on a clone if that is not enough, "delete" puts the tables of real_mysql '
    "back that it wrote; "
    'app_database="fake_postgres" or "real_postgres" says where the app is; '
    'check_answers="off" and the others set the level of a check for the test; '
    "max_statements=5 limits the statements that its body may send"
)
_CHECKS = {name: f"check_{name}" for name in ("statements", "parameters", "answers", "errors")}
_KEYWORDS = ("isolation", "app_database", *_CHECKS.values(), *REQUEST_RULES, "max_statements")
# For each keyword but the checks, its values and what they are.
_VALUES = {
    "isolation": (ISOLATIONS, "a way to isolate a test"),
    "app_database": (APP_DATABASES, "a database of an app"),
}


def check(item: pytest.Item) -> None:
    """Check the arguments of a test's markers.

    Raises:
        pytest.fail.Exception: a marker has an invalid argument.
    """
    for mark in item.iter_markers(NAME):
        if mark.args:
            raise failure(
                f"@pytest.mark.understudy takes keywords, not {mark.args[0]!r} alone."
                f"\nThe keywords are: {', '.join(_KEYWORDS)}."
            )
        for keyword, value in mark.kwargs.items():
            if keyword not in _KEYWORDS:
                raise failure(
                    f"@pytest.mark.understudy has no keyword {keyword!r}."
                    f"{did_you_mean(keyword, _KEYWORDS)}\nThe keywords are: {', '.join(_KEYWORDS)}."
                )
            if keyword == "max_statements":
                _check_limit(item, value)
                continue
            choices, what = _VALUES.get(keyword, (LEVELS, "a level of a check"))
            if value not in choices:
                nearest = did_you_mean(value, choices) if isinstance(value, str) else ""
                raise failure(
                    f"@pytest.mark.understudy: {value!r} is not {what}.{nearest}"
                    f"\n{keyword} may be: {', '.join(map(repr, choices))}."
                )


def _check_limit(item: pytest.Item, value: object) -> None:
    if type(value) is not int or value < 0:
        raise failure(
            f"@pytest.mark.understudy: max_statements takes a whole number from 0, not {value!r}."
        )
    if "real_postgres" in getattr(item, "fixturenames", ()) and isolation(item) == "clone":
        raise failure(
            "@pytest.mark.understudy: max_statements needs isolation by rollback: what a test sends"
            " to a clone is not counted."
        )


def max_statements(item: pytest.Item) -> int | None:
    """Return how many statements the body of a test may send, if its nearest marker says so."""
    found: int | None = _nearest(item, "max_statements")
    return found


def use_levels(item: pytest.Item | None) -> None:
    """Check at the levels that a test's nearest markers set; None after the test."""
    active: Any = sys.modules.get("understudy.catalog.levels")
    marks = [] if item is None else list(item.iter_markers(NAME))
    levels: dict[str, Any] = {}
    for mark in reversed(marks):  # the nearest is the first
        levels |= {check: mark.kwargs[key] for check, key in _CHECKS.items() if key in mark.kwargs}
    if levels and active is None:
        active = importlib.import_module("understudy.catalog.levels")
    if active is not None:
        active.mark(levels)


def level(item: pytest.Item | None, key: str) -> str | None:
    """Return the level of a check that a test's nearest marker sets, if one does."""
    found: str | None = None if item is None else _nearest(item, key)
    return found


def _nearest(item: pytest.Item, key: str) -> Any:
    """Return the value of a keyword at the nearest marker that has it, else None."""
    marks = item.iter_markers(NAME)
    return next((mark.kwargs[key] for mark in marks if key in mark.kwargs), None)


def isolation(item: pytest.Item) -> str:
    """Return one of ISOLATIONS: of the nearest marker, else the configured one."""
    marked = (mark.kwargs.get("isolation") for mark in item.iter_markers(NAME))
    return next(filter(None, marked), None) or read_settings(item.config).isolation


def app_database(item: pytest.Item) -> str | None:
    """Return the fixture whose server the app of a test is on, if its nearest marker names one."""
    marked = (mark.kwargs.get("app_database") for mark in item.iter_markers(NAME))
    return next(filter(None, marked), None)
