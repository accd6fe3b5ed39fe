"""`dummy(spec)`: answering, refusing, and what it is to those who look at it."""

from __future__ import annotations

import abc
import asyncio
import dataclasses
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar, Protocol

import pydantic
import pytest

from tests.effort import record_sleeps
from tests.places import at, within
from understudy import (
    ANY,
    AnswerImpossible,
    CallNotFound,
    ScriptError,
    UnexpectedCall,
    UnusedAnswers,
    WrongArguments,
    dummy,
)
from understudy.script.expectations import opened


class Base:
    async def inherited(self, key: int) -> str:
        raise AssertionError("the original must not run")


class Users(Base):
    table: ClassVar[str] = "users"
    limit = 10

    def __init__(self, pool: object) -> None:
        self.pool = pool

    async def fetch(self, user_id: int, *, deep: bool = False) -> dict[str, Any]:
        raise AssertionError("the original must not run")

    def count(self, status: str = "active") -> int:
        raise AssertionError("the original must not run")

    async def stream(self, size: int = 2) -> AsyncIterator[int]:
        yield size

    def walk(self) -> Iterator[int]:
        yield 1

    @staticmethod
    async def ping(host: str) -> bool:
        raise AssertionError("the original must not run")

    @classmethod
    def create(cls, name: str) -> Users:
        raise AssertionError("the original must not run")

    @property
    def size(self) -> int:
        return 5

    async def _secret(self) -> None: ...

    def __mangled(self) -> None: ...

    def __call__(self, request: str) -> str:
        return request


async def test_answers() -> None:
    users = dummy(Users)
    users.on("fetch", 7).returns({"id": 7})
    users.on("count").returns(3).then.returns(4)
    users.on("ping", "db").returns(True)
    users.on("create", "Ana").returns("made")
    users.on("inherited").returns("from the base")
    users.on("_secret").returns(None)
    users.on("__call__", "r").returns("called")
    assert await users.fetch(7) == {"id": 7}
    assert await users.fetch(user_id=7, deep=False) == {"id": 7}
    assert (users.count(), users.count("active")) == (3, 4)
    assert await users.ping("db") is True
    assert users.create("Ana") == "made"
    assert await users.inherited(1) == "from the base"
    assert await users._secret() is None
    assert users("r") == "called"


async def test_generators() -> None:
    users = dummy(Users)
    users.on("stream").returns([1, 2])
    users.on("walk").returns(range(2))
    assert [each async for each in users.stream()] == [1, 2]
    assert list(users.walk()) == [0, 1]
    empty = dummy(Users)
    empty.on("stream").returns(None)
    empty.on("walk").returns(None)
    assert [each async for each in empty.stream()] + list(empty.walk()) == []


async def test_a_rule_without_an_answer_returns_none() -> None:
    users = dummy(Users)
    users.on("fetch")
    users.on("count")
    assert (await users.fetch(1), users.count()) == (None, None)


async def test_exceptions() -> None:
    users = dummy(Users)
    users.on("fetch").raises(LookupError("gone"))
    users.on("count").raises(LookupError)
    with pytest.raises(LookupError, match="gone"):
        await users.fetch(1)
    with pytest.raises(LookupError):
        users.count()


async def test_functions_get_the_arguments_of_the_call() -> None:
    users = dummy(Users)

    @users.on("fetch")
    async def fetch(user_id: int, *, deep: bool = False) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"id": user_id, "deep": deep}

    users.on("inherited")(lambda key: key * 2)
    users.on("count")(lambda status="active": len(status))
    assert await users.fetch(3, deep=True) == {"id": 3, "deep": True}
    assert (await users.inherited(4), users.count("on")) == (8, 2)


async def test_delays_and_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    users = dummy(Users)
    users.on("fetch").delay(0.02).returns(1).then.hangs()
    users.on("count").delay(0.02).returns(2)
    users.on("inherited").delay(0.02)(lambda key: key)
    slept = record_sleeps(monkeypatch)
    assert (await users.fetch(1), users.count(), await users.inherited(3)) == (1, 2, 3)
    assert slept == [0.02, 0.02, 0.02]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(users.fetch(1), 0.01)


