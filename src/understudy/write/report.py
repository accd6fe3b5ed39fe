"""The report of `understudy write`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from understudy.script.formatting import counted
from understudy.write.results import Results


def text(results: Results, root: Path, *, only_show: bool) -> Iterator[str]:
    """Yield the lines of the report.

    Args:
        results: what was found.
        root: the folder that paths are shown from.
        only_show: whether nothing was written.
    """
    yield from _suspicious(results)
    for file in results.files:
        name = str(file.change.path.relative_to(root.resolve()))
        if not file.tests:
            yield f"{name}: nothing to add"
        elif only_show:
            yield file.change.diff(name)
        else:
            yield f"{name}: {counted(len(file.tests), 'new test')}"
        for dropped, why in file.dropped.items():
            yield f"  not written, because it failed when it was repeated: {dropped}: {why}"
    for fixture in results.replaced if results.files else ():
        yield f"  the fixture {fixture.name} ({fixture.place}) is replaced there, because it fails:"
        yield f"    {fixture.error}"
    yield from results.kept.values()
    if results.setting is not None:
        if only_show:
            yield results.setting.diff("pyproject.toml")
        else:
            yield "pyproject.toml: real_postgres_env, which points the code at the test's database"
            yield "  It holds for all tests. If one about your settings' defaults fails, remove the"
            yield "  line, and set the variables in a fixture of the tests above."
    if not results.files:
        yield f"No test was written for {results.module}."
    if results.mutants is not None:
        killed, killable = results.mutants
        yield f"  wrong SQL that they notice: {killed} of {killable}"
        for place, change in results.unnoticed:
            yield f"    not noticed: {change}" + (f" ({place})" if place else "")
    for one in results.left_out:
        yield f"  {results.path}:{one.line}: no test of {one.name}: {one.reason}"
    if results.open:
        lines = ", ".join(f"{first} -> {last}" for first, last in results.open)
        yield f"  branches that no test takes: {lines}"
    if results.end:
        yield results.end


def _suspicious(results: Results) -> Iterator[str]:
    """Yield what looks like a bug, with the tests that are expected to fail."""
    tests = [(file, test) for file in results.files for test in file.tests if test.suspicion]
    if not tests:
        return
    yield "What looks like a bug:"
    for file, test in tests:
        yield f"  {file.change.path.name}::{test.name} (an expected failure)"
        yield f"      {test.suspicion}"
    yield ""
