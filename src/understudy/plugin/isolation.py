"""`isolation = "auto"`: which tests run on a clone, and why; kept in a file that is committed.

A test starts in a transaction that is rolled back. If that is not enough for it, it is run again on
a clone at once (second_run.py), and the reason is written to the file `understudy-isolation` beside
the catalog. The next run starts the test on a clone. An entry is dropped when its test no longer
exists or has a marker of its own. Delete a line to have its test decided again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from understudy.plugin import markers, servers, xdist_workers
from understudy.plugin.leak_checks.categories import UnderstudyWarning
from understudy.plugin.options import read_settings
from understudy.plugin.report import not_enough, second_failure
from understudy.plugin.settings import DEFAULT_CATALOG, Settings

_NAME = "understudy-isolation"
_HEAD = (
    "# Tests for which one rolled-back transaction is not enough: they run on a clone.\n"
    "# Written by understudy. Delete a line to have its test decided again.\n"
)
_OUTPUT = "understudy_isolation"
_STATE: pytest.StashKey[_State] = pytest.StashKey()
_MOVED: pytest.StashKey[str] = pytest.StashKey()


@dataclass
class _State:
    """What is known of the tests of a run.

    Attributes:
        known: the reasons of the file, by test.
        moved: those that this process has found.
        ran: the isolation of each test that ran in this process.
        collected: the tests that were collected, and the files that were collected as a whole.
        is_final: whether no test is run on a clone any more.
    """

    known: Mapping[str, str]
    moved: dict[str, str] = field(default_factory=dict)
    ran: dict[str, str] = field(default_factory=dict)
    collected: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    is_final: bool = False


def uses_real_postgres(item: pytest.Item) -> bool:
    """Return whether a test uses the fixture."""
    return "real_postgres" in getattr(item, "fixturenames", ())


def of(item: pytest.Item) -> str:
    """Return "rollback" or "clone", for the run of a test that begins."""
    configured = markers.isolation(item)
    if configured != "auto":
        return configured
    is_known = _name(item) in _state(item.config).known
    return "clone" if is_known or _MOVED in item.stash else "rollback"


def is_on_clone(item: pytest.Item) -> bool:
    """Return whether a test runs on a clone, where its statements are not read."""
    return uses_real_postgres(item) and of(item) == "clone"


def may_move(item: pytest.Item) -> bool:
    """Return whether a test starts rolled back and is run again on a clone if necessary."""
    is_auto = uses_real_postgres(item) and markers.isolation(item) == "auto"
    return is_auto and of(item) == "rollback" and not _state(item.config).is_final


def move(item: pytest.Item, reason: str) -> None:
    """Run a test on a clone from now on in this run."""
    item.stash[_MOVED] = reason


def has_moved(item: pytest.Item) -> bool:
    """Return whether a test runs for the second time, on a clone."""
    return _MOVED in item.stash


def note_outcome(item: pytest.Item, *, is_certain: bool, has_passed: bool) -> None:
    """Keep the verdict on a test that was run again on a clone.

    Args:
        item: the test.
        is_certain: whether it cannot be isolated by rollback.
        has_passed: whether it has passed on the clone, where it failed before.
    """
    if is_certain or has_passed:
        _state(item.config).moved[_name(item)] = item.stash[_MOVED]


def explain(item: pytest.Item, report: pytest.TestReport) -> None:
    """Tell what a test has met that its isolation by rollback cannot show.

    A failure may be explained by it; a test that passes gets a warning if it is likely wrong.
    """
    if has_moved(item):
        if report.failed and report.when != "teardown":
            report.sections.append(("understudy", second_failure(item.stash[_MOVED])))
        return
    server = servers.rollback_server_of(item.config)
    if (
        server is None
        or not uses_real_postgres(item)
        or report.when != "call"
        or of(item) != "rollback"
    ):
        return
    reasons = server.scheduler.limits.reasons(has_failed=report.failed)
    if not reasons or report.skipped:
        return
    text = not_enough(reasons)
    if report.failed:
        report.sections.append(("understudy", text))
        return
    try:
        item.warn(UnderstudyWarning(text))
    except UnderstudyWarning:  # by `filterwarnings = error`
        report.outcome, report.longrepr = "failed", text


def note_run(item: pytest.Item, isolation: str) -> None:
    """Count a test that uses `real_postgres`."""
    _state(item.config).ran[_name(item)] = isolation


@contextmanager
def unchanged(config: pytest.Config) -> Iterator[None]:
    """Let tests run again rolled back, where they have begun, and forget that they ran."""
    state = _state(config)
    before, state.is_final = dict(state.ran), True
    try:
        yield
    finally:
        state.ran, state.is_final = before, False


def note_collected(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Record the collected tests, before any is deselected."""
    state = _state(config)
    is_partial = any("::" in argument for argument in config.args)
    for item in items:
        if markers.isolation(item) == "auto":
            state.collected.add(_name(item))
        if not is_partial:
            state.files.add(_file(item.nodeid))


