"""What an inner run leaves to the garbage collector, which would warn in a later test."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _collected(request: pytest.FixtureRequest) -> Iterator[None]:
    """Collect it silently: an app that meets a fault may leave a connection open."""
    yield
    if "pytester" in request.fixturenames:  # else no inner run; collecting takes half a second
        _collect()


@pytest.fixture
def collected() -> Iterator[None]:
    """Collect it silently after a test whose inner runs are interrupted."""
    yield
    _collect()


def _collect() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()
