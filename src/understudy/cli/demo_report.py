"""What the demo prints about its suites, as text or as JSON."""

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
from understudy.cli.demo_suites import Result
from understudy.script.formatting import counted

# What to read first.
_WORTH_READING = (
    ("tests/test_user_dao.py", "a test on fakes"),
    ("tests/integration", "tests on the real PostgreSQL"),
    ("pyproject.toml", "the whole configuration: [tool.understudy]"),
)


def as_json(results: Sequence[Result], folder: Path, copied: bool) -> str:
    """Return the results as one JSON document."""
    document = {
        "understudy": __version__,
        "python": platform.python_version(),
        "folder": str(folder.resolve()),
        "copied": copied,
        "ok": all(result.ok for result in results),
        "lanes": [_suite_as_json(result) for result in results],
    }
    return json.dumps(document, indent=2)


def _suite_as_json(result: Result) -> dict[str, Any]:
    fields = asdict(result)
    suite = fields.pop("suite")
    fields["seconds"] = round(result.seconds, 3)
    return {"name": suite["name"], "marks": suite["marks"], "ok": result.ok, **fields}


def as_text(results: Sequence[Result], folder: Path) -> str:
    """Return the results as text, and what to do next."""
    lines = []
    for number, result in enumerate(results, 1):
        lines += ["", click.style(f"Suite {number}: {result.suite.title}", bold=True)]
        lines += [f"  {line}" for line in _result_lines(result)]
    lines += ["", click.style("What to do next:", bold=True)]
    lines += [f"  {line}" for line in _next_steps(folder)]
    return "\n".join(lines)


def _result_lines(result: Result) -> Iterator[str]:
    if not result.tests:
        text = f"pytest ended with exit code {result.exit_code} before it ran a test; see above."
        yield click.style(text, fg="red")
        return
    yield _outcome(result)
    if result.calls_on_fakes:
        yield (
            f"{counted(result.calls_on_fakes, 'call')} on fakes,"
            f" {counted(result.statements_on_fakes, 'different statement')},"
            f" {result.statements_checked:,} of them checked by PostgreSQL"
        )
    if coverage := result.coverage:
        branches = counted(coverage.branches, "branch", "branches")
        yield (
            f"They run {coverage.lines_covered:,} of {counted(coverage.lines, 'line')} of src,"
            f" and {coverage.branches_covered:,} of {branches}"
        )
    if server := result.postgres:
        how = "started for this suite and stopped after it"
        yield f"PostgreSQL {server.version}, {how if server.embedded else 'already running'}"


def _outcome(result: Result) -> str:
    failed = result.tests["failed"] + result.tests["error"]
    counts = [f"{counted(result.tests['passed'], 'test')} passed", f"{failed:,} failed"]
    counts += [
        f"{number:,} {outcome}"
        for outcome, number in result.tests.items()
        if number and outcome not in ("passed", "failed", "error")
    ]
    text = click.style(", ".join(counts), fg="green" if result.ok else "red", bold=True)
    if result.exit_code != 0 and not failed:
        text += f", but pytest ended with exit code {result.exit_code}"
    return f"{text}, in {result.seconds:.1f} s"


def _next_steps(folder: Path) -> Iterator[str]:
    yield f"cd {_quoted(str(folder))}"
    found = shutil.which("pytest")
    is_own = found is not None and Path(found).parent == Path(sys.executable).parent
    yield f"{'pytest' if is_own else f'{_quoted(sys.executable)} -m pytest'} tests/"
    for path, what in _WORTH_READING:
        if (folder / path).exists():
            yield f"{path:<24}{what}"


def _quoted(argument: str) -> str:
    if sys.platform == "win32":
        return subprocess.list2cmdline([argument])
    return shlex.quote(argument)
