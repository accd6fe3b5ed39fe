"""How a fixture ends a test: one message, no traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


def failure(message: str) -> BaseException:
    """The exception that fails a test with a message alone.

    Raise it ``from None``: pytest shows a cause as well, and says the same thing twice. What was
    raised first stays in reach of a debugger, as its ``__context__``.
    """
    return pytest.fail.Exception(message, pytrace=False)


@contextmanager
def one_message(error: type[Exception]) -> Iterator[None]:
    """Turn an error whose text is a whole message into a failure without a traceback.

    Raises:
        pytest.fail.Exception: the error was raised; its text is the message.
    """
    try:
        yield
    except error as raised:
        raise failure(str(raised)) from None
