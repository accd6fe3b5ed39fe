"""A pytest plugin that reports how each test ended, and what the database said if it failed.

`trial.py` loads it into the project's pytest, before and after the rewrite.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from understudy.project import pytest_process
from understudy.script.formatting import shortened

_CLASS = re.compile(r"^<class '[^']+'>: ")  # SQLAlchemy's adapter for asyncpg begins with it
_PROPERTY = "understudy.why"  # of a report
_LONGEST = 200  # characters of a statement or of a line
_errors: list[dict[str, Any]] = []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Forget the errors of the test before, and listen to SQLAlchemy once it is imported."""
    _errors.clear()
    engine = sys.modules.get("sqlalchemy.engine")
    if engine is not None:
        event = sys.modules["sqlalchemy"].event
        if not event.contains(engine.Engine, "handle_error", _note):
            event.listen(engine.Engine, "handle_error", _note)


def _note(context: Any) -> None:
    _errors.append(_said(context.original_exception, context.statement))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Note why a phase of a test failed."""
    report: pytest.TestReport = yield  # type: ignore[assignment] # pluggy sends it
    if call.excinfo is not None and report.failed:
        report.user_properties.append((_PROPERTY, _why(call.excinfo, item.config.rootpath)))
    return report  # type: ignore[return-value] # as above


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Report a phase of a test. A first run that is repeated on a clone is not logged."""
    if report.when == "call" or report.outcome != "passed":
        is_error = report.failed and report.when != "call"
        why: Any = dict(report.user_properties).get(_PROPERTY, {})
        answer = {
            "kind": "test",
            "name": report.nodeid,
            "outcome": "error" if is_error else report.outcome,
            **why,
        }
        pytest_process.answer(answer)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Report a file that cannot be collected."""
    if report.failed:
        lines = report.longreprtext.strip().splitlines()
        error = (pytest_process.error_lines(lines) or lines)[-1]
        pytest_process.answer(
            {"kind": "test", "name": report.nodeid, "outcome": "error", "error": error}
        )


def _why(excinfo: pytest.ExceptionInfo[BaseException], root: Path) -> dict[str, Any]:
    """Return the error, its place in the project, and what the database said."""
    said = next((one for one in map(_from_database, _chain(excinfo.value)) if one), None)
    if said is None and _errors:
        said = _errors[0]  # the app caught it, and answered something else
    own = [
        f"{path.relative_to(root).as_posix()}:{entry.lineno + 1}"
        for entry in excinfo.traceback
        if (path := Path(str(entry.path))).is_relative_to(root)
        and "site-packages" not in path.parts
    ]
    first = str(excinfo.value).strip().splitlines() or [""]
    name = type(excinfo.value).__name__
    error = first[0] if first[0].startswith(name) else f"{name}: {first[0]}".rstrip(": ")
    return {"error": shortened(error, _LONGEST), "place": own[-1] if own else "", **(said or {})}


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, what it was raised from, and the members of groups."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [*getattr(one, "exceptions", ()), one.__cause__, one.__context__]


def _from_database(error: BaseException) -> dict[str, Any] | None:
    """Return what the database said, if an exception comes from a driver or from SQLAlchemy."""
    original = getattr(error, "orig", error)
    is_of_mysql = type(error).__module__.partition(".")[0] in ("pymysql", "MySQLdb", "asyncmy")
    if original is not error or getattr(error, "sqlstate", None) or is_of_mysql:
        return _said(original, getattr(error, "statement", None))
    return None


def _said(original: BaseException | None, statement: str | None) -> dict[str, Any]:
    lines = _CLASS.sub("", str(original).strip()).splitlines() or [""]
    sqlstate = getattr(original, "sqlstate", None) or ""
    args: tuple[Any, ...] = getattr(original, "args", ())
    if len(args) == 2 and isinstance(args[0], int):  # MySQL's number of an error, and its text
        sqlstate, lines = str(args[0]), str(args[1]).splitlines() or [""]
    # psycopg has it in the text, and asyncpg's own exception as an attribute.
    own = getattr(original.__cause__, "detail", None) if original is not None else None
    detail = next((line.partition(":")[2] for line in lines[1:] if "DETAIL:" in line), own or "")
    return {
        "sqlstate": sqlstate,
        "said": lines[0],
        "detail": detail.strip(),
        "statement": shortened(" ".join((statement or "").split()), _LONGEST),
    }
