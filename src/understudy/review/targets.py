"""The modules under review: where they are, their functions, and where they handle errors."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.project import parsing
from understudy.review import messages
from understudy.review.errors import ReviewError

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a module: a function, or a place where an error is raised or handled.

    Attributes:
        name: the function's qualified name; of a place, what stands there.
        first: its first line, `last`: its last, both counted from 1.
    """

    name: str
    first: int
    last: int


@dataclass(frozen=True)
class Subject:
    """A module under review.

    Attributes:
        name: how it is imported.
        path: its file, absolute.
        functions: its public functions and methods; nested ones belong to the one around them.
        error_places: the lines that raise, or that begin to handle an exception.
    """

    name: str
    path: Path
    functions: tuple[Part, ...]
    error_places: tuple[Part, ...]


def find(
    wanted: str, root: Path, bases: Sequence[Path], mentioned: Collection[str] = ()
) -> Subject:
    """Return the module that a user named, as `src.domain.user` or as the path of its file.

    Args:
        wanted: what was named.
        root: the project's folder, which paths are relative to.
        bases: the folders that modules are imported from.
        mentioned: how the tests call the modules that they import: where a path can be imported
            from two of the folders, theirs is the name that counts.

    Raises:
        ReviewError: there is no such module, or it cannot be read.
    """
    path = root / wanted
    if wanted.endswith(".py") and path.is_file():
        names = names_of(path.resolve(), bases)
        return read(path.resolve(), next((each for each in names if each in mentioned), names[0]))
    parts = wanted.split(".")
    for base in bases:
        module = base.joinpath(*parts)
        for file in (module.with_suffix(".py"), module / "__init__.py"):
            if file.is_file():
                return read(file.resolve(), wanted)
    raise ReviewError(messages.no_module(wanted, [_shown(base, root) for base in bases]))


def read(path: Path, name: str) -> Subject:
    """Read the file of a module that is imported by a name.

    Raises:
        ReviewError: it cannot be read or parsed.
    """
    try:
        tree = parsing.parsed(parsing.decoded(parsing.read(path)))
    except (OSError, parsing.Unreadable) as error:
        raise ReviewError(f"{path} cannot be read: {error}.") from error
    return Subject(name, path, tuple(_functions(tree)), tuple(_error_places(tree)))


def names_of(path: Path, bases: Sequence[Path]) -> list[str]:
    """Return how a file can be imported from the folders that it lies in."""
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


def _functions(tree: ast.Module) -> Iterator[Part]:
    yield from _of_scope(tree.body, "")


def _of_scope(body: Sequence[ast.stmt], prefix: str) -> Iterator[Part]:
    for node in body:
        if isinstance(node, FunctionNode) and not node.name.startswith("_"):
            yield Part(prefix + node.name, node.body[0].lineno, node.end_lineno or node.lineno)
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _of_scope(node.body, f"{prefix}{node.name}.")


def _error_places(tree: ast.Module) -> Iterator[Part]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            first = node.body[0]
            yield Part("except", first.lineno, first.end_lineno or first.lineno)
        elif isinstance(node, ast.Raise):
            yield Part("raise", node.lineno, node.end_lineno or node.lineno)
