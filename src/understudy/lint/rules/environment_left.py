"""UND010: an environment variable, a folder or a module that the next test finds changed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from understudy.lint import pytest_items
from understudy.lint.leaked_state import has_code, per_test_functions, restores
from understudy.lint.rule import Found, Rule
from understudy.project.parsing import last_name
from understudy.project.scopes import Function
from understudy.project.sources import Module

_KEPT = r"\w*(orig|old|prev|sav|back|before|init|start|cwd|home)"


class _State(NamedTuple):
    """State of the process.

    Attributes:
        stays: what is left, for the message.
        calls: the functions that change it.
        restored: a pattern of code that restores it.
    """

    stays: str
    calls: frozenset[str]
    restored: str


_STATES = {
    "os.environ": _State(
        "its environment variable set",
        frozenset({"os.environ.update", "os.putenv"}),
        r"del os\.environ|del environ|environ\.(pop|clear|copy|unsetenv)|dict\(\s*(os\.)?environ"
        r"|dict\(\s*[\"']os\.environ|unsetenv|environ\s*=|environ\[[^\]]+\]\s*=\s*\w*(orig|old|prev|sav|back)",
    ),
    "cwd": _State(
        "the working directory changed",
        frozenset({"os.chdir"}),
        rf"getcwd|Path\.cwd|monkeypatch\.chdir|contextlib|chdir\(\s*{_KEPT}",
    ),
    "sys.modules": _State(
        "sys.modules changed",
        frozenset({"sys.modules.update"}),
        r"del sys\.modules|modules\.(pop|clear|copy)\(|dict\(\s*[\"']?sys\.modules|modules\s*=(?!=)"
        rf"|(set|del)item\(\s*sys\.modules|modules\[[^\]]+\]\s*=\s*{_KEPT}|modules\.update\({_KEPT}",
    ),
    "sys.path": _State(
        "sys.path changed",
        frozenset({"sys.path.insert", "sys.path.append", "sys.path.extend"}),
        r"path\.(remove|pop|copy)\(|del sys\.path|sys\.path\s*=|sys\.path\[:\]|syspath_prepend"
        r"|sys\.path[\"']|sys,\s*[\"']path[\"']|(list|copy)\(sys\.path",
    ),
}
# A fixture of a plugin that may restore everything.
_RESTORER = re.compile(r"env|restor|isolat|clean|reset|preserv", re.I)
_CHANGING = {call: state for state in _STATES.values() for call in state.calls}


def check(module: Module) -> Iterator[Found]:
    """Yield changes of the process's state if nothing in the file restores it."""
    if not any(word in module.text for word in ("environ", "putenv", "chdir", "sys.")):
        return
    seen = pytest_items.of(module)
    if seen.is_script:
        return
    # What every test gets configures the tests.
    for_all = [f.function for f in seen.fixtures.values() if f.autouse]
    places = [
        (function, node, state)
        for function in per_test_functions(module)
        if function not in for_all
        for node, state in _changes(module, function)
        if not _is_allowed(function) and not _is_restored_elsewhere(module, function)
    ]
    restored = {
        state for state in {state for _, _, state in places} if has_code(module, state.restored)
    }
    in_finally = {(function, state) for function, node, state in places if restores(module, node)}
    for function, node, state in places:
        if state not in restored and (function, state) not in in_finally:
            yield Found(node, f"{function.name} leaves {state.stays} for later tests")


def _is_allowed(function: Function) -> bool:
    """Whether monkeypatch restores the rest, or the function loads a module by importlib."""
    known = ("setenv", "delenv", "module_from_spec")
    return any(last_name(call) in known for call in function.own(ast.Call)) or any(
        last_name(decorator) == "skip" for decorator in function.node.decorator_list
    )


def _is_restored_elsewhere(module: Module, function: Function) -> bool:
    """Whether a function requests a fixture that is not found and may restore the state."""
    seen = pytest_items.of(module)
    return any(
        _RESTORER.search(name) and seen.find_fixture(name) is None
        for name in seen.requested(function)
    )


def _changes(module: Module, function: Function) -> Iterator[tuple[ast.stmt | ast.expr, _State]]:
    for node in function.own(ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                state = _STATES.get(module.qualified(target.value) or "")
                if state is not None and not _is_a_substitute(module, node):
                    yield node, state
    for call in function.own(ast.Call):
        state = _CHANGING.get(module.qualified(call.func) or "")
        if state is not None and not _is_in_a_folder_of_its_own(module, call):
            yield call, state


def _is_in_a_folder_of_its_own(module: Module, call: ast.Call) -> bool:
    """Whether a call is inside click's ``isolated_filesystem()``, which leaves the folder again."""
    return (
        any(
            isinstance(above, ast.With)
            and any(last_name(item.context_expr) == "isolated_filesystem" for item in above.items)
            for above in module.above(call)
        )
        and last_name(call) == "chdir"
    )


def _is_a_substitute(module: Module, node: ast.stmt) -> bool:
    """Whether a statement sets something that may be missing, such as a library."""
    return any(isinstance(above, ast.If | ast.ExceptHandler) for above in module.above(node))


RULE = Rule(
    code="UND010",
    name="environment-left",
    group="bugs",
    why="What a test changes in the process stays. Later tests see it and depend on the order.",
    instead=(
        "Use monkeypatch: setenv(...), chdir(...), syspath_prepend(...) or"
        " setitem(sys.modules, ...) restore the old value."
    ),
    wrong="""
import os

from app.settings import load


def test_debug():
    os.environ["DEBUG"] = "1"  # UND010

    assert load().debug
""",
    right="""
from app.settings import load


def test_debug(monkeypatch):
    monkeypatch.setenv("DEBUG", "1")

    assert load().debug
""",
    check=check,
)
