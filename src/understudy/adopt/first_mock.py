"""The first test on a mock of a connection, rewritten for fake_postgres and run there."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.adopt.finders import test_modules
from understudy.adopt.mocks import MockedTest, mocked_tests
from understudy.adopt.source_edits import Edits
from understudy.init import Change
from understudy.init.project_copy import copied
from understudy.project import pytest_process
from understudy.project.call_resolution import root_of
from understudy.project.sources import Project

# The methods of asyncpg that have a verb of the script.
_METHODS = frozenset({"fetch", "fetchrow", "fetchval", "execute"})
_MOST = 5  # tests are tried


@dataclass(frozen=True)
class Moved:
    """A test that passes on fake_postgres.

    Attributes:
        change: its file, before and after.
        test: its node id.
    """

    change: Change
    test: str


class CannotMove(Exception):
    """A test cannot be rewritten; the text says why."""


def first_moved(
    root: Path, bases: Sequence[Path], timeout: float
) -> tuple[Moved | None, list[tuple[str, str]]]:
    """Rewrite the first test that can be moved, and run it in a copy of the project.

    Args:
        root: the project's folder.
        bases: the folders that its imports start from.
        timeout: the seconds that a run of pytest may take.

    Returns:
        The test, or None; and for each test that was tried before, its node id and why it
        cannot be moved.

    Raises:
        InitError: The project cannot be copied.
    """
    tried: list[tuple[str, str]] = []
    for mocked in _candidates(Project(root, bases)):
        name = _node_id(root, mocked)
        try:
            return Moved(_moved(root, mocked, timeout), name), tried
        except CannotMove as reason:
            tried.append((name, str(reason)))
        if len(tried) == _MOST:
            break
    return None, tried


def _candidates(project: Project) -> Iterator[MockedTest]:
    for module in test_modules(project):
        for mocked in mocked_tests(module):
            if mocked.made is not None and set(mocked.stubs) <= _METHODS and mocked.test.is_async:
                yield mocked


def _node_id(root: Path, mocked: MockedTest) -> str:
    file = mocked.module.path.relative_to(root).as_posix()
    return "::".join([file, *mocked.test.path.split(".")])


def _moved(root: Path, mocked: MockedTest, timeout: float) -> Change:
    """Return the rewrite of a test.

    Raises:
        CannotMove: It does something that fake_postgres has no word for, or fails there.
    """
    assert mocked.made is not None, "it is a candidate"
    name, file = _node_id(root, mocked), mocked.module.path.relative_to(root)
    with copied(root, timeout) as copy:
        run = ["-q", "-p", "no:cacheprovider", "-o", "addopts=", name]
        request = {"line": mocked.made.lineno}
        plugin = "understudy.adopt.mock_recorder"
        ended = pytest_process.run(run, copy.root, plugin=plugin, request=request, timeout=timeout)
        if ended.exit_code != 0:
            raise CannotMove(f"it does not pass as it is: {_failure(ended)}")
        if not ended.answers:
            raise CannotMove("where its mock is made could not be seen")
        text = _rewritten(mocked, ended.answers[-1]["calls"])
        copy.write(file, text)
        after = pytest_process.run(run, copy.root, timeout=timeout)
        if after.exit_code != 0:
            raise CannotMove(f"on fake_postgres it fails: {_failure(after)}")
    before = mocked.module.path.read_bytes().decode()
    return Change(mocked.module.path, before, text)


def _failure(ended: pytest_process.Ended) -> str:
    lines = pytest_process.error_lines(ended.output.splitlines())
    if not lines:
        return ended.tail(1)
    is_ours = lines[0].startswith("understudy.")  # PostgreSQL's words are in the next line
    return ": ".join(lines[: 2 if is_ours else 1])


def _rewritten(mocked: MockedTest, calls: Sequence[Mapping[str, Any]]) -> str:
    """Return the file with the mock as a connection to fake_postgres, and a rule for each call."""
    assert mocked.made is not None, "it is a candidate"
    edits, test, module = Edits(mocked.module), mocked.test, mocked.module
    rules = list(dict.fromkeys(_rule(call) for call in calls))
    if not rules:
        raise CannotMove("the code under test asks nothing of the mock")
    gone = set(_about_mock(mocked))
    for node in test.all(ast.Name):
        if node.id != mocked.name or node in ast.walk(mocked.made):
            continue
        if any(above in gone for above in module.above(node)):
            continue
        parent = module.parents.get(node)
        if not isinstance(parent, ast.Call | ast.keyword):
            raise CannotMove(f"it looks at the mock in line {node.lineno}")
    indent = " " * mocked.made.col_offset
    lines = [*rules, f"{mocked.name} = await fake_postgres.asyncpg.connect()"]
    edits.replace(mocked.made, f"\n{indent}".join(lines))
    for statement in gone:
        edits.remove(statement)
    edits.add_parameter(test, "fake_postgres")
    return edits.result()


def _about_mock(mocked: MockedTest) -> Iterator[ast.stmt]:
    """Yield the statements that give the mock answers, and those that assert on its calls."""
    for assign in mocked.test.own(ast.Assign):
        target = assign.targets[0]
        root = root_of(target) if isinstance(target, ast.Attribute) else None
        if root is not None and root.id == mocked.name:
            yield assign
    for expression in mocked.test.own(ast.Expr):
        value = expression.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            root = root_of(value)
            asserts = value.func.attr.startswith("assert_")
            if asserts and root is not None and root.id == mocked.name:
                yield expression


def _rule(call: Mapping[str, Any]) -> str:
    """Return the rule for a call, as a line of Python.

    Raises:
        CannotMove: The call or its answer is not made of literals.
    """
    method = call["method"]
    if method not in _METHODS:
        raise CannotMove(f"the code under test calls `{method}`, which is no statement")
    if call["options"] or call["is_scripted"]:
        raise CannotMove(f"its `{method}` has options or a side effect")
    given = [_literal(text, f"a parameter of `{method}`") for text in call["given"]]
    if not given or not isinstance(given[0], str):
        raise CannotMove(f"`{method}` was called without a statement")
    statement = given[0] if "'" in given[0] else " ".join(given[0].split())
    head = f"fake_postgres.on({', '.join(map(_python, [statement, *given[1:]]))})"
    if method == "execute":
        result = call["result"]
        tag = ast.literal_eval(result) if result.startswith(("'", '"')) else _tag(statement)
        return f"{head}.tag({_python(tag)})"
    return head + _answer(method, _literal(call["result"], f"the answer of `{method}`"))


def _answer(method: str, result: object) -> str:
    if method == "fetchval":
        return f".value({_python(result)})"
    rows = [result] if method == "fetchrow" and result is not None else result or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row for row in rows):
        raise CannotMove(f"the answer of `{method}` is not made of dicts")
    if len(rows) != 1:
        return f".rows({', '.join(map(_python, rows))})"
    columns = rows[0]
    if all(isinstance(name, str) and name.isidentifier() for name in columns):
        return f".row({', '.join(f'{name}={_python(one)}' for name, one in columns.items())})"
    return f".row({_python(columns)})"


def _python(value: object) -> str:
    """Return a literal, with double quotes around texts."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(_python, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_python(k)}: {_python(v)}" for k, v in value.items()) + "}"
    return repr(value)


def _literal(text: str, what: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        raise CannotMove(f"{what} is {text[:60]}, which is not a literal") from error


def _tag(statement: str) -> str:
    """Return PostgreSQL's answer to a statement that affects one row."""
    word = statement.split()[0].upper()
    return {"INSERT": "INSERT 0 1"}.get(word, f"{word} 1")
