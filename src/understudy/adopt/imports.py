"""The imports of a file that was rewritten: those it needs, without those it no longer uses."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence

from understudy.project import parsing
from understudy.project.sources import Module

# The libraries of which an import does nothing but bind its names.
_PURE = frozenset(
    {
        *("sqlalchemy", "sqlmodel", "os", "unittest", "urllib", "psycopg", "asyncpg"),
        *("testcontainers", "pytest_postgresql", "sqlalchemy_utils"),
    }
)


def with_imports(text: str, lines: Sequence[str]) -> str:
    """Return a text with imports: before the first of the same package, or before all others."""
    for line in lines:
        tree = parsing.parsed(text)
        imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        imports = [node for node in imports if _packages(node) != ["__future__"]]
        if line in map(ast.unparse, imports):
            continue
        own = _packages(_statement(line))
        same = [node for node in imports if _packages(node) == own]
        newline = "\r\n" if "\r\n" in text else "\n"
        kept = text.splitlines(keepends=True)
        after = [node for node in same if ast.unparse(node) < line]
        first = (same or imports)[0] if imports else None
        is_apart = first is None or (
            own[0] in sys.stdlib_module_names
            and not sys.stdlib_module_names.issuperset(_packages(first))
        )
        at = first.lineno - 1 if first is not None else 0
        at = after[-1].end_lineno or at if after else at
        kept.insert(at, line + newline + (newline if is_apart else ""))
        text = "".join(kept)
    return text


def _statement(line: str) -> ast.stmt:
    """Return a statement of one line."""
    return parsing.parsed(line).body[0]


def without_unused(module: Module, text: str) -> str:
    """Return the new text of a file without the imports that only its old text used."""
    tree = parsing.parsed(text)
    # An annotation in quotes and `__all__` name things as well, so any mention counts.
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used |= set(re.findall(r"\w+", " ".join(_strings(tree))))
    before = {node.id for node in ast.walk(module.tree) if isinstance(node, ast.Name)}
    lines = text.splitlines(keepends=True)
    kept_packages = [top for node in tree.body for top in _packages(node)]
    for node in reversed(tree.body):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        gone = [
            alias
            for alias in node.names
            if (name := alias.asname or alias.name.partition(".")[0]) in before and name not in used
        ]
        tops = set(_packages(node))
        if not gone or not (tops <= _PURE or _is_repeated(kept_packages, tops, node, gone)):
            continue
        start, end = node.lineno - 1, node.end_lineno or node.lineno
        kept = [alias for alias in node.names if alias not in gone]
        lines[start:end] = _import_lines(node, kept, lines[start:end])
        around = lines[max(start - 1, 0) : start + 1]
        if not kept and len(around) > 1 and not "".join(around).strip():
            del lines[start - 1]  # it was alone between two gaps
    return "".join(lines)


def _is_repeated(
    packages: list[str], tops: set[str], node: ast.stmt, gone: Sequence[ast.alias]
) -> bool:
    """Whether a package of the project is imported elsewhere: then its code still runs."""
    assert isinstance(node, ast.Import | ast.ImportFrom)
    return len(gone) < len(node.names) or all(packages.count(top) > 1 for top in tops)


def _packages(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return ["." * node.level + (node.module or "").partition(".")[0]]
    return []


def _strings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _import_lines(
    node: ast.Import | ast.ImportFrom, kept: Sequence[ast.alias], lines: Sequence[str]
) -> list[str]:
    """Return the lines of an import with some of its names."""
    if not kept:
        return []
    names = [ast.unparse(alias) for alias in kept]
    end = "\r\n" if lines[-1].endswith("\r\n") else "\n"
    comment = re.search(r"[ \t]+#.*", lines[-1].rstrip("\r\n"))
    tail = (comment[0] if comment else "") + end
    if isinstance(node, ast.Import):
        return [f"import {', '.join(names)}{tail}"]
    head = f"from {'.' * node.level}{node.module or ''} import "
    line = f"{head}{', '.join(names)}"
    if len(lines) == 1 or len(line) <= 79:
        return [line + tail]
    indent = re.match(r"[ \t]*", lines[1])
    space = indent[0] if indent else "    "
    return [f"{head}({end}", *(f"{space}{name},{end}" for name in names), f"){tail}"]
