"""UND203: a test of one layer that reaches through the next one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from understudy.lint.patches import patches
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module

_ROUTER = re.compile(r"_(router|routes?|api|endpoints?|views?)(_\w+)?$")
_SERVICE = re.compile(r"_service(_\w+)?$")
_CONNECTION = re.compile(r"get_connection|acquire|\bpool$|_conn\b|execute|fetch_(row|val)$")
_DAO = re.compile(r"(DAO|Dao|Repository|Repo|CRUD)\b|\bdao\b|\brepositor(y|ies)\b")


def check(module: Module) -> Iterator[Found]:
    """Yield patches two layers below the one that the file's name says."""
    name = module.path.stem
    router, service = _ROUTER.search(name), _SERVICE.search(name)
    if not router and not service:
        return
    for patch in patches(module):
        target = patch.dotted or patch.name
        if _CONNECTION.search(patch.name):
            wanted = "service" if router else "DAO"
            yield Found(patch.call, f"a connection is replaced here: replace the {wanted} instead")
        elif router and _DAO.search(target):
            yield Found(patch.call, f"{target} is two layers down: replace the service instead")


RULE = Rule(
    code="UND203",
    name="wrong-level",
    group="design",
    why="A test that skips a layer breaks when that layer changes, and tests that layer again.",
    instead="Replace the connection for a DAO, the DAO for a service, the service for a router.",
    wrong="""
from app.users import UserDAO


def test_get_users(client, monkeypatch):
    monkeypatch.setattr(UserDAO, "fetch_all", lambda: [])  # UND203

    assert client.get("/users").json() == []
""",
    right="""
from app.users import UserService


def test_get_users(client, monkeypatch):
    monkeypatch.setattr(UserService, "get_all", lambda: [])

    assert client.get("/users").json() == []
""",
    path="tests/test_users_router.py",
    check=check,
)
