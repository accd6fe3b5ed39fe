"""Whether a test, or a helper that it calls, asserts something."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.project.call_resolution import callee, keywords_of
from understudy.project.files import is_test_code
from understudy.project.parsing import last_name
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of

# A function with one of these words in its name checks something, wherever it is defined.
_WORDS = frozenset(
    {
        *("assert", "asserts", "asserting", "assertion", "assertions", "check", "checks"),
        *("checked", "checker", "verify", "verifies", "expect", "expects", "expected"),
        *("ensure", "ensures", "validate", "validates", "should", "must", "compare"),
        *("compares", "match", "matches", "raises", "raise", "warns", "fail", "fails"),
        *("confirm", "approve", "approved", "snapshot", "require", "requires", "eventually"),
        *("until", "wait", "golden", "regression", "benchmark"),
    }
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# Fixtures of pytest and of common plugins that assert nothing for the test.
_INERT = frozenset(
    {
        *("request", "monkeypatch", "tmp_path", "tmpdir", "tmp_path_factory"),
        *("tmpdir_factory", "capsys", "capfd", "caplog", "recwarn", "mocker", "faker", "fake"),
        *("event_loop", "event_loop_policy", "anyio_backend", "app", "client", "async_client"),
        *("session", "db", "settings", "self", "cls", "conn", "connection", "db_session"),
        *("test_client", "engine"),
    }
)
_FAILURES = frozenset({"AssertionError", "fail", "xfail", "skip"})
_DEEPEST = 5


def can_fail(module: Module, test: Function) -> bool:
    """Whether a test asserts, itself or through a helper; True if that is uncertain."""
    return _asserts(module, test, _DEEPEST) or _leans_on_a_plugin(module, test)


def operands(test: ast.expr) -> Iterator[ast.expr]:
    """Yield the expressions whose own value an assertion looks at."""
    if isinstance(test, ast.UnaryOp):
        yield from operands(test.operand)
    elif isinstance(test, ast.BoolOp):
        for value in test.values:
            yield from operands(value)
    elif isinstance(test, ast.Compare):
        yield from (test.left, *test.comparators)
    else:
        yield test


def is_only_asserted_on(module: Module, function: Function, name: str) -> bool:
    """Whether assertions on a variable itself, not on what it has, are its only uses."""
    above = module.parents
    for node in function.reads(name):
        parent = above.get(node)
        while isinstance(parent, ast.UnaryOp | ast.BoolOp | ast.Compare):
            parent = above.get(parent)
        if not isinstance(parent, ast.Assert):
            return False
    return True


def _asserts(module: Module, function: Function, depth: int) -> bool:
    if _asserts_itself(function):
        return True
    for call in function.all(ast.Call):
        if _checks(call) or (depth and _helper_asserts(module, call, depth)):
            return True
    return False


def _asserts_itself(function: Function) -> bool:
    for kind in (ast.Assert, ast.Raise, ast.While, ast.Match):
        if next(function.all(kind), None) is not None:
            return True
    # `[only] = rows` and `(first, second) = rows` fail for another number of rows.
    for assign in function.all(ast.Assign):
        if any(
            isinstance(target, ast.List | ast.Tuple) for target in assign.targets
        ) and not isinstance(assign.value, ast.List | ast.Tuple):
            return True
    # Passed as a callback: `side_effect=AssertionError`, `on_error=pytest.fail`.
    names = (name.id for name in function.all(ast.Name))
    attributes = (attribute.attr for attribute in function.all(ast.Attribute))
    mentioned = (*names, *attributes)
    if any("assert" in word.lower() for word in mentioned):
        return True
    return not _FAILURES.isdisjoint(mentioned)


def _has_word(name: str) -> bool:
    return any(word.lower() in _WORDS for word in _WORD.findall(name))


def _checks(call: ast.Call) -> bool:
    """Whether a call checks by its name or by an argument, as in `run(..., check=True)`."""
    name, options = last_name(call), keywords_of(call)
    if name == "deprecated_call":
        return True
    # WebTest: `app.post(url, status=403)`
    status = options.get("status")
    if isinstance(status, ast.Constant) and isinstance(status.value, int):
        return True
    return any(_has_word(word) for word in (name, *options) if word)


def _helper_asserts(module: Module, call: ast.Call, depth: int) -> bool:
    helper = callee(module, call)
    if helper is not None:
        home = home_of(helper)
        if not _is_test_code(home):
            return False
        key = (home.path, helper.path)
        return module.project.remembered(
            "asserts", key, lambda: _asserts(home, helper, depth - 1), module.memory
        )
    name = last_name(call)
    return any(
        _asserts_itself(function) or _named_calls(function)
        for support in _support(module)
        for function in support.named(name)
    )


def _named_calls(function: Function) -> bool:
    return any(_has_word(last_name(call)) for call in function.all(ast.Call))


def _is_test_code(module: Module) -> bool:
    return is_test_code(module.path, module.project.root, module.project.pytest)


def _support(module: Module) -> list[Module]:
    """Return the files with helpers for a test: its own, conftests, and test code it imports."""
    known: list[Module] | None = module.memory.get("support")
    if known is None:
        known = module.memory["support"] = [module, *pytest_items.of(module).conftests]
        for target in {target.rpartition(".")[0] or target for target in module.imports.values()}:
            found = module.project.find(target, module)
            if isinstance(found, Module) and _is_test_code(found):
                known.append(found)
    return known


def _leans_on_a_plugin(module: Module, test: Function) -> bool:
    """Whether a fixture from a plugin, or one that asserts itself, may check something."""
    seen = pytest_items.of(module)
    for name in seen.requested(test) - _INERT:
        fixture = seen.find_fixture(name)
        if fixture is None:
            if name not in _parametrized(test):
                return True
        elif _asserts_itself(fixture.function) or _named_calls(fixture.function):
            return True
    return False


def _parametrized(test: Function) -> set[str]:
    """Return the parameters that `parametrize` or `patch` passes to a test."""
    found = set()
    patches = 0
    for decorator in test.node.decorator_list:
        name = last_name(decorator)
        if name == "parametrize" and isinstance(decorator, ast.Call) and decorator.args:
            for node in ast.walk(decorator.args[0]):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found |= {part.strip() for part in node.value.split(",")}
        elif name in ("patch", "object"):
            patches += 1
    if patches:
        found |= {parameter.arg for parameter in test.parameters}
    return found
