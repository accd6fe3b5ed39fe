"""Failures that consist of one message, without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


def failure(message: str) -> BaseException:
    """Return the exception that fails a test with nothing but a message.

    Raise it ``from None``: pytest would show the cause too and repeat the message. A debugger finds
    the first exception in ``__context__``.
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
