"""Prove the written tests: they run many times in a random order, and each must always pass."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from understudy.init.project_copy import Copy
from understudy.mutate.errors import MutationError
from understudy.mutate.mutator import Wanted, mutate
from understudy.mutate.statements import Spot
from understudy.project import pytest_process, suite_run
from understudy.project.parsing import text_lines
from understudy.script.formatting import counted
from understudy.write import lab
from understudy.write.errors import WriteError
from understudy.write.results import Results, WrittenFile

PLUGIN = "understudy.plugin.proving"
_TIMEOUT = 300.0  # seconds
_ENOUGH = 240.0  # seconds, after which no other run begins
# Nobody reads how a test fails with wrong SQL. To rewrite asserts, pytest compiles all modules of
# Understudy again where their bytecode may not be written.
_QUICK = ("--assert=plain",)
_BY_FIXTURE = (
    "a fixture that all tests use sends SQL, and this test has no database; let that fixture take "
    "real_postgres"
)


def prove(copy: Copy, root: Path, results: Results, runs: int, say: Callable[[str], None]) -> None:
    """Run the tests of the files, and drop the new ones that fail in any run.

    Args:
        copy: the copy of the project, into which the files are written.
        root: the project's folder.
        results: the files; changed.
        runs: how often each test runs.
        say: is called with a line about each step.

    Raises:
        WriteError: they cannot be run, or not in time.
    """
    files = [file for file in results.files if file.tests]
    for file in files:
        copy.write(file.change.path.relative_to(root), file.change.after)
    if not files:
        return
    number = counted(sum(len(file.tests) for file in files), "test")
    say(f"{number}, {runs} times, shuffled, and with wrong SQL")
    paths = [str(file.change.path.relative_to(root)) for file in files]
    with pytest_process.started(
        [*suite_run.arguments(copy.root, copy.scratch, None), *paths],
        copy.root,
        plugin=PLUGIN,
        request={"runs": runs, "seconds": _ENOUGH},
        environment=copy.environment(),
    ) as child:
        _mutate(copy, results, paths)
        ended = pytest_process.ended(child, _TIMEOUT)
    if ended.timed_out or ended.exit_code not in (0, 1):
        how = (
            f"did not end within {_TIMEOUT:g} s"
            if ended.timed_out
            else suite_run.ending(ended.exit_code, ended.output)
        )
        raise WriteError(f"The tests cannot be proved, so none is written: {how}")
    results.runs = sum(answer.get("runs", 0) for answer in ended.answers)
    if results.runs < runs:
        say(f"{results.runs} of {runs} runs in {_ENOUGH:g} s; there is no time for the others")
    failed = {
        (answer["file"], answer["test"]): _reason(answer["why"])
        for answer in ended.answers
        if "test" in answer
    }
    for file in files:
        # Pytest names a file from the folder of its configuration.
        name = f"/{file.change.path.relative_to(root).as_posix()}"
        _drop(
            file,
            {
                t: why
                for (place, t), why in failed.items()
                if f"/{place}".endswith(name) or name.endswith(f"/{place}")
            },
        )
        copy.write(file.change.path.relative_to(root), file.change.after)
    if any(file.dropped for file in files):
        say("the others, with wrong SQL")
        _mutate(copy, results, paths)


def _reason(why: str) -> str:
    if why.startswith("assert 429 =="):
        return lab.LIMITED
    return _BY_FIXTURE if "while no test had that fixture" in why else why


def _mutate(copy: Copy, results: Results, paths: Sequence[str]) -> None:
    """Run the tests with mutants of the module's SQL, and note which they notice.

    Raises:
        KeyboardInterrupt: Ctrl-C or SIGTERM.
    """
    results.mutants, results.unnoticed, results.end = None, [], ""
    # A base class, or a file of SQL, may hold what a DAO sends; others call a DAO for that.
    if not any(f.tests and (f.layer == "dao" or f.sends_sql) for f in results.files):
        return
    wanted = Wanted(
        copy.root,
        paths=[(copy.root / results.path).resolve()],
        seconds=_TIMEOUT,
        workers=min(2, max(1, (os.cpu_count() or 1) - 1)),  # one is for the proof
        arguments=[*_QUICK, *paths],
        environment={"PYTHONDONTWRITEBYTECODE": "", **copy.environment()},
    )
    found = None
    try:
        found = mutate(wanted, lambda step: None)
        if not found.statements and any(file.layer == "dao" for file in results.files):
            # A base class sends them, or they are in files of SQL.
            found = mutate(replace(wanted, paths=[]), lambda step: None)
    except MutationError as error:
        if found is None:  # else they ran, and there is no SQL to change
            results.end = f"The tests could not be run with mutants: {error}"
        return
    if found.is_interrupted:
        raise KeyboardInterrupt
    killable = sum(one.killable for one in found.statements)
    if not killable:
        return
    results.mutants = sum(one.killed for one in found.statements), killable
    results.unnoticed = [
        (_place(one.statement.spots, copy.root.resolve()), result.mutant.sentence)
        for one in found.statements
        for result in one.alive
    ]


def _place(spots: Sequence[Spot], root: Path) -> str:
    """Return the file and line that sent a statement; "" if they are unknown."""
    if not spots:
        return ""
    path = Path(spots[0].path).resolve()
    # A project that is installed elsewhere is not in the copy.
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    return f"{shown.as_posix()}:{spots[0].line}"


def _drop(file: WrittenFile, failed: dict[str, str]) -> None:
    file.dropped = {test.name: failed[test.name] for test in file.tests if test.name in failed}
    if file.dropped:
        after = without(file.change.after, file.dropped)
        file.change = replace(file.change, after=after)
        file.tests = [test for test in file.tests if test.name not in file.dropped]


def without(text: str, names: Iterable[str]) -> str:
    """Return the source of a test file without some of its functions."""
    lines = text_lines(text)
    wanted = set(names)
    for node in reversed(ast.parse(text.removeprefix("\ufeff")).body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in wanted:
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)]) - 1
            last = node.end_lineno or node.lineno
            while last < len(lines) and not lines[last].strip():
                last += 1
            del lines[first:last]
    return "".join(lines).rstrip("\n") + "\n"
