"""Find the files of the project that a Python file imports, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

_FROM_MODELS = {"create_all", "generate_schemas"}


def imported_files(files: Iterable[Path], root: Path) -> list[Path]:
    """Return these files and all files of the project that they import, directly or not, sorted.

    Imports by a computed name and files outside of `root` are not found. A file with invalid syntax
    is included without its imports.
    """
    found: set[Path] = set()
    todo = [file.resolve() for file in files]
    bases = list(dict.fromkeys([root.resolve(), (root / "src").resolve()]))
    while todo:
        file = todo.pop()
        if file in found:
            continue
        found.add(file)
        for name, is_certain in _imports(file, bases):
            todo.extend(_files_of(name, bases, is_certain))
    return sorted(found)


def creates_from_models(file: Path, function: str | None = None) -> bool:
    """Return whether code makes tables from models, with SQLAlchemy's or Tortoise ORM's function.

    Args:
        file: a file of the project.
        function: look only at this function, and at those of the file that it refers to.
    """
    try:
        tree: ast.AST = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return False
    if function is None:
        return _names(tree) & _FROM_MODELS != set()
    functions = {
        node.name: _names(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    found, todo = set[str](), [function]
    while todo:
        names = functions.pop(todo.pop(), set())
        found |= names
        todo += names & functions.keys()
    return found & _FROM_MODELS != set()


def _names(tree: ast.AST) -> set[str]:
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def module_file(module: str, root: Path) -> Path | None:
    """Return the file of a module, or None if the project has no such module."""
    files = list(_files_of(module, [root.resolve(), (root / "src").resolve()], True))
    return files[-1] if files else None


def _imports(file: Path, bases: list[Path]) -> Iterator[tuple[str, bool]]:
    """Yield the dotted names that a file imports, and whether each must be a module."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return  # running the file will report what is wrong with it
    package = _package_of(file, bases)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, True) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*above, *([node.module] if node.module else [])])
            yield name, True
            yield from ((f"{name}.{alias.name}", False) for alias in node.names)


def _package_of(file: Path, bases: list[Path]) -> list[str]:
    inside = [
        list(file.relative_to(base).parent.parts) for base in bases if file.is_relative_to(base)
    ]
    # In src, the module a.b is not called src.a.b.
    return min(inside, key=len, default=[])


def _files_of(name: str, bases: list[Path], is_certain: bool) -> Iterator[Path]:
    """Yield the files that importing a name runs: its own and those of the packages above it."""
    parts = name.split(".")
    for base in bases:
        chain = [base.joinpath(*parts[:length], "__init__.py") for length in range(1, len(parts))]
        own = [base.joinpath(*parts).with_suffix(".py"), base.joinpath(*parts, "__init__.py")]
        last = [path for path in own if name and path.is_file()]
        if last or not is_certain:
            yield from (path for path in chain if path.is_file())
            yield from last
