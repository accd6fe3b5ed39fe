"""A lane: a copy of the reference backend with a suite, and a pytest in it that takes orders."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.mutants.mutant import Mutant, Spot
from benchmarks.mutants.plugin.mutant_runner import PIPES
from benchmarks.mutants.sources import BACKEND, Statement

_HERE = Path(__file__).parent
_LEFT_BEHIND = shutil.ignore_patterns("__pycache__", ".*_cache", ".coverage*", "htmlcov", ".env")
_COMMON = [
    *("-q", "-p", "mutant_runner", "-p", "no:randomly", "-p", "no:cacheprovider"),
    *("-p", "no:xdist", "-p", "no:cov", "-p", "no:faker", "--tb=native"),
]
_SHARED = (
    *("__init__.py", "conftest.py"),
    *("cases.py", "steps.py", "user_cases.py", "access_cases.py"),
)
# A mutant may recurse for ever; nothing in the suites takes a tenth of this.
_PATIENCE = 20.0
_REHEARSAL = 300.0


@dataclass(frozen=True)
class Suite:
    """The tests of one lane.

    Attributes:
        own: the file of `lanes/` that takes the place of the backend's tests; "" for the latter.
        arguments: what pytest gets besides.
        shares: what the first test of a run starts: "catalog", "server" or nothing.
    """

    key: str
    title: str
    own: str
    arguments: tuple[str, ...]
    shares: str | None = None


SUITES = (
    Suite("plain", "(a) plain fake", "test_plain.py", ("-p", "no:understudy", "tests/")),
    Suite("async_mock", "(b) AsyncMock", "test_async_mock.py", ("-p", "no:understudy", "tests/")),
    Suite("checked", "(c) checked fake", "", (), "catalog"),
    Suite("integration", "(d) real database", "", ("-m", "integration", "tests/"), "server"),
)


@dataclass(frozen=True)
class Outcome:
    """What a lane did to a mutant.

    Attributes:
        killed: the test that failed; None where none did, "" where the process had to be ended.
        by: what the failure says.
        checks: which failures of the catalog are in its report.
        tests: how many tests call the mutated method.
        took: seconds that the tests took.
    """

    killed: str | None
    by: str
    checks: tuple[str, ...]
    tests: int
    took: float


class Lane:
    """A suite that waits for mutants. A context manager: at its end the process is gone."""

    def __init__(self, suite: Suite, folder: Path) -> None:
        self.suite = suite
        self.tests = 0
        self.rehearsed = 0.0
        self._folder = folder / suite.key
        self._log = folder / f"{suite.key}.log"

    def __enter__(self) -> Self:
        _make_folder(self.suite, self._folder)
        orders, self._orders = os.pipe()
        self._reports, reports = os.pipe()
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV"))}
        environment |= {"PYTHONPATH": str(_HERE / "plugin"), PIPES: f"{orders},{reports}"}
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pytest", *_COMMON, *self._arguments()],
                cwd=self._folder,
                env=environment,
                pass_fds=(orders, reports),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        os.close(orders)
        os.close(reports)
        self._out = os.fdopen(self._orders, "w", encoding="utf-8")
        self._in = os.fdopen(self._reports, encoding="utf-8")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._process.terminate()
        self._out.close()
        self._process.wait()
        self._in.close()

    def rehearse(self, statements: Sequence[Statement]) -> None:
        """Begin to run every test once without a mutant, to see what each one calls."""
        spots = dict.fromkeys(statement.spot for statement in statements)
        self._send(
            do="rehearse",
            methods=[_names(spot) | {"source": None} for spot in spots],
            statements=[statement.text for statement in statements],
            shares=self.suite.shares,
            seconds=_REHEARSAL,
        )

    def ready(self) -> None:
        """Wait for the end of the rehearsal."""
        report = self._receive()
        self.tests, self.rehearsed = report["tests"], report["took"]

    def run(self, mutant: Mutant) -> Outcome:
        """Run the tests that call the mutated method, up to the first that fails."""
        self._send(do="mutant", **_names(mutant.spot), source=mutant.source, seconds=_PATIENCE)
        report = self._receive()
        return Outcome(
            report.get("killed"),
            report.get("by", ""),
            tuple(report.get("checks", ())),
            report["tests"],
            report["took"],
        )

    def _arguments(self) -> list[str]:
        if self.suite.arguments:
            return list(self.suite.arguments)
        return sorted(f"tests/{file.name}" for file in self._folder.glob("tests/test_*_dao.py"))

    def _send(self, **order: Any) -> None:
        try:
            self._out.write(json.dumps(order) + "\n")
            self._out.flush()
        except BrokenPipeError:
            raise RuntimeError(self._log.read_text(encoding="utf-8")) from None

    def _receive(self) -> Any:
        """Return the next report.

        Raises:
            RuntimeError: there is none, or it says that something broke.
        """
        line = self._in.readline()
        if not line:
            raise RuntimeError(self._log.read_text(encoding="utf-8"))
        report = json.loads(line)
        if "broken" in report:
            raise RuntimeError(report["broken"])
        return report


def _names(spot: Spot) -> dict[str, Any]:
    return {"module": spot.module, "owner": spot.owner, "method": spot.method}


def _make_folder(suite: Suite, folder: Path) -> None:
    shutil.copytree(BACKEND, folder, ignore=_LEFT_BEHIND)
    if not suite.own:
        return
    tests = folder / "tests"
    shutil.rmtree(tests)
    tests.mkdir()
    for name in (*_SHARED, suite.own):
        shutil.copyfile(_HERE / "suites" / name, tests / name)
    shutil.copyfile(_HERE.parent / "by_hand" / "fakes.py", tests / "fakes.py")
