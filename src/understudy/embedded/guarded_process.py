"""The process that runs a project's schema code, seen from the inside."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from understudy.embedded.connection_guard import ConnectionGuard, is_project_file, shown
from understudy.embedded.subprocesses import CAUSE_VARIABLE, DSN_VARIABLE

_LINES = 8  # of an exception's text
_WIDTH = 300
_FRAMES = 3
_PASSWORD = re.compile(r"(://[^\s/@:]*:)[^\s/@]*@")


def run_guarded(work: Callable[[str], object], advice: str) -> None:
    """Call `work` with the URL of the database, the only one that it can connect to.

    An exception ends the process, after its cause was written to the file that the parent reads.

    Args:
        work: Runs code of the project.
        advice: What that code is to connect to, as a sentence.
    """
    dsn = os.environ[DSN_VARIABLE]
    cause = Path(os.environ[CAUSE_VARIABLE])
    servers = [] if dsn.startswith("sqlite:") else [dsn]  # a file has none
    ConnectionGuard(servers, advice).hold()
    try:
        work(dsn)
    except BaseException as error:
        cause.write_text(describe(error), encoding="utf-8")
        raise


def describe(error: BaseException) -> str:
    """Return where in the project an exception was raised, its text, and its causes."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = [frame for frame in _frames(error) if is_project_file(frame.filename) and frame.lineno]
    is_complete = type(error).__module__.startswith("understudy.")  # it names the line itself
    lines = []
    if frames and not is_complete:
        last = frames[-1]
        lines += [f"{shown(last.filename)}:{last.lineno} in {last.name}", f"    {last.line}"]
    text = _text(error)
    lines += text
    # A wrapper usually repeats the text of what it wraps.
    hidden = [cause for cause in _causes(error) if str(cause).strip() not in str(error)]
    if hidden:
        lines += ["caused by:", *_text(hidden[0])[:2]]
    callers = [f"{shown(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames[:-1]]
    if callers:
        lines.append(f"called from {', '.join(reversed(callers[-_FRAMES:]))}")
    return _PASSWORD.sub(r"\1***@", "\n".join(line[:_WIDTH] for line in lines))


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    """Return the frames of an exception, followed by those of what caused it."""
    found: list[traceback.FrameSummary] = list(traceback.extract_tb(error.__traceback__))
    if any(is_project_file(frame.filename) for frame in found):
        return found
    causes = list(_causes(error))
    return found + (list(traceback.extract_tb(causes[-1].__traceback__)) if causes else [])


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen = {id(error)}
    following = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _text(error: BaseException) -> list[str]:
    kind = type(error)
    module = "" if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}."
    lines = "".join(traceback.format_exception_only(error)).strip().splitlines()
    if kind.__module__.startswith("understudy."):
        return str(error).splitlines()
    if isinstance(error, SyntaxError):
        return lines[:_LINES]
    first, *rest = [line for line in str(error).splitlines() if line.strip()] or [""]
    more = ["..."] if len(rest) >= _LINES else []
    return [f"{module}{kind.__qualname__}: {first}".rstrip(": "), *rest[: _LINES - 1], *more]
