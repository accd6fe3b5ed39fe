"""Run the phases of a test so that nothing of it is seen or kept."""

from __future__ import annotations

import contextlib
import copy
import gc
import logging
import os
import sys
import warnings
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import pytest

# The keys under which pytest keeps exceptions that no test has raised itself; since pytest 8.4.
_RAISED_ASIDE = (
    ("_pytest.unraisableexception", "unraisable_exceptions"),
    ("_pytest.threadexception", "thread_exceptions"),
)
Report = tuple[pytest.CallInfo[None], pytest.TestReport]


def run_phase(
    item: pytest.Item,
    when: Any,
    arguments: Mapping[str, Any],
    inside: AbstractContextManager[Any] | None = None,
) -> Report:
    """Run a phase of a test as pytest does, and return its report without logging it.

    Args:
        item: the test.
        when: the phase.
        arguments: the other arguments of its hook.
        inside: in what it is to run.
    """
    hook = getattr(item.ihook, f"pytest_runtest_{when}")
    reraise: tuple[type[BaseException], ...] = (pytest.exit.Exception,)
    if not item.config.getoption("usepdb", False):
        reraise += (KeyboardInterrupt,)

    def run() -> None:
        __tracebackhide__ = True
        hook(item=item, **arguments)

    with inside or contextlib.nullcontext():
        call = pytest.CallInfo.from_call(run, when=when, reraise=reraise)
    return call, item.ihook.pytest_runtest_makereport(item=item, call=call)


@contextmanager
def with_request(item: pytest.Item) -> Iterator[None]:
    """Give a test that has run before what its fixtures need, as pytest's runner does."""
    test: Any = item
    if hasattr(item, "_request") and not test._request:
        test._initrequest()
    try:
        yield
    finally:
        if hasattr(item, "_request"):
            test._request, test.funcargs = False, None


def forget(item: pytest.Item) -> None:
    """Forget what pytest keeps of a run."""
    test: Any = item
    del test._report_sections[:]  # captured output
    _forget_subtests(item.config)
    if getattr(test, "_instance", None) is not None:
        del test._instance
        test._obj = None
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        vars(sys).pop(name, None)
    # A fixture of a wider scope that failed would fail again without being set up.
    info = getattr(test, "_fixtureinfo", None)  # a doctest may have none
    for definitions in () if info is None else info.name2fixturedefs.values():
        for definition in definitions:
            if definition.cached_result is not None and definition.cached_result[2] is not None:
                definition.cached_result = None
                definition._finalizers.clear()


@contextmanager
def without_output(config: pytest.Config) -> Iterator[list[pytest.TestReport]]:
    """Drop what tests print and log, what they report by themselves, and what coverage traces.

    Yields:
        What was reported.
    """
    with ExitStack() as stack:
        if config.getoption("capture", "no") == "no":
            stack.enter_context(without_prints())
        logging_plugin: Any = config.pluginmanager.get_plugin("logging-plugin")
        for name in ("log_cli_handler", "log_file_handler"):
            handler: logging.Handler | None = getattr(logging_plugin, name, None)
            if handler is not None:
                handler.addFilter(_drop)
                stack.callback(handler.removeFilter, _drop)
        reports = stack.enter_context(held_reports(config))
        stack.callback(_forget_subtests, config)
        stack.enter_context(_without_coverage())
        if not config.getoption("understudy_record", False):  # it shows these failures to the user
            stack.enter_context(plain_tracebacks(config))
        yield reports


@contextmanager
def plain_tracebacks(config: pytest.Config) -> Iterator[None]:
    """Let failures be described as Python does.

    For its own style, pytest parses each file of a traceback again in each failure, which can take
    longer than the test.
    """
    before = config.option.tbstyle
    config.option.tbstyle = "native"
    try:
        yield
    finally:
        config.option.tbstyle = before


def _drop(_record: logging.LogRecord) -> bool:
    return False


@contextmanager
def without_prints() -> Iterator[None]:
    """Send standard output and error nowhere; pytest captures them in the phases of tests only."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(number) for number in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for number in (1, 2):
            os.dup2(nowhere, number)
        yield
    finally:
        with contextlib.suppress(ValueError):  # a test has closed one
            sys.stdout.flush()
            sys.stderr.flush()
        for number, file in zip((1, 2), kept, strict=True):
            os.dup2(file, number)
            os.close(file)
        os.close(nowhere)


@contextmanager
def held_reports(config: pytest.Config) -> Iterator[list[pytest.TestReport]]:
    """Keep the reports of subtests, which they log themselves, from everybody; yield them."""
    caller: Any = config.hook.pytest_runtest_logreport
    implementations = list(caller._hookimpls)  # the list that every node's hook reads
    reports: list[pytest.TestReport] = []
    holding = copy.copy(implementations[0])
    holding.plugin, holding.function, holding.argnames = None, reports.append, ("report",)
    holding.wrapper = holding.hookwrapper = False
    caller._hookimpls[:] = [holding]
    try:
        yield reports
    finally:
        caller._hookimpls[:] = implementations


def _forget_subtests(config: pytest.Config) -> None:
    """Forget how many subtests have failed: their test fails if any has."""
    with contextlib.suppress(ImportError):  # before pytest 9
        from _pytest.subtests import failed_subtests_key

        config.stash.get(failed_subtests_key, {}).clear()


@contextmanager
def _without_coverage() -> Iterator[None]:
    coverage: Any = sys.modules.get("coverage")
    tracing = None if coverage is None else coverage.Coverage.current()
    if tracing is None:
        yield
        return
    tracing.stop()
    try:
        yield
    finally:
        tracing.start()


@contextmanager
def with_warning_filters(item: pytest.Item) -> Iterator[None]:
    """Filter warnings as pytest does for a test, and drop them."""
    from _pytest.config import apply_warning_filters, parse_warning_filter

    config = item.config
    with warnings.catch_warnings(record=True):
        if not sys.warnoptions:
            warnings.filterwarnings("always", category=DeprecationWarning)
            warnings.filterwarnings("always", category=PendingDeprecationWarning)
        given = getattr(config.known_args_namespace, "pythonwarnings", None) or []
        apply_warning_filters(config.getini("filterwarnings"), given)
        for mark in item.iter_markers("filterwarnings"):
            for argument in mark.args:
                warnings.filterwarnings(*parse_warning_filter(argument, escape=False))
        yield


@contextmanager
def with_cheap_collections(config: pytest.Config) -> Iterator[None]:
    """Make a garbage collection cheap: it looks at nothing that is older.

    What older garbage raises is reported when all is over, and not in a rerun.
    """
    gc.collect()
    gc.freeze()
    kept = [(raised, list(raised)) for raised in _raised_aside(config)]
    for raised, _ in kept:
        raised.clear()
    try:
        yield
    finally:
        gc.unfreeze()
        for raised, earlier in kept:
            raised.extendleft(reversed(earlier))


def collect(config: pytest.Config) -> None:
    """Free what a run has left, so that it makes itself heard in no later one."""
    disabled = logging.root.manager.disable
    logging.disable()  # asyncio logs the exceptions of tasks
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SQLAlchemy's pool warns with a class of its own
            gc.collect()
    finally:
        logging.disable(disabled)
    for raised in _raised_aside(config):
        raised.clear()


def _raised_aside(config: pytest.Config) -> Iterator[deque[Any]]:
    """Yield what finalizers and threads have raised; pytest reports it in the next phase."""
    for module, name in _RAISED_ASIDE:
        key: Any = getattr(sys.modules.get(module), name, None)
        if key is not None and key in config.stash:
            yield config.stash[key]
