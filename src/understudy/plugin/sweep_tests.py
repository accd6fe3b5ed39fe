"""The findings of a sweep as tests, in the files of the tests that have shown them."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from understudy.atomic_write import write_files
from understudy.rerun import Reruns
from understudy.script.formatting import counted
from understudy.sweep import answers_file, report
from understudy.sweep.answers_file import Answers
from understudy.sweep.oracle import Finding, Verdict
from understudy.sweep.outcome import Result, key_of
from understudy.sweep.written_tests import NotWritten, Origin, with_test

_STATUS = re.compile(r"Answer (\d+) here")


def write_tests(result: Result, reruns: Reruns, known: Answers) -> list[str]:
    """Write a test for each finding; return what was written and what was not, in lines."""
    files: dict[Path, str] = {}
    written, refused = 0, []
    for (verdict, finding), *_ in report.grouped(result):
        item = reruns.recorded[verdict.test].item
        source = files.get(item.path) or item.path.read_text(encoding="utf-8")
        status = _status(verdict, finding, known)
        try:
            origin = _origin(item, reruns, verdict)
            files[item.path] = with_test(source, origin, verdict, finding, status)
        except NotWritten as error:
            refused.append(f"    {finding.rule} of {verdict.trial.subject}: {error}")
            continue
        written += files[item.path] != source
    write_files({path: source.encode() for path, source in files.items()})
    lines = [f"{counted(written, 'test')} written, each after the test that has shown the finding"]
    return [*lines, *(["Not written:", *refused] if refused else [])]


def _origin(item: pytest.Item, reruns: Reruns, verdict: Verdict) -> Origin:
    test: Any = item
    names = getattr(test, "fixturenames", ())
    callspec = getattr(test, "callspec", None)
    parameters = {} if callspec is None else dict(callspec.params)
    if not hasattr(test, "function"):
        raise NotWritten("its test is not a function")
    for value in parameters.values():
        try:
            ast.literal_eval(repr(value))
        except (ValueError, SyntaxError):
            raise NotWritten("its test has a parameter that is not a plain value") from None
    events = reruns.recorded[item.nodeid].run.events
    is_mysql = any(event.database == "mysql" for event in events if event.id == verdict.call)
    kind = "mysql" if is_mysql else "postgres"
    return Origin(
        test.function.__qualname__,
        parameters,
        f"real_{kind}" if f"real_{kind}" in names else f"fake_{kind}",
        events,
    )


def _status(verdict: Verdict, finding: Finding, known: Answers) -> str | None:
    """Return the status that the app should answer, if it is known."""
    accepted = answers_file.accepted(known, key_of(verdict.trial))
    if len(accepted) == 1:
        return next(iter(accepted))
    found = _STATUS.match(finding.remedy)
    return found[1] if found else None
