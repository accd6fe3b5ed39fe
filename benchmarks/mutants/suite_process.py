"""A pytest process that runs a suite on mutants, in a copy of the reference backend."""

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

from benchmarks.mutants.mutant import Method, Mutant
from benchmarks.mutants.plugin.mutant_runner import PIPES
from benchmarks.mutants.sources import BACKEND, Statement

_HERE = Path(__file__).parent
_NOT_COPIED = shutil.ignore_patterns("__pycache__", ".*_cache", ".coverage*", "htmlcov", ".env")
_COMMON = [
    *("-q", "-p", "mutant_runner", "-p", "no:randomly", "-p", "no:cacheprovider"),
    *("-p", "no:xdist", "-p", "no:cov", "-p", "no:faker", "--tb=native"),
]
_SHARED = (
    *("__init__.py", "conftest.py"),
    *("cases.py", "steps.py", "user_cases.py", "access_cases.py"),
)
# A mutant may never end. No test of the suites takes a tenth of this.
_MUTANT_TIMEOUT = 20.0  # seconds
_BASELINE_TIMEOUT = 300.0  # seconds


@dataclass(frozen=True)
class Suite:
    """A test suite.

    Attributes:
        key: its key in the JSON output.
        title: its title in the table.
        own: the file of `suites/` that replaces the backend's tests; "" to run the backend's tests.
        arguments: additional arguments of pytest.
        shares: what to start before the first test: "catalog", "server" or nothing.
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
    """The result of a suite for a mutant.

    Attributes:
        killed: the test that failed; None if no test failed, "" if the process died or hung.
        by: the message of the failure.
        checks: the failures of the catalog in its report.
        tests: the number of tests that call the mutated method.
        took: the time of the tests in seconds.
    """

    killed: str | None
    by: str
    checks: tuple[str, ...]
    tests: int
    took: float


class SuiteProcess:
    """A pytest process that waits for mutants; a context manager that ends the process on exit."""

    def __init__(self, suite: Suite, folder: Path) -> None:
        self.suite = suite
        self.tests = 0
        self.baseline_seconds = 0.0
        self._folder = folder / suite.key
        self._log = folder / f"{suite.key}.log"

    def __enter__(self) -> Self:
        _make_folder(self.suite, self._folder)
        request_end, send_end = os.pipe()
        receive_end, response_end = os.pipe()
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV"))}
        environment |= {"PYTHONPATH": str(_HERE / "plugin"), PIPES: f"{request_end},{response_end}"}
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pytest", *_COMMON, *self._arguments()],
                cwd=self._folder,
                env=environment,
                pass_fds=(request_end, response_end),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        os.close(request_end)
        os.close(response_end)
        self._requests = os.fdopen(send_end, "w", encoding="utf-8")
        self._responses = os.fdopen(receive_end, encoding="utf-8")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._process.terminate()
        self._requests.close()
        self._process.wait()
        self._responses.close()

    def start_baseline(self, statements: Sequence[Statement]) -> None:
        """Start a run of every test without a mutant, which records what each test calls."""
        methods = dict.fromkeys(statement.method for statement in statements)
        self._send(
            do="baseline",
            methods=[_names(method) | {"source": None} for method in methods],
            statements=[statement.text for statement in statements],
            shares=self.suite.shares,
            seconds=_BASELINE_TIMEOUT,
        )

    def finish_baseline(self) -> None:
        """Wait for the end of the baseline run."""
        response = self._receive()
        self.tests, self.baseline_seconds = response["tests"], response["took"]

    def run(self, mutant: Mutant) -> Outcome:
        """Run the tests that call the mutated method, up to the first failure."""
        self._send(
            do="mutant", **_names(mutant.method), source=mutant.source, seconds=_MUTANT_TIMEOUT
        )
        response = self._receive()
        return Outcome(
            response.get("killed"),
            response.get("by", ""),
            tuple(response.get("checks", ())),
            response["tests"],
            response["took"],
        )

    def _arguments(self) -> list[str]:
        if self.suite.arguments:
            return list(self.suite.arguments)
        return sorted(f"tests/{file.name}" for file in self._folder.glob("tests/test_*_dao.py"))

    def _send(self, **request: Any) -> None:
        try:
            self._requests.write(json.dumps(request) + "\n")
            self._requests.flush()
        except BrokenPipeError:
            raise RuntimeError(self._log.read_text(encoding="utf-8")) from None

    def _receive(self) -> Any:
        """Return the next response.

        Raises:
            RuntimeError: if the process has ended, or reports an error of its own.
        """
        line = self._responses.readline()
        if not line:
            raise RuntimeError(self._log.read_text(encoding="utf-8"))
        response = json.loads(line)
        if "error" in response:
            raise RuntimeError(response["error"])
        return response


def _names(method: Method) -> dict[str, Any]:
    return {"module": method.module, "owner": method.owner, "method": method.name}


def _make_folder(suite: Suite, folder: Path) -> None:
    shutil.copytree(BACKEND, folder, ignore=_NOT_COPIED)
    if not suite.own:
        return
    tests = folder / "tests"
    shutil.rmtree(tests)
    tests.mkdir()
    for name in (*_SHARED, suite.own):
        shutil.copyfile(_HERE / "suites" / name, tests / name)
    shutil.copyfile(_HERE.parent / "by_hand" / "fakes.py", tests / "fakes.py")
