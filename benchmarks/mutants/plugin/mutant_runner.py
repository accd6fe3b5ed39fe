"""A pytest plugin that runs the collected tests on one mutant after another.

Every suite uses it. The tests are collected once, and a fork of the process handles the requests:
it installs the mutated method, runs the tests that call it up to the first failure, and restores
the method. So the imports happen only once. A mutant that hangs or ends the process counts as
killed, and the next request goes to a new fork.

Requests are lines of JSON on one pipe, responses on another. An environment variable names both.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import pytest

PIPES = "MUTANT_RUNNER"
Message = dict[str, Any]
# The errors that the checks of the catalog raise, with or without their module.
_CHECKS = re.compile(r"\b(?:StatementRefused|ParametersRefused|AnswerImpossible|ErrorImpossible)\b")


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Handle requests instead of running the tests."""
    if session.testsfailed:
        raise session.Interrupted("the tests cannot be collected")
    incoming, outgoing = map(int, os.environ[PIPES].split(","))
    with os.fdopen(incoming, encoding="utf-8") as requests, os.fdopen(outgoing, "w") as responses:
        dispatcher = Dispatcher(session)
        for line in requests:
            response = dispatcher.dispatch(json.loads(line))
            responses.write(json.dumps(response) + "\n")
            responses.flush()
        dispatcher.close()
    return True


class Dispatcher:
    """Passes requests to a fork of this process, and forks again if that one is lost."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._calls: dict[str, list[str]] = {}
        self._baseline: Message = {}
        self._fork: _Fork | None = None

    def dispatch(self, request: Message) -> Message:
        """Handle a request: first `baseline`, then any number of `mutant`."""
        if request["do"] == "baseline":
            self._baseline = request
            if request["shares"] is not None:
                _start_server(self._session.config)
        if self._fork is None:
            self._fork = _Fork(Worker(self._session, self._baseline, self._calls).handle)
        response = self._fork.ask(request, request["seconds"])
        if response is None:
            reason = self._fork.end()
            self._fork = None
            return {"killed": "", "by": reason, "took": request["seconds"], "tests": 0}
        if "calls" in response:
            self._calls.update(response.pop("calls"))
        return response

    def close(self) -> None:
        """End the fork."""
        if self._fork is not None:
            self._fork.end()


class _Fork:
    """A fork of this process that handles requests."""

    def __init__(self, handle: Callable[[Message], Message]) -> None:
        (child_requests, requests), (responses, child_responses) = os.pipe(), os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.close(requests)
            os.close(responses)
            _serve(handle, os.fdopen(child_requests), os.fdopen(child_responses, "w"))
        os.close(child_requests)
        os.close(child_responses)
        self._requests = os.fdopen(requests, "w")
        self._responses = responses

    def ask(self, request: Message, seconds: float) -> Message | None:
        """Return the response to a request; None after a timeout or the death of the process."""
        self._requests.write(json.dumps(request) + "\n")
        self._requests.flush()
        found = b""
        deadline = time.monotonic() + seconds
        while not found.endswith(b"\n"):
            remaining = max(0.0, deadline - time.monotonic())
            if not select.select([self._responses], [], [], remaining)[0]:
                return None
            if not (chunk := os.read(self._responses, 1 << 16)):
                return None
            found += chunk
        response: Message = json.loads(found)
        return response

    def end(self) -> str:
        """End the process and return how it ended."""
        died, status = os.waitpid(self._child, os.WNOHANG)
        if not died:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
        self._requests.close()
        os.close(self._responses)
        return f"the process died, status {status}" if died else "did not end"


def _serve(handle: Callable[[Message], Message], requests: IO[str], responses: IO[str]) -> None:
    """Handle requests until the pipe is closed, then exit without the parent's clean-up."""
    for line in requests:
        try:
            response = handle(json.loads(line))
        except BaseException:  # noqa: BLE001 # includes a driver's panic; the response reports it
            response = {"error": traceback.format_exc()}
        responses.write(json.dumps(response) + "\n")
        responses.flush()
    os._exit(0)


class FirstFailure:
    """A plugin that keeps the report of the first failure."""

    def __init__(self) -> None:
        self.report: pytest.TestReport | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.report is None:
            self.report = report


