"""What a trial shows, so that it is worth a test."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from tests.write.kept import target
from understudy.write.exploration import Explorer
from understudy.write.trials import Layer, Observation, Trial


class JobsUnavailable(Exception):
    """What a DAO makes of an error of the database."""


@pytest.mark.parametrize(
    ("layer", "error", "is_shown"),
    [
        ("dao", JobsUnavailable(), True),
        ("dao", asyncpg.ConnectionDoesNotExistError(), False),
        ("dao", OSError(), False),
        ("service", JobsUnavailable(), False),
    ],
)
def test_what_a_dao_makes_of_a_fault_is_shown(
    layer: Layer, error: Exception, is_shown: bool
) -> None:
    nothing: Any = None
    explorer = Explorer(nothing, None, frozenset(), frozenset(), None)
    trial = Trial(target(layer=layer), purpose="fault")

    assert bool(explorer._shown(trial, Observation(raised=error))) == is_shown
