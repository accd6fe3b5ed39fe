"""The failure that made an exception of the code under test, shown in place of it.

fake_postgres tells a client of a failure as a driver's error, and drivers, SQLAlchemy and the code
under test wrap errors. The failure itself, with the user's own lines, says the same in a tenth of
the lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from traceback import format_exception_only
from types import TracebackType
from typing import TYPE_CHECKING

from understudy.asgi.exception_origin import innermost
from understudy.plugin.leak_checks.project_files import ProjectFiles

if TYPE_CHECKING:
    from understudy.script.failures import Failure


def instead_of(error: BaseException, failures: Sequence[Failure], root: Path) -> BaseException:
    """Return the failure that `error` brings to the test, or `error` itself if it brings none.

    The failure has the frames of the project under `root` that led to `error`. A group of several
    exceptions stays as it is: it has more to say.
    """
    inner = innermost(error)
    failure = next((failure for failure in failures if _brings(inner, failure)), None)
    if failure is None or isinstance(inner, BaseExceptionGroup):
        return error
    if inner is failure:
        if error is failure:
            error.__traceback__ = _own_frames(error.__traceback__, ProjectFiles(root))
        return error
    failure.add_note(f"(It reached the test as {_named(inner, failure)}.)")
    return failure.with_traceback(_own_frames(error.__traceback__, ProjectFiles(root)))


def shows(error: BaseException, text: str) -> bool:
    """Return whether the report of `error` has `text` in it."""
    return any(text in "".join(format_exception_only(part)) for part in _chain(error))


def _brings(error: BaseException, failure: Failure) -> bool:
    return failure in _chain(error) or (failure.sent != "" and shows(error, failure.sent))


def _own_frames(traceback: TracebackType | None, files: ProjectFiles) -> TracebackType | None:
    """Return a traceback without the frames of libraries."""
    own = []
    while traceback is not None:  # a loop: the error may be of a recursion that was too deep
        if files.is_own(traceback.tb_frame.f_code.co_filename):
            own.append(traceback)
        traceback = traceback.tb_next
    rest = None
    for part in reversed(own):
        rest = TracebackType(rest, part.tb_frame, part.tb_lasti, part.tb_lineno)
    return rest


def _named(error: BaseException, failure: Failure) -> str:
    """Return the class of `error`, and the first line of its text if the failure lacks it."""
    kind = type(error)
    name = (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
    text = str(error)
    if not text or str(failure) in text or (failure.sent and failure.sent in text):
        return name
    return f"{name}: {text.partition(chr(10))[0]}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and every exception that its traceback shows."""
    pending: list[BaseException | None] = [error]
    seen: set[int] = set()
    while pending:
        part = pending.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        pending += [part.__cause__, None if part.__suppress_context__ else part.__context__]
        if isinstance(part, BaseExceptionGroup):
            pending += part.exceptions
