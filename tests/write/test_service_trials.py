"""Trials of services on dummies that answer what the real DAOs answered."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from tests.write.imported import imports_from, written_modules
from understudy.write import dummy_rules, rendering, service_trials
from understudy.write.collaborators import Recorded
from understudy.write.targets import find
from understudy.write.trials import Arc, Expression, Observation, Target, Trial

DAOS = """
    from dataclasses import dataclass

    class NotFound(Exception):
        def __init__(self, status_code: int, detail: str) -> None:
            self.status_code, self.detail = status_code, detail

    @dataclass
    class User:
        id: int
        name: str

    class UserDAO:
        async def find(self, user_id: int) -> User | None:
            if user_id > 1000:
                raise NotFound(404, "no such user")
            return User(user_id, "Ana") if user_id > 0 else None

        async def rename(self, user: User, name: str, *, notify: bool) -> None:
            user.name = name

        def count(self) -> int:
            return 2
"""
USERS = """
    from app.daos import NotFound, User, UserDAO

    class UserService:
        def __init__(self, users: UserDAO) -> None:
            self.users = users

        async def rename(self, user_id: int, name: str) -> bool:
            try:
                user = await self.users.find(user_id)
            except NotFound:
                return False
            if user is None:
                return False
            await self.users.rename(user, name, notify=True)
            return True
"""
RENAME = (
    'users.on("find", 101).returns(User(id=101, name="Ana"))\n'
    'users.on("rename", User(id=101, name="Ana"), "Ana", notify=True).returns(None)'
)


class Tried:
    """Runs the trials of a service without pytest, and keeps them.

    Attributes:
        seen: the trials with what they did.
    """

    def __init__(self, target: Target, open_arcs: Callable[[], frozenset[Arc]]) -> None:
        self.seen: list[tuple[Trial, Observation]] = []
        for trial in service_trials.trials(target, None, self.seen, open_arcs):
            self.seen.append((trial, self._run(trial)))

    @staticmethod
    def _run(trial: Trial) -> Observation:
        lines = sorted(rendering.imports(trial))
        lines += rendering.body(trial, [*rendering.act(trial, "answer"), "return answer"])
        namespace: dict[str, Any] = {}
        exec(f"async def trial():\n{indent(chr(10).join(lines), '    ')}", namespace)
        try:
            return Observation(answer=asyncio.run(namespace["trial"]()))
        except Exception as error:  # noqa: BLE001 # it is what is observed
            return Observation(raised=error)

    @property
    def scripts(self) -> dict[str, str]:
        """The scripts of the dummies by scenario, without the lines that make these."""
        found = {}
        for trial, _ in self.seen:
            if trial.purpose == "dummies":
                found[trial.scenario] = "\n".join(
                    line for line in trial.script if not line.endswith("= dummy(UserDAO)")
                )
        return found


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Target]:
    """The target of `UserService.rename`."""
    modules = written_modules(tmp_path, {"daos": DAOS, "users": USERS})
    with imports_from(tmp_path):
        targets, _ = find(importlib.import_module("app.users"), ("service",), modules, None)
        yield targets[0]


def test_dummies_answer_what_the_real_collaborators_did(service: Target) -> None:
    """Arguments are as they were when they were passed; the real run is only a probe."""
    tried = Tried(service, frozenset)
    assert tried.scripts[""] == RENAME
    first = [trial.purpose for trial, _ in tried.seen[:2]]
    assert first == ["probe", "dummies"]
    assert [observation.answer for _, observation in tried.seen[:2]] == [True, True]


def test_what_is_written_needs_no_real_collaborator(service: Target) -> None:
    """Only dummies are made and imported, and without a database no fixture is taken."""
    trial = Tried(service, frozenset).seen[1][0]
    assert (trial.target.call, trial.target.fixtures) == (
        "await UserService(users).rename(ARGUMENTS)",
        (),
    )
    assert sorted(rendering.imports(trial)) == [
        "from app.daos import User",
        "from app.daos import UserDAO",
        "from app.users import UserService",
        "from understudy import dummy",
    ]


def test_a_collaborator_raises_what_the_service_catches(service: Target) -> None:
    """And answers otherwise, as long as lines of the service have not run."""
    scripts = Tried(service, lambda: frozenset({(9, 10)})).scripts
    assert scripts["when_find_raises_404"] == (
        'users.on("find", 101).raises(NotFound(404, "detail a"))'
    )
    assert scripts["when_find_returns_none"] == 'users.on("find", 101).returns(None)'


def test_none_is_no_answer_of_a_method_that_never_returns_it(tmp_path: Path) -> None:
    daos = DAOS.replace("-> User | None:", "-> User:").replace(" if user_id > 0 else None", "")
    modules = written_modules(tmp_path, {"daos": daos, "users": USERS})
    with imports_from(tmp_path):
        [target], _ = find(importlib.import_module("app.users"), ("service",), modules, None)
        scripts = Tried(target, lambda: frozenset({(9, 10)})).scripts

    assert "when_find_raises_404" in scripts
    assert "when_find_returns_none" not in scripts


def test_the_block_of_a_context_manager_raises_beside_dummies(tmp_path: Path) -> None:
    """What follows the block is then not called."""
    users = """
        from collections.abc import AsyncIterator
        from contextlib import asynccontextmanager

        from app.daos import UserDAO

        class UserService:
            def __init__(self, users: UserDAO) -> None:
                self.users = users

            @asynccontextmanager
            async def counted(self) -> AsyncIterator[str]:
                yield "Ana"
                self.users.count()
        """
    modules = written_modules(tmp_path, {"daos": DAOS, "users": users})
    with imports_from(tmp_path):
        [target], _ = find(importlib.import_module("app.users"), ("service",), modules, None)
        seen = Tried(target, frozenset).seen

    found = [(trial.script, type(one.raised)) for trial, one in seen if trial.purpose == "block"]
    assert (("users = dummy(UserDAO)",), ValueError) in found


def test_generated_times_and_ids_of_answers_are_plain_ones() -> None:
    """What is the same stays the same, in answers and in the arguments of later calls."""
    when = "datetime(2026, 11, 29, 21, 19, 23, 517571"
    key = 'UUID("c9bf9e57-1685-4c89-bafb-ff5af830be8a")'
    calls = [
        Recorded("users", "add", [], [], answer=Expression(f"({key}, {when}, tzinfo=UTC))")),
        Recorded("users", "find", [key, f"{when})"], [], answer=Expression("None")),
    ]
    assert [rule.line() for rule in dummy_rules.rules_for(calls)] == [
        'users.on("add").returns((UUID(int=1), datetime(2026, 1, 3, 12, 0, tzinfo=UTC)))',
        'users.on("find", UUID(int=1), datetime(2026, 1, 3, 12, 0)).returns(None)',
    ]


def test_what_cannot_be_spelled_is_tried_on_the_real_collaborator(tmp_path: Path) -> None:
    """Here a field that the constructor does not take."""
    daos = """
        from dataclasses import dataclass, field

        @dataclass
        class User:
            id: int = field(init=False)

            def __post_init__(self) -> None:
                self.id = 3

        class UserDAO:
            async def find(self, user_id: int) -> User:
                return User()
    """
    users = """
        from app.daos import User, UserDAO

        class UserService:
            def __init__(self, users: UserDAO) -> None:
                self.users = users

            async def get(self, user_id: int) -> User:
                return await self.users.find(user_id)
    """
    modules = written_modules(tmp_path, {"daos": daos, "users": users})
    with imports_from(tmp_path):
        [target], _ = find(importlib.import_module("app.users"), ("service",), modules, None)
        tried = Tried(target, frozenset)
    assert [(trial.purpose, rendering.call(trial)) for trial, _ in tried.seen[:2]] == [
        ("probe", 'await UserService(recorded("users", UserDAO())).get(101)'),
        ("values", "await UserService(UserDAO()).get(101)"),
    ]


MAILS = """
    from threading import Thread

    import httpx

    class Taken(Exception):
        def __init__(self, by: Thread) -> None:
            super().__init__(by)

    class Odd(Exception):
        def __init__(self, name: str) -> None:
            raise ValueError(name)

    class UserDAO:
        async def exists(self, name: str) -> bool:
            if name == "":
                raise Taken(None)
            if name == "?":
                raise Odd(name)
            return True

    class Mail:
        def __init__(self, client: httpx.AsyncClient) -> None:
            self.client = client

        async def send(self, to: str) -> bool:
            return (await self.client.post("/", json=to)).is_success

        async def close(self) -> None: ...

        async def worker(self) -> Thread:
            raise NotImplementedError
