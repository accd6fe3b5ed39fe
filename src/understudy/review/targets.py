"""The modules under review: their files, their functions, and where they handle errors."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.project import parsing
from understudy.project.scopes import FunctionNode
from understudy.review.errors import ReviewError


@dataclass(frozen=True, slots=True)
class LineRange:
    """The lines of a function, a `raise` or the body of an `except`.

    Attributes:
        name: the function's qualified name, or "raise" or "except".
        first: the first line, from 1.
        last: the last line.
    """

    name: str
    first: int
    last: int


@dataclass(frozen=True)
class Target:
    """A module under review.

    Attributes:
        name: the name that it is imported by.
        path: its file, absolute.
        functions: its public functions and methods, without nested ones.
        error_places: the lines that raise or handle an exception.
    """

    name: str
    path: Path
    functions: tuple[LineRange, ...]
    error_places: tuple[LineRange, ...]


def find(wanted: str, root: Path, bases: Sequence[Path], mentioned: Collection[str] = ()) -> Target:
    """Return the module that a user named, as `src.domain.user` or as a path.

    Args:
        wanted: the name or the path.
        root: the project's folder, which paths are relative to.
        bases: the folders that modules are imported from.
        mentioned: the names in the tests. If a path has several names, one of these is preferred.

    Raises:
        ReviewError: There is no such module, or it cannot be read.
    """
    path = root / wanted
    if wanted.endswith(".py") and path.is_file():
        names = names_of(path.resolve(), bases)
        return read(path.resolve(), next((name for name in names if name in mentioned), names[0]))
    parts = wanted.split(".")
    for base in bases:
        module = base.joinpath(*parts)
        for file in (module.with_suffix(".py"), module / "__init__.py"):
            if file.is_file():
                return read(file.resolve(), wanted)
    searched = ", ".join(_shown(base, root) for base in bases)
    raise ReviewError(
        f"There is no module {wanted!r} in {searched}. "
        "Name it as it is imported (src.domain.user), or by its path (src/domain/user.py)."
    )


def read(path: Path, name: str) -> Target:
    """Read the file of a module.

    Raises:
        ReviewError: It cannot be read or parsed.
    """
    try:
        tree = parsing.parsed(parsing.decoded(parsing.read(path)))
    except (OSError, parsing.Unreadable) as error:
        raise ReviewError(f"{path} cannot be read: {error}.") from error
    return Target(name, path, tuple(_functions(tree.body)), tuple(_error_places(tree)))


def names_of(path: Path, bases: Sequence[Path]) -> list[str]:
    """Return the names that a file can be imported by."""
    found = []
    for base in bases:
        if path.is_relative_to(base):
            parts = path.relative_to(base).with_suffix("").parts
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found or [path.stem]


def _shown(base: Path, root: Path) -> str:
    if base == root:
        return "this folder"
    return base.relative_to(root).as_posix() if base.is_relative_to(root) else str(base)


def _functions(body: Sequence[ast.stmt], prefix: str = "") -> Iterator[LineRange]:
    for node in body:
        if isinstance(node, FunctionNode) and not node.name.startswith("_"):
            yield LineRange(prefix + node.name, node.body[0].lineno, node.end_lineno or node.lineno)
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _functions(node.body, f"{prefix}{node.name}.")


def _error_places(tree: ast.Module) -> Iterator[LineRange]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            first = node.body[0]
            yield LineRange("except", first.lineno, first.end_lineno or first.lineno)
        elif isinstance(node, ast.Raise):
            yield LineRange("raise", node.lineno, node.end_lineno or node.lineno)
