"""The imports of a file that was rewritten: those it needs, without those it no longer uses."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from typing import TypeGuard

from understudy.project import parsing
from understudy.project.sources import Module

# The libraries of which an import does nothing but bind its names.
_PURE = frozenset(
    {
        *("sqlalchemy", "sqlmodel", "os", "time", "unittest", "urllib", "psycopg", "asyncpg"),
        *("pymysql", "aiomysql", "asyncmy"),
        *("testcontainers", "pytest_postgresql", "pytest_mysql", "sqlalchemy_utils"),
    }
)

# What only the first two lines of a file can say: its interpreter, and its encoding.
_HEADER = re.compile(r"#!|[ \t\f]*#.*?coding[:=]")
_MOST_HEADER = 2


def with_imports(text: str, lines: Sequence[str]) -> str:
    """Return a text with imports where isort has them, as far as those of the text are in order."""
    for line in lines:
        tree = parsing.parsed(text)
        imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        wanted = _statement(line)
        if ast.unparse(wanted) in map(ast.unparse, imports):
            continue
        kept = parsing.text_lines(text)
        known = next((node for node in imports if _has_room(node, wanted, kept)), None)
        if known is not None:
            text = _with_names(text, known, wanted)
            continue
        newline = "\r\n" if "\r\n" in text else "\n"
        at, before, after = _place_for(wanted, tree, imports)
        while at < len(kept) and at < _MOST_HEADER and _HEADER.match(kept[at]):
            at += 1
        kept.insert(at, newline * before + line + newline * (1 + after))
        text = "".join(kept)
    return text


def _place_for(
    wanted: ast.stmt, tree: ast.Module, imports: Sequence[ast.stmt]
) -> tuple[int, int, int]:
    """Return after how many lines an import goes, and how many empty ones go before and after."""
    absolute = [node for node in imports if _packages(node)[0].strip(".") not in ("", "__future__")]
    absolute = [node for node in absolute if not _packages(node)[0].startswith(".")]
    standard = [node for node in absolute if _is_standard(node)]
    others = _first_block([node for node in absolute if not _is_standard(node)], wanted)
    group = standard if _is_standard(wanted) else others
    if group:
        earlier = [node for node in group if _order(node) < _order(wanted)]
        return (_end(earlier[-1]) if earlier else group[0].lineno - 1), 0, 0
    if _is_standard(wanted) and others:
        return others[0].lineno - 1, 0, 1
    if standard:
        return _end(standard[-1]), 1, 0
    head = [node for node in tree.body[:1] if _is_docstring(node)]
    head += [node for node in imports if _packages(node) == ["__future__"]]
    if head:
        return _end(head[-1]), 1, 0
    is_code = bool(tree.body) and not isinstance(tree.body[0], ast.Import | ast.ImportFrom)
    return 0, 0, 2 if is_code else 1


def _first_block(nodes: Sequence[ast.stmt], wanted: ast.stmt) -> list[ast.stmt]:
    """Return imports without a gap between them: those with the same package, or the first."""
    blocks: list[list[ast.stmt]] = []
    for node in nodes:
        if blocks and node.lineno == _end(blocks[-1][-1]) + 1:
            blocks[-1].append(node)
        else:
            blocks.append([node])
    own = _packages(wanted)[0]
    same = (block for block in blocks if any(own in _packages(node) for node in block))
    return next(same, blocks[0] if blocks else [])


def _order(node: ast.stmt) -> tuple[bool, str]:
    """Return the key by which isort orders the imports of a block."""
    module = node.module if isinstance(node, ast.ImportFrom) else _packages(node)[0]
    return isinstance(node, ast.ImportFrom), (module or "").lower()


def _is_standard(node: ast.stmt) -> bool:
    return _packages(node)[0] in sys.stdlib_module_names


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _has_room(node: ast.stmt, wanted: ast.stmt, lines: Sequence[str]) -> TypeGuard[ast.ImportFrom]:
    """Whether an import is one from the module of another, without comments between its names."""
    return (
        not any("#" in line for line in lines[node.lineno - 1 : _end(node) - 1])
        and isinstance(node, ast.ImportFrom)
        and isinstance(wanted, ast.ImportFrom)
        and (node.module, node.level) == (wanted.module, wanted.level)
        and node.names[0].name != "*"
    )


def _with_names(text: str, node: ast.ImportFrom, wanted: ast.stmt) -> str:
    """Return a text in which an import has the names of another, too, in the order of isort."""
    assert isinstance(wanted, ast.ImportFrom), "as _has_room says"
    names = {ast.unparse(alias): alias for alias in (*node.names, *wanted.names)}
    if len(names) == len(node.names):
        return text
    lines = parsing.text_lines(text)
    start, end = node.lineno - 1, node.end_lineno or node.lineno
    ordered = [names[name] for name in sorted(names, key=import_order)]
    lines[start:end] = _import_lines(node, ordered, lines[start:end])
    return "".join(lines)


def import_order(name: str) -> tuple[bool, bool, str]:
    """Return the key by which isort and ruff order names: constants, then classes, then others."""
    return not name.isupper(), name[:1].islower(), name


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
    lines = parsing.text_lines(text)
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