def end(config: pytest.Config, settings: Settings) -> str | None:
    """Write the file; a worker of pytest-xdist sends what it found to the controller instead.

    Returns:
        The reason why it could not be written, or None.
    """
    state = config.stash.get(_STATE, None)
    if xdist_workers.send(config, _OUTPUT, lambda: state and _plain(state)):
        return None
    if config.getoption("understudy_locked"):
        return None
    parts = _parts(config)
    if not parts:
        return None
    known = _state(config).known
    moved = {name: reason for part in parts for name, reason in part["moved"].items()}
    collected = {name for part in parts for name in part["collected"]}
    files = {name for part in parts for name in part["files"]}
    kept = {
        name: reason
        for name, reason in known.items()
        if name in collected
        or (_file(name) not in files and (config.rootpath / _file(name)).exists())
    }
    verdicts = {**kept, **moved}
    if verdicts == known:
        return None
    from understudy.atomic_write import write_files

    lines = "".join(f"{name}\t{verdicts[name]}\n" for name in sorted(verdicts))
    try:
        write_files({_path(settings): (_HEAD + lines).encode()})
    except OSError as error:
        return f"The isolation of the tests could not be written: {error}"
    return None


def summary(config: pytest.Config, *, verbose: bool) -> list[str]:
    """Return the lines of the summary: how many tests ran where, and why on a clone."""
    parts = _parts(config)
    ran: dict[str, list[str]] = {"rollback": [], "clone": []}
    for part in parts:
        for test, isolation in part["ran"].items():
            ran[isolation].append(test)
    known = _state(config).known if parts else {}
    moved = {name: reason for part in parts for name, reason in part["moved"].items()}
    reasons: dict[str, list[str]] = {}
    for test in ran["clone"]:
        reason = moved.get(test) or known.get(test)
        if reason is not None:
            reasons.setdefault(reason, []).append(test)
    if not reasons:
        return []
    counts = f"{len(ran['rollback'])} rolled back, {len(ran['clone'])} on a clone"
    new = f" ({len(moved)} moved there in this run)" if moved else ""
    lines = [f"tests on real_postgres: {counts}{new}"]
    for reason, tests in sorted(reasons.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        lines.append(f"  {len(tests)} on a clone: the test {reason}")
        lines += [f"    {test}" for test in sorted(tests)] if verbose else []
    return lines


def _state(config: pytest.Config) -> _State:
    known = config.stash.get(_STATE, None)
    if known is None:
        known = config.stash[_STATE] = _State(_read(_path(read_settings(config))))
    return known


def _path(settings: Settings) -> Path:
    return (settings.root / (settings.catalog or DEFAULT_CATALOG)).with_name(_NAME)


def _read(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("\t") for line in lines if line and not line.startswith("#"))
    return {name: reason for name, _, reason in pairs}


def _name(item: pytest.Item) -> str:
    """Return the name of a test in the file: its id, without an address that changes every run."""
    server = servers.rollback_server_of(item.config)
    if server is None:
        return item.nodeid
    address = f"{server.password}@{server.host}:{server.port}"
    return item.nodeid.replace(address, "{password}@{host}:{port}")


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def _plain(state: _State) -> dict[str, Any]:
    return {
        "moved": state.moved,
        "ran": state.ran,
        "collected": sorted(state.collected),
        "files": sorted(state.files),
    }


def _parts(config: pytest.Config) -> list[Mapping[str, Any]]:
    state = config.stash.get(_STATE, None)
    own: Iterable[Mapping[str, Any]] = [] if state is None else [_plain(state)]
    return [*own, *xdist_workers.results(config, _OUTPUT)]
