"""Which functions of a project a function calls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from textwrap import dedent

from understudy.write.callees import called


class Users(ABC):
    """What a service depends on."""

    @abstractmethod
    def find(self, user_id: int) -> str:
        """Return a user."""


class StoredUsers(Users):
    """What it gets."""

    def find(self, user_id: int) -> str:
        """Return a user."""
        return _name(user_id)


class Service:
    """A service that keeps what it depends on."""

    def __init__(self, users: Users) -> None:
        self._users = users

    def describe(self, user_id: int) -> str:
        """Call a method of what the object was made with, and a function of a library."""
        return dedent(self._users.find(user_id))


def _name(user_id: int) -> str:
    return f"user {user_id}"


def _service() -> Service:
    return Service(StoredUsers())


async def route(user_id: int) -> str:
    """Call a method of what another function returns."""
    service = _service()
    return service.describe(user_id)


def test_objects_are_followed_by_their_types() -> None:
    found = called([route], Path(__file__).parent)

    assert [one.__qualname__ for one in found] == [
        "route",
        "_service",
        "Service.describe",
        "StoredUsers.find",
        "_name",
    ]


def test_what_is_outside_of_the_project_is_not_followed(tmp_path: Path) -> None:
    assert called([route], tmp_path) == []
