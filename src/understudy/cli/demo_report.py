"""What the demo says of its lanes, for a person and for a program."""

from __future__ import annotations

import json
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from understudy import __version__
from understudy.cli.suites import Coverage, Result, Server

# What a newcomer opens first, where it exists.
_WORTH_READING = (
    ("tests/test_user_dao.py", "how a test on fakes is written"),
    ("tests/integration", "how one on the real PostgreSQL is"),
    ("pyproject.toml", "all that is configured: [tool.understudy]"),
)


def as_json(results: Sequence[Result], folder: Path, copied: bool) -> str:
    """One JSON document."""
    document = {
        "understudy": __version__,
        "python": platform.python_version(),
        "folder": str(folder.resolve()),
        "copied": copied,
        "ok": all(result.ok for result in results),
        "lanes": [_lane(result) for result in results],
    }
    return json.dumps(document, indent=2)


def _lane(result: Result) -> dict[str, Any]:
    return {
        "name": result.lane.name,
        "marks": result.lane.marks,
        "ok": result.ok,
        "exit_code": result.exit_code,
        "seconds": round(result.seconds, 3),
        "tests": dict(result.tests),
        "calls_on_fakes": result.calls_on_fakes,
        "statements_on_fakes": result.statements_on_fakes,
        "statements_checked": result.statements_checked,
        "postgres": None if result.postgres is None else asdict(result.postgres),
        "coverage": None if result.coverage is None else asdict(result.coverage),
    }


def as_text(results: Sequence[Result], folder: Path) -> str:
    """A few lines that need no explanation."""
    lines = []
    for number, result in enumerate(results, 1):
        lines += ["", click.style(f"Lane {number}: {result.lane.title}", bold=True)]
        lines += [f"  {line}" for line in _told(result)]
    lines += ["", click.style("What to do next:", bold=True)]
    lines += [f"  {line}" for line in _next_steps(folder)]
    return "\n".join(lines)


def _told(result: Result) -> Iterator[str]:
    if not result.tests:
        text = f"pytest ended with exit code {result.exit_code} before it ran a test; see above."
        yield click.style(text, fg="red")
        return
    yield _outcome(result)
    if result.calls_on_fakes:
        yield (
            f"{_count(result.calls_on_fakes, 'call')} on fakes,"
            f" {_count(result.statements_on_fakes, 'different statement')},"
            f" {result.statements_checked:,} of them checked by PostgreSQL"
        )
    if result.coverage is not None:
        yield _coverage(result.coverage)
    if result.postgres is not None:
        yield _server(result.postgres)


def _outcome(result: Result) -> str:
    passed = result.tests["passed"]
    failed = result.tests["failed"] + result.tests["error"]
    others = [
        f"{number:,} {outcome}"
        for outcome, number in result.tests.items()
        if number and outcome not in ("passed", "failed", "error")
    ]
    said = ", ".join([f"{_count(passed, 'test')} passed, {failed:,} failed", *others])
    text = click.style(said, fg="green" if result.ok else "red", bold=True)
    if result.exit_code != 0 and not failed:
        text += f", but pytest ended with exit code {result.exit_code}"
    return f"{text}, in {result.seconds:.1f} s"


def _server(server: Server) -> str:
    if server.embedded:
        return f"PostgreSQL {server.version}, started for this lane and stopped after it"
    return f"PostgreSQL {server.version}, running already: the one that is configured"


def _coverage(coverage: Coverage) -> str:
    lines = f"{coverage.lines_covered:,} of {_count(coverage.lines, 'line')}"
    branches = f"{coverage.branches_covered:,} of {_count(coverage.branches, 'branch', 'es')}"
    return f"They run {lines} of src, and {branches}"


def _next_steps(folder: Path) -> Iterator[str]:
    yield f"cd {_quoted(str(folder))}"
    yield f"{_pytest()} tests/"
    for path, what in _WORTH_READING:
        if (folder / path).exists():
            yield f"{path:<24}{what}"


def _pytest() -> str:
    """How to call the pytest that has just run: its short name where that means the same."""
    found = shutil.which("pytest")
    if found is not None and Path(found).parent == Path(sys.executable).parent:
        return "pytest"
    return f"{_quoted(sys.executable)} -m pytest"


def _quoted(argument: str) -> str:
    if sys.platform == "win32":
        return subprocess.list2cmdline([argument])
    return shlex.quote(argument)


def _count(number: int, noun: str, plural: str = "s") -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}{plural}"
