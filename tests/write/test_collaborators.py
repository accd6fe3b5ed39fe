"""The collaborators of services: their dummies, and the recording of their calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.write.imported import found_in
from understudy.project.python_values import NoSource
from understudy.write.collaborators import Recorder, ServiceTarget, recorded, recording
from understudy.write.dummy_rules import rules_for
from understudy.write.trials import Expression

DAOS = """
    from asyncpg import Connection
    import httpx

    class UserDAO:
        def __init__(self, conn: Connection) -> None: ...

    class Mail:
        def __init__(self, client: httpx.AsyncClient) -> None: ...
"""
USERS = """
    from app.daos import Mail, UserDAO

    class UserService:
        def __init__(self, users: UserDAO, mail: Mail, *, limit: int = 3) -> None: ...

        async def register(self, name: str) -> None: ...
"""


def service(folder: Path) -> ServiceTarget:
    """Return the target of `UserService.register`."""
    [target], _ = found_in(folder, {"daos": DAOS, "users": USERS})
    assert isinstance(target, ServiceTarget)
    return target


def test_the_calls_of_a_service(tmp_path: Path) -> None:
    """With its real DAO; with that recorded; with dummies alone, which need no database."""
    target = service(tmp_path)
    dummies = target.on_dummies(has_database=False)
    assert (target.call, target.recording.call, dummies.call) == (
        "await UserService(UserDAO(conn), mail).register(ARGUMENTS)",
        'await UserService(recorded("users", UserDAO(conn)), recorded("mail", mail))'
        ".register(ARGUMENTS)",
        "await UserService(users, mail).register(ARGUMENTS)",
    )
    assert [opening.line for opening in target.recording.openings] == [
        "conn = await real_postgres.asyncpg.connect()"
    ]
    assert (dummies.openings, dummies.fixtures) == ((), ())
    assert [(one.dummy.line, one.is_remote) for one in target.collaborators] == [
        ("users = dummy(UserDAO)", False),
        ("mail = dummy(Mail)", True),
    ]


class _DAO:
    limit = 3

    async def find(self, user_id: int, *, deleted: bool = False) -> str:
        if user_id < 0:
            raise LookupError(user_id)
        return f"user {user_id}"

    @staticmethod
    def count() -> int:
        return 2


@pytest.mark.parametrize("real", [_DAO(), _DAO])
def test_a_recorded_object_does_the_same(real: object) -> None:
    """Its calls are kept with the source of their arguments and answers."""
    recorder = Recorder(lambda value: Expression(repr(value)), lambda value: Expression("answer"))
    dao = recorded("dao", real)
    with recording(recorder):
        assert (dao.count(), dao.limit) == (2, 3)
    assert isinstance(dao, _DAO if isinstance(real, _DAO) else type)
    [call] = recorder.calls
    assert (call.name, call.method, call.sources, call.answer) == (
        *("dao", "count", []),
        Expression("answer"),
    )


def test_what_a_recorded_object_raises_is_kept() -> None:
    """And goes on to the caller."""
    recorder = Recorder(lambda value: Expression(repr(value)), lambda value: None)
    dao = recorded("dao", _DAO())
    with recording(recorder):
        assert asyncio.run(dao.find(7, deleted=True)) == "user 7"
        with pytest.raises(LookupError):
            asyncio.run(dao.find(-1))
    assert [(call.sources, call.value, type(call.raised)) for call in recorder.calls] == [
        (["7", "deleted=True"], "user 7", type(None)),
        (["-1"], None, LookupError),
    ]
    assert all(call.begun < call.ended for call in recorder.calls)


class _Unit:
    """A unit of work."""

    closed = False

    def __enter__(self) -> _Unit:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    async def __aenter__(self) -> _Unit:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closed = True

    def __iter__(self) -> Iterator[int]:
        return iter((1, 2))

    async def __aiter__(self) -> AsyncIterator[int]:
        yield 3

    def __len__(self) -> int:
        return 2

    def __getitem__(self, at: int) -> int:
        return at

    def find(self) -> int:
        return 4


def test_a_recorded_object_is_entered_and_iterated() -> None:
    async def used(unit: Any) -> list[int]:
        async with unit as entered:
            found = [entered.find(), *unit, unit[7]]
            return [*found, *[one async for one in unit]]

    recorder = Recorder(lambda value: Expression("a"), lambda value: Expression("b"))
    real = _Unit()
    unit = recorded("unit", real)
    with recording(recorder):
        assert asyncio.run(used(unit)) == [4, 1, 2, 7, 3]
        with unit as entered:
            assert entered is unit
        unit.closed = None

    assert real.closed is None
    assert not callable(unit)
    assert "find" in [call.method for call in recorder.calls]
    # No dummy can do the same, so the trial stays one on the real object.
    with pytest.raises(NoSource):
        rules_for(recorder.calls)
