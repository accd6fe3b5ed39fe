"""An exception that nobody has raised is no behaviour."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from understudy.write.accidents import accident


def _missing() -> None:
    row: object = None
    row["id"]  # type: ignore[index]  # the mistake of a missing row


def _wrong() -> None:
    raise TypeError("an id is a number")


def _wrong_on_two_lines() -> None:
    raise AttributeError(
        "it has no such field",
    )


def _wrong_on_one_line() -> None:
    if True: raise TypeError("an id is a number")  # noqa: E701 # as it is  # fmt: skip


def _absent() -> None:
    raise LookupError("no row")


def _raised(call: Callable[[], None]) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any of them
        call()
    return caught.value


def test_a_mistake_names_its_line() -> None:
    line = _missing.__code__.co_firstlineno + 2

    assert accident(_raised(_missing), __file__) == (
        f"TypeError in line {line}: 'NoneType' object is not subscriptable"
    )


@pytest.mark.parametrize("call", [_wrong, _wrong_on_two_lines, _wrong_on_one_line, _absent])
def test_what_is_raised_is_meant(call: Callable[[], None]) -> None:
    assert accident(_raised(call), __file__) == ""


def test_a_call_that_returns_has_none() -> None:
    assert accident(None, __file__) == ""
