"""Where in the user's project an exception comes from."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

_NOT_THE_PROJECT = ("site-packages", "dist-packages")


def innermost(error: BaseException) -> BaseException:
    """Unwrap exception groups of one member: the member is what happened."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def relative(path: Path, root: Path) -> str:
    """Write ``path`` from ``root`` where it lies inside, else in full."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _is_project_file(path: Path, root: Path) -> bool:
    return path.is_relative_to(root) and not any(part in _NOT_THE_PROJECT for part in path.parts)


def place(error: BaseException, root: Path) -> str | None:
    """The ``file:line`` to look at first: the deepest frame inside the project.

    A SyntaxError names the line that does not parse. Where no frame lies inside the project, the
    deepest frame of all is named; None if there is no frame.
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
    """The ``file:line`` where a function or class is defined, or None where Python cannot tell."""
    code = getattr(inspect.unwrap(thing), "__code__", None) if callable(thing) else None
    if code is None:
        return None
    return f"{relative(Path(code.co_filename), root)}:{code.co_firstlineno}"


def module_file(name: str, root: Path) -> str | None:
    """The file of an imported module, or None for a namespace package and the like."""
    file = getattr(sys.modules[name], "__file__", None)
    return None if file is None else relative(Path(file), root)
