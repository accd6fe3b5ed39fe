"""Tests on mocks and hand-written fakes of a database: which could move to a fake server."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from understudy.adopt.adoption import Adoption, Place
from understudy.adopt.finders import test_modules
from understudy.adopt.targets import MYSQL, usual_target
from understudy.lint import pytest_items
from understudy.lint.doubles import doubles, mock_class
from understudy.project.call_resolution import results_of, root_of
from understudy.project.scopes import Class, Function
from understudy.project.sources import Module, Project, home_of
from understudy.script.formatting import counted

# What a fake of a connection, a pool, a cursor or a session answers.
_ANSWERS = frozenset(
    {
        *("fetch", "fetchrow", "fetchval", "execute", "executemany", "acquire", "transaction"),
        *("fetch_row", "fetch_val", "fetchone", "fetchall", "cursor", "scalar", "scalars"),
        "fetchmany",
    }
)
_FEWEST = 2  # of these methods make a class a fake of a database
_NAMES = re.compile(r"(?i)conn|pool|session|cursor|(?:^|_)(?:db|database)")
_STUBS = frozenset({"return_value", "side_effect"})
_SQL = re.compile(
    r"(?is)\s*(?:SELECT\s.*\bFROM\b|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\b|DELETE\s+FROM\s"
    r"|WITH\s+\S+\s+AS\s*\()"
)
_NOTES = (
    "A mock accepts every statement, and a parameter or a column that PostgreSQL refuses:"
    " docs/coming-from-mocks.md.",
    "To move the first of these tests, and to see it pass: understudy adopt --first-mock",
)
_MYSQL_NOTES = (
    "A mock accepts every statement, and a column that MySQL refuses. fake_mysql answers the real"
    " driver: docs/fake_mysql.md.",
)


@dataclass(frozen=True)
class MockedTest:
    """A test that gives a mock of a connection to the code under test.

    Attributes:
        module: its file.
        test: the test.
        name: the variable or parameter with the mock.
        made: the statement that makes the mock in the test; None if a fixture makes it.
        stubs: the methods that are given an answer, in order.
        asserted: the statements that the test expects.
    """

    module: Module
    test: Function
    name: str
    made: ast.Assign | ast.AnnAssign | None
    stubs: Sequence[str]
    asserted: Sequence[str]

    @property
    def what(self) -> str:
        """The test in a few words."""
        stubs = ", ".join(self.stubs) or "nothing"
        asserted = "".join(f"; expects {' '.join(text.split())[:50]}" for text in self.asserted[:1])
        return f"{self.test.path}: `{self.name}` stubs {stubs}{asserted}"


def find(project: Project) -> Sequence[Adoption]:
    """Return a report of the tests on mocks and fakes; nothing is rewritten."""
    modules = list(test_modules(project))
    found = [
        Place(one.module.path, one.test.node.lineno, one.what)
        for module in modules
        for one in mocked_tests(module)
    ]
    found += [place for module in modules for place in _fakes(modules, module)]
    if not found:
        return []
    target, _ = usual_target(project)
    notes = _MYSQL_NOTES if target is MYSQL else _NOTES
    return [Adoption("mock", found, notes=notes, database=target.database)]


def mocked_tests(module: Module) -> Iterator[MockedTest]:
    """Yield the tests of a file that give a mock of a connection to the code under test."""
    for test in pytest_items.of(module).tests:
        made = {double.name: double.node for double in doubles(module, test)}
        given = {parameter.arg: _given(module, parameter.arg) for parameter in test.parameters}
        names = [*made, *(name for name, stubs in given.items() if _is_a_database(name, stubs))]
        for name in names[:1]:
            stubs = list(dict.fromkeys([*given.get(name, ()), *_stubs(test, name)]))
            if stubs:
                yield MockedTest(module, test, name, made.get(name), stubs, _asserted(test))


def _is_a_database(name: str, stubs: Sequence[str]) -> bool:
    """Whether a mock of a fixture stands for a database: other things have a `fetch`, too."""
    return len(stubs) >= _FEWEST or (bool(stubs) and _NAMES.search(name) is not None)


def _given(module: Module, name: str) -> list[str]:
    """Return what a fixture stubs of the mock of a connection that it gives; empty for none."""
    fixture = pytest_items.of(module).find_fixture(name)
    if fixture is None:
        return []
    function = fixture.function
    home = home_of(function)
    given = {value.id for value in results_of(function) if isinstance(value, ast.Name)}
    return [
        stub
        for assign in function.own(ast.Assign)
        for target in assign.targets
        if isinstance(target, ast.Name) and target.id in given
        if mock_class(home, assign.value) is not None
        for stub in _stubs(function, target.id)
    ]


def _stubs(function: Function, name: str, seen: frozenset[str] = frozenset()) -> list[str]:
    """Return the methods of a mock to which a function gives an answer, and of mocks it returns."""
    found = []
    for node in function.all(ast.Attribute):
        root = root_of(node)
        is_replaced = isinstance(node.ctx, ast.Store) and node.attr in _ANSWERS
        if is_replaced and isinstance(node.value, ast.Name) and node.value.id == name:
            found.append(node.attr)
        if node.attr not in _STUBS or root is None or root.id != name:
            continue
        for inner in ast.walk(node.value):
            if isinstance(inner, ast.Attribute) and inner.attr in _ANSWERS:
                found.append(inner.attr)
                break
        assign = home_of(function).parents.get(node)
        returned = assign.value if isinstance(assign, ast.Assign) else None
        if isinstance(returned, ast.Name) and returned.id not in {name, *seen}:
            found += _stubs(function, returned.id, seen | {name})  # a pool returns a connection
    return list(dict.fromkeys(found))


def _asserted(test: Function) -> list[str]:
    texts = [node.value for node in test.all(ast.Constant) if isinstance(node.value, str)]
    return [text for text in texts if _SQL.match(text)]


def _fakes(modules: Sequence[Module], module: Module) -> Iterator[Place]:
    """Yield the classes of a file that stand for a connection, a pool, a cursor or a session."""
    for cls in module.classes:
        answers = [function.name for function in cls.functions if function.name in _ANSWERS]
        if len(answers) < _FEWEST or cls.name.startswith("Test"):
            continue
        users = sum(_uses(one, test, cls) for one in modules for test in pytest_items.of(one).tests)
        what = f"the fake `{cls.name}` ({', '.join(answers)}) of {counted(users, 'test')}"
        yield Place(module.path, cls.node.lineno, what)


def _uses(module: Module, test: Function, cls: Class) -> bool:
    """Whether a test makes a fake, itself or by a fixture."""
    if any(node.id == cls.name for node in test.all(ast.Name)):
        return True
    collected = pytest_items.of(module)
    for name in collected.requested(test):
        fixture = collected.find_fixture(name)
        if fixture and any(node.id == cls.name for node in fixture.function.all(ast.Name)):
            return True
    return False