"""
REGISTER = """
    from app.mails import Mail, UserDAO

    class UserService:
        def __init__(self, users: UserDAO, mail: Mail) -> None:
            self.users, self.mail = users, mail

        async def register(self, name: str) -> bool:
            if not await self.users.exists(name):
                return False
            return await self.mail.send(name)
"""


def test_a_collaborator_that_calls_the_network_answers_what_its_types_say(tmp_path: Path) -> None:
    """Also while the others are real. An exception that cannot be made is not raised."""
    modules = written_modules(tmp_path, {"mails": MAILS, "users": REGISTER})
    with imports_from(tmp_path):
        [target], _ = find(importlib.import_module("app.users"), ("service",), modules, None)
        tried = Tried(target, lambda: frozenset({(9, 10)}))

    assert tried.seen[0][0].script == (
        "mail = dummy(Mail)",
        'mail.on("close").returns(None).optional()',
        'mail.on("send").returns(True).optional()',
    )
    scripts = {
        scenario: script.replace("mail = dummy(Mail)\n", "")
        for scenario, script in tried.scripts.items()
    }
    assert scripts == {
        "when_send_returns_true": 'users.on("exists", "Ana").returns(True)\n'
        'mail.on("send", "Ana").returns(True)',
        "when_exists_raises_taken": 'users.on("exists", "").raises(Taken(None))',
        "when_exists_returns_false": 'users.on("exists", "Ana").returns(False)',
        "when_send_returns_false": 'users.on("exists", "Ana").returns(True)\n'
        'mail.on("send", "Ana").returns(False)',
    }
