"""What a dummy takes: the signature that callers see, through decorators that pass something."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy import WrongArguments, dummy


def connected(method: Callable[..., Any]) -> Callable[..., Any]:
    """Passes a connection first."""

    @functools.wraps(method)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return await method("conn", *args, **kwargs)

    return wrapper


def with_self(method: Callable[..., Any]) -> Callable[..., Any]:
    """Passes a connection behind self."""

    @functools.wraps(method)
    async def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        conn = "conn"
        return await method(self, conn, *args, **kwargs)

    return wrapper


def by_keyword(method: Callable[..., Any]) -> Callable[..., Any]:
    """Passes a connection by name."""

    @functools.wraps(method)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return await method(*args, conn="conn", **kwargs)

    return wrapper


def logged(method: Callable[..., Any]) -> Callable[..., Any]:
    """Passes nothing of its own."""

    @functools.wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        print("called")  # noqa: T201 # any call that forwards nothing
        return method(*args, **kwargs)

    return wrapper


def two(method: Callable[..., Any]) -> Callable[..., Any]:
    """Passes two things."""

    @functools.wraps(method)
    async def wrapper(*args: Any) -> Any:
        return await method("conn", "user", *args)

    return wrapper


def says_itself(method: Callable[..., Any]) -> Callable[..., Any]:
    """Passes a connection first, and says so in its signature."""

    @functools.wraps(method)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return await method("conn", *args, **kwargs)

    shown = inspect.signature(method)
    shown = shown.replace(parameters=list(shown.parameters.values())[1:])
    wrapper.__signature__ = shown  # type: ignore[attr-defined] # functions have it undeclared
    return wrapper


def without_source(method: Callable[..., Any]) -> Callable[..., Any]:
    """Made at run time: nobody can read what it passes."""
    space: dict[str, Any] = {"method": method}
    exec("async def wrapper(*args, **kwargs):\n    return await method(*args, **kwargs)", space)
    return functools.wraps(method)(space["wrapper"])


def built(method: Callable[..., Any]) -> Any:
    """No function at all."""

    class Wrapper:
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return method(*args, **kwargs)

    return functools.wraps(method)(Wrapper())


def forwards_nothing(method: Callable[..., Any]) -> Callable[..., Any]:
    """Calls what it wraps, but not with what it is given."""

    @functools.wraps(method)
    async def wrapper(*args: Any) -> Any:
        return await method(args[0])

    return wrapper


class DAO:
    @staticmethod
    @connected
    async def static(conn: str, key: int) -> None: ...

    @classmethod
    @with_self
    async def of_class(cls, conn: str, key: int) -> None: ...

    @with_self
    async def method(self, conn: str, key: int) -> None: ...

    @staticmethod
    @by_keyword
    async def keyword(key: int, *, conn: str, deep: bool = False) -> None: ...

    @staticmethod
    @logged
    @connected
    async def twice(conn: str, key: int) -> None: ...

    @staticmethod
    @connected
    @logged
    async def twice_inside(conn: str, key: int) -> None: ...

    @staticmethod
    @connected
    @connected
    async def nested(conn: str, other: str, key: int) -> None: ...

    @staticmethod
    @two
    async def two(conn: str, user: str, key: int) -> None: ...

    @staticmethod
    @says_itself
    async def said(conn: str, key: int) -> None: ...

    @staticmethod
    @logged
    @says_itself
    async def said_inside(conn: str, key: int) -> None: ...

    @staticmethod
    @connected
    @says_itself
    async def said_and_passed(conn: str, other: str, key: int) -> None: ...

    @staticmethod
    @without_source
    async def sourceless(key: int) -> None: ...

    @staticmethod
    @forwards_nothing
    async def picked(key: int) -> None: ...

    @built
    async def an_object(self, key: int) -> None: ...

    @staticmethod
    async def called_self(self: int) -> None: ...

    @staticmethod
    def any_number(*args: int, **kwargs: int) -> None: ...

    text_of = str.upper
    builtin = staticmethod(min)


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        ("static", "(key: 'int') -> 'None'"),
        ("of_class", "(key: 'int') -> 'None'"),
        ("method", "(key: 'int') -> 'None'"),
        ("keyword", "(key: 'int', *, deep: 'bool' = False) -> 'None'"),
        ("twice", "(key: 'int') -> 'None'"),
        ("twice_inside", "(key: 'int') -> 'None'"),
        ("nested", "(key: 'int') -> 'None'"),
        ("two", "(key: 'int') -> 'None'"),
        ("said", "(key: 'int') -> 'None'"),
        ("said_inside", "(key: 'int') -> 'None'"),
        ("said_and_passed", "(key: 'int') -> 'None'"),
        ("sourceless", "(key: 'int') -> 'None'"),
        ("picked", "(key: 'int') -> 'None'"),
        ("an_object", "(key: 'int') -> 'None'"),
        ("called_self", "(self_: 'int') -> 'None'"),
        ("any_number", "(*args: 'int', **kwargs: 'int') -> 'None'"),
        ("text_of", "()"),
        ("builtin", "(*args, **kwargs)"),
    ],
)
def test_the_signature(method: str, signature: str) -> None:
    stand_in = getattr(dummy(DAO), method)
    assert str(inspect.signature(stand_in)) == signature


@pytest.mark.parametrize("method", [name for name in vars(DAO) if name.islower()])
def test_async_is_what_has_to_be_awaited(method: str) -> None:
    if method.startswith("_"):
        return
    expected = method not in ("any_number", "text_of", "builtin")
    assert inspect.iscoroutinefunction(getattr(dummy(DAO), method)) is expected


async def test_calls_through_decorators() -> None:
    dao = dummy(DAO)
    for method in ("static", "of_class", "method", "twice", "nested", "two", "said"):
        dao.on(method, 7).returns(method)
        assert await getattr(dao, method)(7) == method
        assert await getattr(dao, method)(key=7) == method
        with pytest.raises(WrongArguments, match="too many positional arguments"):
            await getattr(dao, method)("conn", 7)


def test_the_reference_backends_dao(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pydantic_settings", reason="the reference backend's own dependency")
    backend = Path(__file__).parents[2] / "examples" / "backend"
    monkeypatch.syspath_prepend(backend)
    before = set(sys.modules)
    try:
        from src.domain.dal.dao.user import UserDAO

        dao = dummy(UserDAO)
        assert [*inspect.signature(dao.fetch_by_id).parameters] == ["user_id"]
        assert [*inspect.signature(dao.create).parameters] == ["dto"]
        assert inspect.iscoroutinefunction(dao.fetch_by_id)
    finally:
        for name in set(sys.modules) - before:
            if name.partition(".")[0] == "src":
                del sys.modules[name]
