"""An exception that nobody has raised is no behaviour."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg
import pytest

from tests.write.kept import target
from understudy.write.accidents import accident, of_guess
from understudy.write.trials import Observation, Trial


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


def _unhinted(value: object) -> int:
    return value + 1  # type: ignore[operator]  # the type of a value that nothing tells


def _guessed(error: BaseException | None, *guesses: str) -> str:
    plain = Trial(target(_unhinted, file=__file__), guesses=guesses)
    return of_guess(plain, Observation(raised=error))


def test_a_mistake_with_a_guessed_value_says_nothing_about_the_code() -> None:
    line = _unhinted.__code__.co_firstlineno + 1
    mistake = _raised(lambda: _unhinted("a"))  # type: ignore[arg-type, return-value]

    assert _guessed(mistake, "value") == (
        f"nothing tells the type of value, and a guess failed: TypeError in line {line}: can only "
        'concatenate str (not "int") to str; add a type hint'
    )
    assert _guessed(asyncpg.DataError("invalid input for query argument $1: 'a'"), "value")


def test_a_missing_row_is_no_matter_of_a_guess() -> None:
    assert _guessed(_raised(_missing), "value") == ""
    assert _guessed(_raised(_absent), "value") == ""
    assert _guessed(_raised(lambda: _unhinted("a"))) == ""  # type: ignore[arg-type, return-value]
    assert _guessed(None, "value") == ""
