"""The test files of a project, read and never imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.project import parsing
from understudy.review.targets import FunctionNode, Subject

_ERROR_WORDS = re.compile(
    r"(?:^|_)(?:errors?|exceptions?|raises?|fails?|failed|failures?|refus\w+|reject\w+|invalid|"
    r"missing|unknown|not_found|denied|forbidden|unauthorized|timeouts?|broken|bad|conflicts?)(?:_|$)"
)
_RAISING = frozenset({"raises", "assertRaises", "assertRaisesRegex"})


@dataclass(frozen=True, slots=True)
class TestFunction:
    """A test as its source has it.

    Attributes:
        name: qualified by its classes: "TestUsers::test_create".
        line: of its `def`.
        arguments: the names of its parameters: fixtures, and what is parametrized.
        documented: whether it has a docstring.
        hinted: whether its result and all of its parameters have hints.
        prints: the lines that print.
        expects_error: whether it expects that something fails.
    """

    __test__ = False  # no class of tests, whatever its name begins with

    name: str
    line: int
    arguments: tuple[str, ...]
    documented: bool
    hinted: bool
    prints: tuple[int, ...]
    expects_error: bool


@dataclass(frozen=True)
class TestFile:
    """A test file as its source has it: what it imports or names in strings, and its tests."""

    __test__ = False

    path: Path
    text: str
    mentioned: frozenset[str]
    tests: dict[str, TestFunction]

    def mentions(self, subject: Subject) -> bool:
        """Say whether the module is imported here, or named in a string (a patch's target)."""
        name = subject.name
        return any(each == name or each.startswith(f"{name}.") for each in self.mentioned)

    def is_named_after(self, subject: Subject) -> bool:
        """Say whether the file's name is the module's, as in `test_<module>_<layer>.py`."""
        stem = subject.path.stem
        if stem == "__init__":
            stem = subject.path.parent.name
        return self.path.stem == f"test_{stem}" or self.path.stem.startswith(f"test_{stem}_")


def read(path: Path) -> TestFile | None:
    """Return a test file, or None if it cannot be parsed, which pytest reports."""
    try:
        text = parsing.decoded(parsing.read(path))
        tree = parsing.parsed(text)
    except (OSError, parsing.Unreadable):
        return None
    tests = {each.name: each for each in _tests(tree.body, "")}
    return TestFile(path, text, frozenset(_mentioned(tree)), tests)


def belonging(subject: Subject, files: Sequence[TestFile]) -> list[TestFile]:
    """Return the test files that belong to a module: those that name it, or are named after it."""
    return [each for each in files if each.mentions(subject) or each.is_named_after(subject)]


def _mentioned(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.fullmatch(r"\w+(?:\.\w+)+", node.value)
        ):
            yield node.value


def _tests(body: Sequence[ast.stmt], prefix: str) -> Iterator[TestFunction]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _tests(node.body, f"{prefix}{node.name}::")
        elif isinstance(node, FunctionNode) and node.name.startswith("test"):
            yield _test(node, prefix)


def _test(node: FunctionNode, prefix: str) -> TestFunction:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    if prefix and arguments:
        arguments = arguments[1:]  # self
    return TestFunction(
        prefix + node.name,
        node.lineno,
        tuple(each.arg for each in arguments),
        documented=ast.get_docstring(node) is not None,
        hinted=node.returns is not None and all(each.annotation for each in arguments),
        prints=tuple(_prints(node)),
        expects_error=_ERROR_WORDS.search(node.name) is not None or any(_raising(node)),
    )


def _prints(node: FunctionNode) -> Iterator[int]:
    for each in ast.walk(node):
        if (
            isinstance(each, ast.Call)
            and isinstance(each.func, ast.Name)
            and each.func.id in ("print", "breakpoint")
        ):
            yield each.lineno


def _raising(node: FunctionNode) -> Iterator[bool]:
    """Go through what in a test expects an error: `raises`, or a status of 400 and more."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            function = each.func
            name = function.attr if isinstance(function, ast.Attribute) else ""
            yield name in _RAISING or (isinstance(function, ast.Name) and function.id in _RAISING)
        elif isinstance(each, ast.Compare) and _is_status(each.left):
            yield any(
                isinstance(value, ast.Constant) and type(value.value) is int and value.value >= 400
                for value in each.comparators
            )


def _is_status(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and "status" in node.attr
