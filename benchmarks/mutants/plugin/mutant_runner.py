"""A pytest plugin that runs the collected tests on one mutant after another.

It is put into the pytest of each lane, the same in all. Tests are collected once, and a fork of the
process takes the orders: it puts the mutated method in its place, runs the tests that call it, in
their order, up to the first that fails, and puts the method back. So no lane pays for imports again
and again. A mutant that hangs, or takes the process with it, is killed like any other: the next
order goes to another fork.

Orders come as lines of JSON on one pipe, reports go back on another; the environment names both.
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
Report = dict[str, Any]
# What the catalog's checks raise, however the report spells it.
_CHECKS = re.compile(r"\b(?:StatementRefused|ParametersRefused|AnswerImpossible|ErrorImpossible)\b")


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Take orders instead of running the tests."""
    if session.testsfailed:
        raise session.Interrupted("the tests cannot be collected")
    orders, reports = map(int, os.environ[PIPES].split(","))
    with os.fdopen(orders, encoding="utf-8") as incoming, os.fdopen(reports, "w") as outgoing:
        stage = Stage(session)
        for line in incoming:
            report = stage.obey(json.loads(line))
            outgoing.write(json.dumps(report) + "\n")
            outgoing.flush()
        stage.close()
    return True


class Stage:
    """Hands orders to a fork of this process, and finds another one where it is lost."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._calls: dict[str, list[str]] = {}
        self._rehearsal: Report = {}
        self._actor: _Fork | None = None

    def obey(self, order: Report) -> Report:
        """Carry out one order: `rehearse` first, then any number of `mutant`."""
        if order["do"] == "rehearse":
            self._rehearsal = order
            if order["shares"] is not None:
                _start_server(self._session.config)
        if self._actor is None:
            self._actor = _Fork(Actor(self._session, self._rehearsal, self._calls).perform)
        report = self._actor.ask(order, order["seconds"])
        if report is None:
            how = self._actor.end()
            self._actor = None
            return {"killed": "", "by": how, "took": order["seconds"], "tests": 0}
        if "calls" in report:
            self._calls.update(report.pop("calls"))
        return report

    def close(self) -> None:
        """Let the fork go."""
        if self._actor is not None:
            self._actor.end()


class _Fork:
    """A fork of this process that answers orders."""

    def __init__(self, perform: Callable[[Report], Report]) -> None:
        (its_orders, orders), (reports, its_reports) = os.pipe(), os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.close(orders)
            os.close(reports)
            _answer(perform, os.fdopen(its_orders), os.fdopen(its_reports, "w"))
        os.close(its_orders)
        os.close(its_reports)
        self._orders = os.fdopen(orders, "w")
        self._reports = reports

    def ask(self, order: Report, seconds: float) -> Report | None:
        """Return the report on an order; None where there is none in time, or ever."""
        self._orders.write(json.dumps(order) + "\n")
        self._orders.flush()
        found = b""
        deadline = time.monotonic() + seconds
        while not found.endswith(b"\n"):
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._reports], [], [], left)[0]:
                return None
            if not (chunk := os.read(self._reports, 1 << 16)):
                return None
            found += chunk
        report: Report = json.loads(found)
        return report

    def end(self) -> str:
        """End it, and say what had become of it."""
        died, status = os.waitpid(self._child, os.WNOHANG)
        if not died:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
        self._orders.close()
        os.close(self._reports)
        return f"the process died, status {status}" if died else "did not end"


def _answer(perform: Callable[[Report], Report], orders: IO[str], reports: IO[str]) -> None:
    """Answer orders until there are no more; the process ends without its parent's last rites."""
    for line in orders:
        try:
            report = perform(json.loads(line))
        except BaseException:  # noqa: BLE001 # a panic of the driver's is one; told to who asked
            report = {"broken": traceback.format_exc()}
        reports.write(json.dumps(report) + "\n")
        reports.flush()
    os._exit(0)


class Outcomes:
    """The first failure of the tests that are run."""

    def __init__(self) -> None:
        self.failed: pytest.TestReport | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.failed is None:
            self.failed = report


