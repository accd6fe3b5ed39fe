"""UND036: a mock without a spec that is asked for what its class does not have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint.class_mocks import RECORDED, class_mocks, is_asked
from understudy.lint.rule import Found, Rule
from understudy.project.files import is_test_code
from understudy.project.parsing import last_name
from understudy.project.scopes import Class
from understudy.project.sources import Module, home_of

_KNOWN_DECORATORS = frozenset(
    {"dataclasses.dataclass", "typing.final", "typing.runtime_checkable", "attrs.define"}
)
_DYNAMIC = re.compile(r"__getattr(ibute)?__|setattr\(|__dict__|__slots__|metaclass")


def check(module: Module) -> Iterator[Found]:
    """Yield the first place where a mock is asked for each attribute that its class lacks."""
    for mock in class_mocks(module):
        cls = module.project.find(mock.stands_for, module)
        names = attributes_of(module, cls) if isinstance(cls, Class) else None
        if names is None or not isinstance(cls, Class) or _is_a_fake(cls):
            continue
        told: set[str] = set()
        for node, name in mock.asked:
            if (
                name in names | told
                or name in RECORDED
                or name.startswith(("_", "assert"))
                or not is_asked(module, node)
            ):
                continue
            told.add(name)
            yield Found(
                node, f"{cls.name} has no {name}: only this mock has, because it has no spec"
            )


def _is_a_fake(cls: Class) -> bool:
    """Whether the tests themselves define a class: it has what they need elsewhere."""
    home = home_of(cls)
    return is_test_code(home.path, home.project.root, home.project.pytest)


def attributes_of(module: Module, cls: Class) -> set[str] | None:
    """Return the names that a class and its instances have, or None if the source does not tell."""
    classes, outside = module.project.lineage(home_of(cls), cls)
    if outside or any(_is_protocol(owner) for owner in classes):
        return None
    found: set[str] = set()
    for owner in classes:
        home = home_of(owner)
        text = "\n".join(home.lines[owner.node.lineno - 1 : owner.node.end_lineno])
        decorators = [
            home.qualified(node.func if isinstance(node, ast.Call) else node)
            for node in owner.node.decorator_list
        ]
        if _DYNAMIC.search(text) or not _KNOWN_DECORATORS.issuperset(filter(None, decorators)):
            return None
        if None in decorators:
            return None
        found |= {inner.name for inner in (*owner.functions, *owner.classes)}
        found |= {name.id for name in owner.own(ast.Name) if isinstance(name.ctx, ast.Store)}
        found |= {alias.asname or alias.name for alias in owner.own(ast.alias)}
        # Whatever is set on any object: a method's first parameter, or the class from outside.
        found |= {
            node.attr for node in home.scope.all(ast.Attribute) if isinstance(node.ctx, ast.Store)
        }
    return found


def _is_protocol(cls: Class) -> bool:
    """Whether other classes than those that derive from it may be passed in its place."""
    bases = (base.value if isinstance(base, ast.Subscript) else base for base in cls.node.bases)
    return any(last_name(base) == "Protocol" for base in bases)


RULE = Rule(
    code="UND036",
    name="mock-lacks-attribute",
    group="bugs",
    why="A mock without a spec has every attribute. The class does not have this one.",
    instead=(
        "Make the mock with create_autospec(Class, instance=True), or pass spec=Class: it then has"
        " the attributes of the class and no others."
    ),
    wrong="""
from unittest.mock import AsyncMock

import pytest

from app.users import Greeter


@pytest.mark.asyncio
async def test_nobody_is_deleted():
    users = AsyncMock()
    users.fetch.return_value = "Ana"

    assert await Greeter(users).greet(7) == "Hello Ana"
    users.remove.assert_not_called()  # UND036
""",
    right="""
from unittest.mock import create_autospec

import pytest

from app.users import Greeter, Users


@pytest.mark.asyncio
async def test_nobody_is_deleted():
    users = create_autospec(Users, instance=True)
    users.fetch.return_value = "Ana"

    assert await Greeter(users).greet(7) == "Hello Ana"
    users.delete.assert_not_called()
""",
    files={
        "app/users.py": """
class Users:
    async def fetch(self, user_id): ...

    async def delete(self, user_id): ...


class Greeter:
    def __init__(self, users: Users):
        self.users = users

    async def greet(self, user_id):
        return f"Hello {await self.users.fetch(user_id)}"
"""
    },
    check=check,
)
