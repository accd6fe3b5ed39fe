"""Describe an exception of the user's project, and where it comes from."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from textwrap import indent

_NOT_THE_PROJECT = ("site-packages", "dist-packages")


def innermost(error: BaseException) -> BaseException:
    """Unwrap exception groups that have one member."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def relative(path: Path, root: Path) -> str:
    """Return ``path`` relative to ``root`` if it lies inside, else in full."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _is_project_file(path: Path, root: Path) -> bool:
    return path.is_relative_to(root) and not any(part in _NOT_THE_PROJECT for part in path.parts)


def described(error: BaseException, root: Path) -> str:
    """Return an exception's type, text and place, indented by two spaces."""
    error = innermost(error)
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    where = place(error, root)
    return indent(text if where is None else f"{text}\nat {where}", "  ")


def place(error: BaseException, root: Path) -> str | None:
    """Return the ``file:line`` of the deepest frame inside the project.

    For a SyntaxError that is the line that does not parse. If no frame lies inside the project,
    the deepest frame counts. Returns None if there is no frame.
    """
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"{relative(Path(error.filename), root)}:{error.lineno}"
    frames = []
    traceback = error.__traceback__
    while traceback is not None:
        frames.append((Path(traceback.tb_frame.f_code.co_filename), traceback.tb_lineno))
        traceback = traceback.tb_next
    if not frames:
        return None
    inside = [frame for frame in frames if _is_project_file(frame[0], root)]
    path, line = (inside or frames)[-1]
    return f"{relative(path, root)}:{line}"


def definition(thing: object, root: Path) -> str | None:
    """Return the ``file:line`` where a function or class is defined, or None if unknown."""
    code = getattr(inspect.unwrap(thing), "__code__", None) if callable(thing) else None
    if code is None:
        return None
    return f"{relative(Path(code.co_filename), root)}:{code.co_firstlineno}"


def module_file(name: str, root: Path) -> str | None:
    """Return the file of an imported module, or None if it has none (a namespace package)."""
    file = getattr(sys.modules[name], "__file__", None)
    return None if file is None else relative(Path(file), root)