class Worker:
    """Handles requests, in a fork."""

    def __init__(self, session: pytest.Session, baseline: Message, calls: Message) -> None:
        self._items = session.items
        self._calls: dict[str, list[str]] = calls
        self._failure = FirstFailure()
        session.config.pluginmanager.register(self._failure)
        self._baseline = baseline
        self._prepared = False

    def handle(self, request: Message) -> Message:
        if not self._prepared and self._baseline["shares"] == "catalog":
            _fill_catalog(self._baseline["statements"])
        self._prepared = True
        if request["do"] == "baseline":
            return self._run_baseline(request)
        return self._run_mutant(request)

    def _run_baseline(self, request: Message) -> Message:
        """Run every test on the unchanged source, and record the methods that each one calls."""
        called: set[str] = set()
        restores = [_install(method, called.add) for method in request["methods"]]
        started = time.perf_counter()
        for item in self._items:
            called.clear()
            failure = self._run([item])
            if failure:
                raise RuntimeError(
                    f"fails without any mutant: {failure['killed']}\n{failure['text']}"
                )
            self._calls[item.nodeid] = sorted(called)
        took = time.perf_counter() - started
        for restore in restores:
            restore()
        return {"tests": len(self._items), "took": took, "calls": self._calls}

    def _run_mutant(self, request: Message) -> Message:
        called = f"{request['owner']}.{request['method']}"
        chosen = [item for item in self._items if called in self._calls[item.nodeid]]
        restore = _install(request)
        started = time.perf_counter()
        response = self._run(chosen)
        response.update(took=time.perf_counter() - started, tests=len(chosen))
        restore()
        return response

    def _run(self, items: Sequence[pytest.Item]) -> Message:
        """Run tests up to the first failure, and return a description of it."""
        self._failure.report = None
        for item in items:
            # No next item: there is none if this one fails.
            item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
            if self._failure.report is not None:
                return _described(self._failure.report)
        return {}


def _described(report: pytest.TestReport) -> Message:
    text = report.longreprtext
    crash = getattr(report.longrepr, "reprcrash", None)
    message = getattr(crash, "message", "") or text
    return {
        "killed": report.nodeid,
        "by": message.partition("\n")[0][:200],
        "checks": sorted(set(_CHECKS.findall(text))),
        "text": text[-4000:],
    }


def _install(request: Message, note: Callable[[str], None] | None = None) -> Callable[[], None]:
    """Replace an imported method by that of the given source.

    Returns:
        A function that restores the imported method.
    """
    owner = getattr(importlib.import_module(request["module"]), request["owner"])
    original = vars(owner)[request["method"]]
    setattr(owner, request["method"], changed_method(request, note))
    return lambda: setattr(owner, request["method"], original)


def changed_method(request: Message, note: Callable[[str], None] | None = None) -> Any:
    """Return a method compiled from the given source, in the namespace of the imported module.

    Args:
        request: `module`, `owner` and `method` name the method; `source` is the text of the file,
            None for the unchanged file.
        note: called with the method's name whenever it runs.
    """
    module = importlib.import_module(request["module"])
    source = request["source"] or Path(str(module.__file__)).read_text(encoding="utf-8")
    tree = ast.parse(source)
    owner = _named(tree.body, ast.ClassDef, request["owner"])
    method = _named(owner.body, ast.AsyncFunctionDef, request["method"])
    if note is not None:
        name = f"{request['owner']}.{request['method']}"
        method.body.insert(0, ast.parse(f"__note__({name!r})").body[0])
        vars(module)["__note__"] = note
    class_def = ast.ClassDef(
        request["owner"], bases=[], keywords=[], body=[method], decorator_list=[]
    )
    if sys.version_info >= (3, 12):
        class_def.type_params = []
    code = ast.fix_missing_locations(ast.Module([ast.copy_location(class_def, owner)], []))
    namespace: dict[str, Any] = {}
    exec(compile(code, str(module.__file__), "exec"), vars(module), namespace)
    return vars(namespace[request["owner"]])[request["method"]]


def _named(body: Sequence[ast.stmt], kind: type[Any], name: str) -> Any:
    (found,) = [node for node in body if isinstance(node, kind) and node.name == name]
    return found


# Suites with Understudy --------------------------------------------------------------------------


def _start_server(config: pytest.Config) -> None:
    """Start the PostgreSQL server that the first test of a run starts."""
    from understudy.plugin.databases import shared

    shared(config)


def _fill_catalog(statements: Sequence[str]) -> None:
    """Add the unchanged statements to the catalog, as in a run with a committed catalog."""
    from understudy.catalog import active_checker

    checker = active_checker.checker()
    assert checker is not None
    for statement in statements:
        checker.catalog.verdict(statement)
