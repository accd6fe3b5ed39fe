"""The marker `understudy`: what one test wants otherwise than all others.

    @pytest.mark.understudy(isolation="clone")

On a class or a module it holds for all tests there; for each keyword the nearest one wins.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import pytest

from understudy.plugin import messages
from understudy.plugin.options import read_settings
from understudy.plugin.outcomes import failure
from understudy.plugin.settings import ISOLATIONS

NAME = "understudy"
DESCRIPTION = (
    'understudy(*, isolation): isolation="clone" gives the test a database of its own to commit to,'
    ' "rollback" undoes it'
)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """The keywords of the marker; None where a test has no wish.

    ``isolation`` is how the test is kept from others on the real database.
    """

    isolation: str | None = None


_KEYWORDS = tuple(field.name for field in fields(Wishes))


def wishes(item: pytest.Item) -> Wishes:
    """Return what the markers of a test say.

    Raises:
        pytest.fail.Exception: a marker has an invalid argument.
    """
    found: dict[str, object] = {}
    for mark in item.iter_markers(NAME):  # the nearest first
        if mark.args:
            raise failure(
                f"@pytest.mark.understudy takes keywords, not {mark.args[0]!r} alone."
                f"\nThe keywords are: {', '.join(_KEYWORDS)}."
            )
        for keyword, value in mark.kwargs.items():
            if keyword not in _KEYWORDS:
                raise failure(messages.unknown_keyword(keyword, _KEYWORDS))
            if value not in ISOLATIONS:
                raise failure(messages.unknown_isolation(value, ISOLATIONS))
            found.setdefault(keyword, value)
    return Wishes(**found)  # type: ignore[arg-type] # checked right above


def is_cloned(item: pytest.Item) -> bool:
    """Say whether a test is isolated by a clone; a marker that makes no sense fails it later."""
    marked = (mark.kwargs.get("isolation") for mark in item.iter_markers(NAME))
    wished = next(filter(None, marked), None)
    return (wished or read_settings(item.config).isolation) == "clone"


def isolation(item: pytest.Item) -> str:
    """Return "rollback" or "clone": as the test's markers say, else as is configured."""
    return wishes(item).isolation or read_settings(item.config).isolation