async def test_a_sync_method_cannot_hang() -> None:
    users = dummy(Users)
    users.on("count").hangs()
    with pytest.raises(AnswerImpossible) as caught:
        users.count()
    assert str(caught.value) == "count() is not async: it cannot hang until it is cancelled"


async def test_no_rule() -> None:
    users = dummy(Users)
    users.on("fetch", 7, deep=lambda value: value).returns({}).optional()  # rule
    with opened() as book, pytest.raises(UnexpectedCall) as caught:
        await users.fetch(8)  # call
    assert book.failures == [caught.value]
    assert (
        str(caught.value)
        == f"""\
fetch() matched no rule
  call: fetch(8)    at: {within("call")}
Nearest of the only rule:
  {at("rule")}  on("fetch", 7, deep=test_no_rule.<lambda>)
    argument  differs  user_id expected 7 (int), got 8 (int)
    argument  differs  deep got False (bool), which test_no_rule.<lambda> refuses
To allow it:
  dummy.on("fetch", 8).returns(...)"""
    )


def test_a_rule_of_another_method() -> None:
    users = dummy(Users)
    users.on("inherited").returns(1).optional()  # rule
    with pytest.raises(UnexpectedCall) as caught:
        users.count(status="x")  # call
    assert (
        str(caught.value)
        == f"""\
count() matched no rule
  call: count(status='x')    at: {within("call")}
Nearest of the only rule:
  {at("rule")}  on("inherited")
    method  differs  expected inherited, got count
To allow it:
  dummy.on("count", status='x').returns(...)"""
    )


def test_nothing_scripted() -> None:
    with pytest.raises(UnexpectedCall) as caught:
        dummy(Users).count()  # call
    assert (
        str(caught.value)
        == f"""\
count() matched no rule
  call: count()    at: {within("call")}
No rules: nothing was scripted on this fake.
To allow it:
  dummy.on("count").returns(...)"""
    )


def test_left_over() -> None:
    with opened() as book:
        users = dummy(Users)
        users.on("count", "on").returns(1)  # rule
        users.on("count", "off").returns(0)
        users.count("off")  # call
    [failure] = book.verify()
    assert type(failure) is UnusedAnswers
    assert (
        str(failure)
        == f"""\
a rule was never used
  {at("rule")}  on("count", 'on')
Nearest of 1 call:
  count('off') at {within("call")}
    argument  differs  status expected 'on' (str), got 'off' (str)
If it need not happen, say so with .optional()."""
    )


async def test_wrong_arguments() -> None:
    users = dummy(Users)
    users.on("fetch").optional()
    with opened() as book, pytest.raises(WrongArguments) as caught:
        await users.fetch(1, True)  # call
    assert book.failures == [caught.value]
    assert isinstance(caught.value, TypeError)
    assert (
        str(caught.value)
        == f"""\
fetch(1, True) does not fit the original: too many positional arguments
  signature: fetch(user_id: 'int', *, deep: 'bool' = False) -> 'dict[str, Any]'
  at: {within("call")}"""
    )


def test_wrong_arguments_in_the_script() -> None:
    with pytest.raises(ScriptError) as caught:
        dummy(Users).on("count", 1, extra=2)  # rule
    assert (
        str(caught.value)
        == f"""\
count(1, extra=2) does not fit the original: got an unexpected keyword argument 'extra'
  signature: count(status: 'str' = 'active') -> 'int'
  at: {within("rule")}"""
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fetsh", "Users has no method 'fetsh'; did you mean 'fetch'?"),
        (
            "zzz",
            "Users has no method 'zzz'; it has __call__, _secret, count, create, fetch, inherited, "
            "ping, stream, walk",
        ),
        (
            "table",
            "Users has no method 'table'; it has __call__, _secret, count, create, fetch, "
            "inherited, ping, stream, walk",
        ),
    ],
)
def test_no_such_method(name: str, message: str) -> None:
    for use in (dummy(Users).on, dummy(Users).assert_called):
        with pytest.raises(ScriptError) as caught:
            use(name)
        assert str(caught.value) == message


