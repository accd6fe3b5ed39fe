"""The runs that a review needs: each a pytest in a process of its own, with the recorder loaded."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from understudy.project import pytest_process
from understudy.review import messages
from understudy.review.errors import ReviewError

_RAN = (0, 1)  # pytest's exit codes where tests ran: all passed, some failed
_LINES = 15  # of the output of a pytest that failed


@dataclass(frozen=True, slots=True)
class Test:
    """How a test went in one run.

    Attributes:
        name: its node id.
        path: its file, relative to pytest's root.
        line: of its function, from 1.
        outcomes: one for each time it ran: "passed", "failed", "error" or "skipped".
        why: the first line of its first failure, "" without one.
        fixtures: those that it uses, directly or not.
    """

    __test__ = False

    name: str
    path: str
    line: int
    outcomes: tuple[str, ...]
    why: str = ""
    fixtures: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it ran and nothing went wrong, each time."""
        return all(outcome in ("passed", "skipped") for outcome in self.outcomes)

    @property
    def function(self) -> str:
        """Its name in its file, without parameters: "TestUsers::test_create"."""
        return self.name.partition("::")[2].partition("[")[0]


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement that was asked of fakes.

    Attributes:
        sql: on one line.
        place: the line of code that asked first, as "path:line".
        tests: those in which it was asked, by node id.
        read: whether some test looked at it, or a rule names it.
        takes: whether it was given parameters.
    """

    sql: str
    place: str
    tests: tuple[str, ...]
    read: bool
    takes: bool


@dataclass(frozen=True)
class Run:
    """What one run showed.

    Attributes:
        tests: by node id, in the order in which they ran.
        files: coverage's report of each measured file, by absolute path.
        asked: the statements that were asked of fakes.
    """

    tests: dict[str, Test]
    files: dict[str, Any] = field(default_factory=dict)
    asked: tuple[Asked, ...] = ()


class Runner:
    """Runs a project's tests without leaving anything behind in its folders.

    Args:
        root: where pytest is started.
        scratch: a folder for what the runs write.
        catalog: the project's catalog, which the runs get a copy of; None without a schema.
        timeout: how many seconds one run may take.
        arguments: more arguments for pytest.
    """

    def __init__(
        self,
        root: Path,
        scratch: Path,
        catalog: Path | None,
        timeout: float,
        arguments: Sequence[str] = (),
    ) -> None:
        self._root = root
        self._scratch = scratch
        self._timeout = timeout
        self._options = [*arguments, "-q", "-o", f"cache_dir={scratch / 'cache'}"]
        # Coverage is taken by the recorder, and the order is its own: each option only where the
        # plugin that knows it is installed.
        if importlib.util.find_spec("pytest_cov"):
            self._options.append("--no-cov")
        if importlib.util.find_spec("xdist"):
            self._options.append("-n0")
        if importlib.util.find_spec("pytest_randomly"):
            self._options.append("--randomly-dont-reorganize")
        if catalog is not None:
            copy = scratch / "catalog"
            if catalog.exists():
                shutil.copyfile(catalog, copy)
            # In one word: a path that stands alone would have a say in what pytest's root is.
            self._options.append(f"--understudy-catalog={copy}")

    def run(
        self,
        paths: Sequence[str],
        *,
        order: str = "as collected",
        seed: int = 0,
        only: Sequence[str] | None = None,
        measured: Sequence[Path] = (),
    ) -> Run:
        """Run tests once.

        Args:
            paths: files, folders or node ids for pytest; none for all tests.
            order: as the recorder knows it.
            seed: of the random order.
            only: node ids; the others are left out.
            measured: the files whose coverage is taken.

        Raises:
            ReviewError: they could not be collected or run, or took too long.
        """
        ended = pytest_process.run(
            [*self._options, *paths],
            self._root,
            plugin="understudy.review.recorder",
            request={
                "order": order,
                "seed": seed,
                "only": None if only is None else list(only),
                "measured": [str(path) for path in measured],
            },
            environment={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            timeout=self._timeout,
        )
        if ended.timed_out:
            raise ReviewError(messages.too_slow(self._timeout, ended.tail(_LINES)))
        if ended.exit_code not in _RAN or not ended.answers:
            raise ReviewError(messages.did_not_run(ended.exit_code, ended.tail(_LINES)))
        return _read(ended.answers[-1])


def _read(seen: Mapping[str, Any]) -> Run:
    if seen["not_collected"]:
        raise ReviewError(messages.not_collected(seen["not_collected"]))
    tests = {
        name: Test(
            name,
            each["path"],
            each["line"],
            tuple(each["outcomes"]),
            each.get("why", ""),
            tuple(each["fixtures"]),
        )
        for name, each in seen["tests"].items()
    }
    asked = (
        Asked(sql, each["place"], tuple(each["tests"]), each["read"], each["takes"])
        for sql, each in seen["asked"].items()
    )
    return Run(tests, seen["files"], tuple(asked))
