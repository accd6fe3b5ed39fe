"""UND214: a list, dict or set that several tests change and read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.leaked_state import changes, is_looked_after, is_mutable
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import keywords_of
from understudy.project.parsing import last_name
from understudy.project.scopes import Class, Function
from understudy.project.sources import Module, home_of


def check(module: Module) -> Iterator[Found]:
    """Yield where a test changes a global or a class attribute that another one reads."""
    tests = pytest_items.of(module).tests
    for name, value in module.defined.items():
        if isinstance(value, ast.expr) and is_mutable(module, value):
            users = [test for test in tests if _mentions(test, name) and not test.binds(name)]
            if len(users) > 1 and not _is_reset(module, re.escape(name)):
                if any(
                    list(changes(other, name)) for other in module.functions if other not in tests
                ):
                    continue  # a helper sets it up for each test
                yield from _found(users, name, name)
    yield from _assigned(module, tests)
    yield from _defaults(module, tests)
    for cls in {test.in_class for test in tests if test.in_class is not None}:
        yield from _in_class(module, cls, [test for test in tests if test.in_class is cls])


def _assigned(module: Module, tests: list[Function]) -> Iterator[Found]:
    """Yield where a test assigns a global that another one reads."""
    for test in tests:
        for name in {name for node in test.own(ast.Global) for name in node.names}:
            if any(
                name in _globals_of(function)
                for function in module.functions
                if function not in tests
            ):
                continue  # it most likely resets it
            readers = [other for other in tests if other is not test and _reads(other, name)]
            stored = [
                node
                for node in test.own(ast.Name)
                if node.id == name and isinstance(node.ctx, ast.Store)
            ]
            if readers and stored and not is_looked_after(module, test, name):
                yield Found(
                    stored[0], f"{test.name} changes {name}, which {readers[0].name} reads too"
                )


def _globals_of(function: Function) -> set[str]:
    return {name for node in function.own(ast.Global) for name in node.names}


def _reads(test: Function, name: str) -> bool:
    """Whether a test uses a global before it assigns it."""
    used = [node for node in test.own(ast.Name) if node.id == name]
    if not used or (test.binds(name) and name not in _globals_of(test)):
        return False
    return isinstance(used[0].ctx, ast.Load)


def _defaults(module: Module, tests: list[Function]) -> Iterator[Found]:
    """Yield where a helper changes the default of its parameter, which all tests share."""
    for helper in module.functions:
        given = helper.node.args
        if helper in tests or not given.defaults:
            continue
        positional = [*given.posonlyargs, *given.args]
        number = len(positional) - len(given.defaults)
        for parameter, value in zip(positional[number:], given.defaults, strict=True):
            name = parameter.arg
            stored = [
                n for n in helper.own(ast.Name) if n.id == name and isinstance(n.ctx, ast.Store)
            ]
            if not is_mutable(module, value) or stored:
                continue
            users = [test for test in tests if _takes_default(test, helper.name, name)]
            if len(users) > 1:
                for node in changes(helper, name):
                    yield Found(
                        node,
                        f"{helper.name} changes the default of {name}, which {users[0].name} and"
                        f" {users[1].name} share",
                    )


def _takes_default(test: Function, helper: str, parameter: str) -> bool:
    return any(
        last_name(call) == helper
        and not call.args
        and parameter not in keywords_of(call)
        and None not in keywords_of(call)
        for call in test.all(ast.Call)
    )


def _in_class(module: Module, cls: Class, tests: list[Function]) -> Iterator[Found]:
    for node in cls.own(ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name) and is_mutable(module, node.value):
                name = target.id
                users = [test for test in tests if _has_attribute(test, name)]
                text = rf"(?:self|cls|{cls.name})\.{name}"
                if len(users) > 1 and not _is_reset(module, text, assigned=1):
                    # A setUp that mentions it most likely resets it.
                    if any(is_looked_after(module, user, name) for user in users):
                        continue
                    for owner in ("self", "cls", cls.name):
                        yield from _found(users, f"{owner}.{name}", name)


def _found(users: list[Function], text: str, name: str) -> Iterator[Found]:
    for test in users:
        readers = [user for user in users if user is not test and not _sets_first(user, text)]
        found = list(changes(test, text)) if readers else []
        deleted = {_item(node) for node in found if isinstance(node, ast.Delete)}
        set_again = {_item(node) for node in found if isinstance(node, ast.Assign)}
        for node in found:
            if isinstance(node, ast.Delete | ast.Assign) and _item(node) in deleted & set_again:
                continue
            yield Found(node, f"{test.name} changes {name}, which {readers[0].name} reads too")


def _item(node: ast.Delete | ast.Assign) -> str:
    return ast.unparse(node.targets[0])


def _sets_first(test: Function, text: str) -> bool:
    """Whether a test sets an item before anything else that it does with the object."""
    used = [
        node
        for kind in (ast.Name, ast.Attribute)
        for node in test.own(kind)
        if ast.unparse(node) == text
    ]
    first = min(used, key=lambda node: node.lineno, default=None)
    above = home_of(test).parents.get(first) if first is not None else None
    return isinstance(above, ast.Subscript) and isinstance(above.ctx, ast.Store)


def _mentions(test: Function, name: str) -> bool:
    return any(used.id == name for used in test.own(ast.Name))


def _has_attribute(test: Function, name: str) -> bool:
    return any(
        attribute.attr == name and isinstance(attribute.value, ast.Name)
        for attribute in test.own(ast.Attribute)
    )


def _is_reset(module: Module, text: str, assigned: int = 2) -> bool:
    """Whether something empties it, resets it, or changes it for one test only.

    With ``assigned`` assignments or more, one of them resets it.
    """
    return bool(
        re.search(
            rf"{text}\.clear\(|{text}\[:\]|del {text}(?!\[)|global [^\n]*\b{text}\b", module.text
        )
        or len(re.findall(rf"(?<![\w.]){text}(: [^=\n]+)?\s*=(?!=)", module.text)) >= assigned
        or re.search(rf"(setitem|delitem|dict|setattr|object|copy)\([^)\n]*{text}", module.text)
    )


RULE = Rule(
    code="UND214",
    name="shared-state",
    group="design",
    why="Tests that share a list or a dict depend on the tests that ran before.",
    instead="Create it in the test, or in a function-scoped fixture that both tests use.",
    wrong="""
created = []


def test_create(client):
    created.append(client.post("/users", json={"name": "Ana"}).json()["id"])  # UND214
    assert created


def test_fetch(client):
    assert client.get(f"/users/{created[0]}").status_code == 200
""",
    right="""
import pytest


@pytest.fixture
def created(client):
    return [client.post("/users", json={"name": "Ana"}).json()["id"]]


def test_fetch(client, created):
    assert client.get(f"/users/{created[0]}").status_code == 200


def test_delete(client, created):
    assert client.delete(f"/users/{created[0]}").status_code == 204
""",
    check=check,
)
