from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

# Each inner run of pytester forgets what it imported. The second import of these extensions crashes
# the process, so they are here before the first.
import asyncpg  # noqa: F401 - loaded once for all inner runs
import psqlpy  # noqa: F401 - as above
import pytest
from hypothesis import HealthCheck, settings

# The plugin looks for the first among the imported modules, and the second wraps drivers, which are
# loaded once; a package remembers a module that an inner run has imported, and then it is not
# imported again, or in a mixture of old and new modules.
import understudy.script.expectations
import understudy.serving.drivers  # noqa: F401 - wraps drivers
from tests.scheduling import LongestFirst
from understudy.embedded.cache_folders import cache_folder
from understudy.embedded.environment import CACHE_VARIABLE

if TYPE_CHECKING:
    from understudy.mysql_server.address import Address

pytest_plugins = ["pytester"]
collect_ignore = ["oldest"]  # a project of its own: `.ci/run` runs it with old versions

# On a busy machine an example may take any time. `make cover` asks for the thorough profile.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", _PATIENT, max_examples=100)
settings.register_profile("quick", _PATIENT, max_examples=25)
settings.load_profile("quick")

# A program that a shell runs in the background ignores SIGINT, and so does all that it starts. The
# tests that interrupt a process need it as it is at a terminal, however this run was started.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# nohup ignores SIGHUP likewise.
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
# pytest keeps the modules that it rewrites as bytecode, unless this forbids it; then each inner run
# compiles them again, which takes longer than the tests. Docker images of Python tend to set it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# pytester gives each inner run a home of its own. Without this, each would make the first data
# directory of PostgreSQL anew, which takes a second and 40 MB.
os.environ.setdefault(CACHE_VARIABLE, str(cache_folder()))

# Where CI is set, pytest shortens nothing: inner runs print what they print on a desk.
_is_in_ci = "CI" in os.environ
for name in ("CI", "BUILD_NUMBER"):
    os.environ.pop(name, None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LongestFirst | None:
    """Give out files as `--dist loadfile` says, but the longest first."""
    return LongestFirst(config, log) if config.getoption("dist") == "loadfile" else None


class _NameFailures:
    """Names each failed test in CI at once: a run that is stopped there prints no summary."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            crash = getattr(report.longrepr, "reprcrash", None)
            why = crash.message[:500] if crash is not None else ""
            terminal.write_line(f"\nFAILED so far: {report.nodeid} ({report.when}): {why}")


def pytest_configure(config: pytest.Config) -> None:
    if _is_in_ci and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_NameFailures(config))


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[Address]:
    """The address of a private MySQL or MariaDB server; skips, with the reason, without one."""
    from tests.mysql_places import own_server

    with own_server() as server:
        yield server.address


@pytest.fixture
def mysql_database(mysql_server: Address) -> Iterator[Address]:
    """The address of an empty database on that server, of this test alone."""
    from tests.mysql_places import new_database

    with new_database(mysql_server, f"test_{os.getpid()}") as address:
        yield address
