"""How a fixture ends a test: one message, no traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


def failure(message: str) -> BaseException:
    """The exception that fails a test with a message alone; raise it from its cause."""
    return pytest.fail.Exception(message, pytrace=False)


@contextmanager
def one_message() -> Iterator[None]:
    """Turn an AppError into a failure that shows its text alone."""
    from understudy.fastapi.errors import AppError

    try:
        yield
    except AppError as error:
        raise failure(str(error)) from error
