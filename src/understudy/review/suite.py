"""The test files of a project, which are read and not imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.project import parsing
from understudy.project.scopes import FunctionNode
from understudy.review.targets import Target

_ERROR_WORDS = re.compile(
    r"(?:^|_)(?:errors?|exceptions?|raises?|fails?|failed|failures?|refus\w+|reject\w+|invalid|"
    r"missing|unknown|not_found|denied|forbidden|unauthorized|timeouts?|broken|bad|conflicts?)(?:_|$)"
)
_RAISING = frozenset({"raises", "assertRaises", "assertRaisesRegex"})


@dataclass(frozen=True, slots=True)
class TestFunction:
    """The source of a test.

    Attributes:
        name: its name with its classes, such as "TestUsers::test_create".
        line: the line of its `def`.
        arguments: the names of its parameters, fixtures and others.
        has_docstring: whether it has a docstring.
        has_hints: whether its result and all of its parameters have type hints.
        prints: the lines that print.
        expects_error: whether it expects that something fails.
    """

    __test__ = False  # pytest would collect it for its name

    name: str
    line: int
    arguments: tuple[str, ...]
    has_docstring: bool
    has_hints: bool
    prints: tuple[int, ...]
    expects_error: bool


@dataclass(frozen=True)
class TestFile:
    """The source of a test file.

    Attributes:
        path: its path.
        mentioned: the dotted names that it imports, or has in strings (such as a patch's target).
        tests: its tests, by name.
    """

    __test__ = False

    path: Path
    mentioned: frozenset[str]
    tests: dict[str, TestFunction]

    def mentions(self, target: Target) -> bool:
        """Whether the file mentions a module or a member of it."""
        name = target.name
        return any(f"{mentioned}.".startswith(f"{name}.") for mentioned in self.mentioned)

    def is_named_after(self, target: Target) -> bool:
        """Whether the file is named after a module, as `test_<module>_<layer>.py`."""
        stem = target.path.stem
        if stem == "__init__":
            stem = target.path.parent.name
        return self.path.stem == f"test_{stem}" or self.path.stem.startswith(f"test_{stem}_")


def read(path: Path) -> TestFile | None:
    """Return a test file, or None if it cannot be parsed, which pytest reports."""
    try:
        tree = parsing.parsed(parsing.decoded(parsing.read(path)))
    except (OSError, parsing.Unreadable):
        return None
    tests = {test.name: test for test in _tests(tree.body, "")}
    return TestFile(path, frozenset(_mentioned(tree)), tests)


def belonging(target: Target, files: Sequence[TestFile]) -> list[TestFile]:
    """Return the test files that mention a module, or are named after it."""
    return [file for file in files if file.mentions(target) or file.is_named_after(target)]


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
        tuple(argument.arg for argument in arguments),
        has_docstring=ast.get_docstring(node) is not None,
        has_hints=node.returns is not None and all(argument.annotation for argument in arguments),
        prints=tuple(_prints(node)),
        expects_error=_ERROR_WORDS.search(node.name) is not None or any(_raising(node)),
    )


def _prints(node: FunctionNode) -> Iterator[int]:
    for item in ast.walk(node):
        if (
            isinstance(item, ast.Call)
            and isinstance(item.func, ast.Name)
            and item.func.id in ("print", "breakpoint")
        ):
            yield item.lineno


def _raising(node: FunctionNode) -> Iterator[bool]:
    """Yield whether parts of a test expect an error: `raises`, or a status of 400 or more."""
    for item in ast.walk(node):
        if isinstance(item, ast.Call):
            yield parsing.last_name(item) in _RAISING
        elif isinstance(item, ast.Compare) and _is_status(item.left):
            yield any(
                isinstance(value, ast.Constant) and type(value.value) is int and value.value >= 400
                for value in item.comparators
            )


def _is_status(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and "status" in node.attr