class Actor:
    """Carries out orders, in a fork."""

    def __init__(self, session: pytest.Session, rehearsal: Report, calls: Report) -> None:
        self._items = session.items
        self._calls: dict[str, list[str]] = calls
        self._outcomes = Outcomes()
        session.config.pluginmanager.register(self._outcomes)
        self._rehearsal = rehearsal
        self._prepared = False

    def perform(self, order: Report) -> Report:
        if not self._prepared and self._rehearsal["shares"] == "catalog":
            _know(self._rehearsal["statements"])
        self._prepared = True
        return self._rehearse(order) if order["do"] == "rehearse" else self._play(order)

    def _rehearse(self, order: Report) -> Report:
        """Run every test on the source as it is, and note which methods each one calls."""
        called: set[str] = set()
        originals = [_install(each, called.add) for each in order["methods"]]
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
        for put_back in originals:
            put_back()
        return {"tests": len(self._items), "took": took, "calls": self._calls}

    def _play(self, order: Report) -> Report:
        called = f"{order['owner']}.{order['method']}"
        chosen = [item for item in self._items if called in self._calls[item.nodeid]]
        put_back = _install(order)
        started = time.perf_counter()
        report = self._run(chosen)
        report.update(took=time.perf_counter() - started, tests=len(chosen))
        put_back()
        return report

    def _run(self, items: Sequence[pytest.Item]) -> Report:
        """Run tests up to the first that fails, and return what it says."""
        self._outcomes.failed = None
        for item in items:
            # Not the next item: there is none where this one fails.
            item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
            if self._outcomes.failed is not None:
                return _told(self._outcomes.failed)
        return {}


def _told(failed: pytest.TestReport) -> Report:
    text = failed.longreprtext
    crash = getattr(failed.longrepr, "reprcrash", None)
    message = getattr(crash, "message", "") or text
    return {
        "killed": failed.nodeid,
        "by": message.partition("\n")[0][:200],
        "checks": sorted(set(_CHECKS.findall(text))),
        "text": text[-4000:],
    }


def _install(order: Report, note: Callable[[str], None] | None = None) -> Callable[[], None]:
    """Put a method as the given source has it in the place of the imported one.

    Returns:
        What puts the imported one back.
    """
    owner = getattr(importlib.import_module(order["module"]), order["owner"])
    original = vars(owner)[order["method"]]
    setattr(owner, order["method"], changed_method(order, note))
    return lambda: setattr(owner, order["method"], original)


def changed_method(order: Report, note: Callable[[str], None] | None = None) -> Any:
    """Return a method as the given source has it.

    It belongs to the imported module, so that everything else in there is as it was.

    Args:
        order: `module`, `owner` and `method` name it; `source` is the file, None as it is.
        note: is called with the method's name whenever it runs.
    """
    module = importlib.import_module(order["module"])
    source = order["source"] or Path(str(module.__file__)).read_text(encoding="utf-8")
    tree = ast.parse(source)
    owner = _named(tree.body, ast.ClassDef, order["owner"])
    method = _named(owner.body, ast.AsyncFunctionDef, order["method"])
    if note is not None:
        name = f"{order['owner']}.{order['method']}"
        method.body.insert(0, ast.parse(f"__note__({name!r})").body[0])
        vars(module)["__note__"] = note
    alone = ast.ClassDef(order["owner"], bases=[], keywords=[], body=[method], decorator_list=[])
    if sys.version_info >= (3, 12):
        alone.type_params = []
    code = ast.fix_missing_locations(ast.Module([ast.copy_location(alone, owner)], []))
    made: dict[str, Any] = {}
    exec(compile(code, str(module.__file__), "exec"), vars(module), made)
    return vars(made[order["owner"]])[order["method"]]


def _named(body: Sequence[ast.stmt], kind: type[Any], name: str) -> Any:
    (found,) = [node for node in body if isinstance(node, kind) and node.name == name]
    return found


# Understudy's own, where the lane has it ---------------------------------------------------------


def _start_server(config: pytest.Config) -> None:
    """Start the PostgreSQL that the first test of a run starts."""
    from understudy.plugin.databases import shared

    shared(config)


def _know(statements: Sequence[str]) -> None:
    """Know the unchanged statements, as a run does that has the committed file."""
    from understudy.catalog import active_checker

    checker = active_checker.checker()
    assert checker is not None
    for statement in statements:
        checker.catalog.verdict(statement)