def test_a_class_without_methods() -> None:
    with pytest.raises(ScriptError) as caught:
        dummy(type("Empty", (), {})).on("run")
    assert str(caught.value) == "Empty has no method 'run'; it has no public methods"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (Users(None), "dummy() takes the class to stand in for, got <"),
        (
            type("Queue", (), {"on": 1, "calls": 2}),
            "dummy(Queue): Queue has on, calls itself, and a dummy needs these names to be "
            "scripted with; write a small class by hand",
        ),
    ],
)
def test_what_cannot_be_stood_in_for(spec: Any, message: str) -> None:
    with pytest.raises(ScriptError) as caught:
        dummy(spec)
    assert str(caught.value).startswith(message)


def test_attributes() -> None:
    users = dummy(Users)
    assert (users.table, users.limit) == ("users", 10)
    users.size = 7
    users.pool = "mine"
    assert (users.size, users.pool) == (7, "mine")
    for name, near in [("coumt", "; did you mean 'count'?"), ("zzz", ""), ("_Users__mangled", "")]:
        with pytest.raises(AttributeError) as caught:
            getattr(users, name)
        assert str(caught.value) == (
            f"dummy of Users has no attribute {name!r}{near}; set it on the dummy if code reads it"
        )


def test_what_it_is() -> None:
    users = dummy(Users)
    assert isinstance(users, Users)
    assert isinstance(users, Base)
    assert users.__class__ is Users
    assert inspect.iscoroutinefunction(users.fetch)
    assert inspect.iscoroutinefunction(users.ping)
    assert not inspect.iscoroutinefunction(users.count)
    assert inspect.isasyncgenfunction(users.stream)
    assert inspect.isgeneratorfunction(users.walk)
    assert str(inspect.signature(users.fetch)) == str(inspect.signature(Users(None).fetch))
    assert str(inspect.signature(users.ping)) == "(host: 'str') -> 'bool'"
    assert users.fetch.__name__ == "fetch"


async def test_assertions() -> None:
    users = dummy(Users)
    users.on("fetch").returns({})
    await users.fetch(1)  # first
    await users.fetch(2, deep=True)
    users.assert_called("fetch", times=2)
    users.assert_called("fetch", 1, times=1)
    users.assert_called("fetch", ANY, deep=True)
    users.assert_called("count", times=0)
    assert [call.kwargs for call in users.calls] == [{}, {"deep": True}]
    with pytest.raises(CallNotFound) as caught:
        users.assert_called("fetch", 3)
    assert (
        str(caught.value)
        == f"""\
expected to be called at least once, but it never was
  expected: on("fetch", 3)
Nearest of 2 calls:
  fetch(1) at {within("first")}
    argument  differs  user_id expected 3 (int), got 1 (int)"""
    )


class Port(Protocol):
    async def send(self, message: str) -> bool: ...


class Abstract(abc.ABC):
    @abc.abstractmethod
    async def run(self, job: int) -> None: ...


@dataclasses.dataclass
class Plain:
    name: str
    age: int = 3

    def greet(self) -> str:
        return self.name


class Model(pydantic.BaseModel):
    name: str = "x"

    def shout(self, loud: bool) -> str:
        return self.name


async def test_specs_of_every_kind() -> None:
    port, abstract, plain, model = dummy(Port), dummy(Abstract), dummy(Plain), dummy(Model)
    port.on("send", "hello").returns(True)
    abstract.on("run", 1)
    plain.on("greet").returns("hi")
    model.on("shout", True).returns("HI")
    assert await port.send("hello") is True
    assert await abstract.run(1) is None
    assert (plain.greet(), plain.age, model.shout(True)) == ("hi", 3, "HI")
    assert isinstance(plain, Plain)
    assert isinstance(model, Model)


async def test_a_refused_call_gives_others_their_turn() -> None:
    users = dummy(Users)
    turns: list[int] = []
    asyncio.get_running_loop().call_soon(turns.append, 1)
    with pytest.raises(UnexpectedCall):
        await users.fetch(1)
    assert turns == [1]
