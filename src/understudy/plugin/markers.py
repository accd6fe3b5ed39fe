"""The marker `understudy`, which overrides settings for one test.

    @pytest.mark.understudy(isolation="clone")

On a class or a module it holds for all tests there; the nearest marker wins.
"""

from __future__ import annotations

import pytest

from understudy.plugin.options import read_settings
from understudy.plugin.outcomes import failure
from understudy.plugin.settings import ISOLATIONS, did_you_mean

NAME = "understudy"
DESCRIPTION = (
    'understudy(*, isolation): isolation="clone" gives the test a database of its own to commit to,'
    ' "rollback" undoes it'
)
_KEYWORDS = ("isolation",)


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
            if value not in ISOLATIONS:
                nearest = did_you_mean(value, ISOLATIONS) if isinstance(value, str) else ""
                raise failure(
                    f"@pytest.mark.understudy: {value!r} is not a way to isolate a test.{nearest}"
                    f"\nisolation may be: {', '.join(map(repr, ISOLATIONS))}."
                )


def isolation(item: pytest.Item) -> str:
    """Return "rollback" or "clone": from the test's nearest marker, else the configured one."""
    marked = (mark.kwargs.get("isolation") for mark in item.iter_markers(NAME))
    return next(filter(None, marked), None) or read_settings(item.config).isolation
