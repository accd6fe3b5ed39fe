"""The fault sweep of a run: `--understudy-sweep`.

It runs when the tests have ended, in each process for its own tests. The controller of pytest-xdist
puts the parts together, writes the file of accepted answers and the report.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from understudy import rerun
from understudy.atomic_write import write_files
from understudy.plugin import xdist_workers
from understudy.plugin.settings import DEFAULT_CATALOG, REQUEST_RULES, Settings
from understudy.plugin.sweep_schema import read_schemas
from understudy.project import pytest_process
from understudy.project.changed_lines import ChangedLines, GitError, changed_lines
from understudy.rerun import Reruns, Run
from understudy.script import request_rules
from understudy.script.boundary import CallId, Event
from understudy.script.formatting import counted
from understudy.script.origin import shown_path
from understudy.sweep import answers_file, faults, oracle, outcome, plain, report
from understudy.sweep.faults import Fault, Schemas, UnknownFault
from understudy.sweep.oracle import Finding, Verdict
from understudy.sweep.plan import plan
from understudy.sweep.report import Account
from understudy.sweep.sweeper import Sweep

_OUTPUT = "understudy_sweep"
_STATE = "understudy/sweep"  # in pytest's cache: the verdicts of a sweep that did not finish
_PATIENCE = 2.0  # seconds, before progress is shown
_EVERY = 10.0  # seconds between two lines of progress without a terminal
_WRITE = "understudy_sweep_write"
_SELECTIONS = ("keyword", "markexpr", "deselect", "lf", "ignore", "ignore_glob", "stepwise")


class SweepPlugin:
    """The hooks of a run with a sweep."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self._rules = _rules_of(settings)
        self._fingerprint = ""
        self._path = answers_path(settings)
        self._faults = _selected(config)
        self._known = _read(self._path)
        self._changed = _changed(config, settings.root)
        self._verdicts: list[Verdict] = []
        self._account = Account()
        self._lines = ["There was no sweep: the run of the tests did not end."]
        self._has_run = False
        self._is_locked = bool(config.getoption("understudy_locked"))
        rerun.of(config).after.append(self.sweep)

    def sweep(self) -> None:
        """Try the faults at the calls of the tests that have run in this process.

        Raises:
            KeyboardInterrupt: Ctrl-C; what was tried is kept.
        """
        reruns = rerun.of(self._config)
        self._has_run = True
        swept = {
            test: recorded.run
            for test, recorded in reruns.recorded.items()
            if reruns.why_not(test) is None
        }
        if not swept:
            self._account = _account(Sweep([]), reruns, swept, self._rules)
            return
        kinds = {event.database for run in swept.values() for event in run.events}
        schemas = read_schemas(self._config, self._settings, kinds)
        self._fingerprint = _fingerprint(self._config.rootpath, schemas)
        sweep = Sweep(plan(swept, self._faults, schemas, self._is_wanted(reruns)))
        try:
            sweep.run(
                _Rerunner(reruns),
                self._rules,
                known=_unfinished(self._config, self._fingerprint),
                budget=self._config.getoption("understudy_sweep_seconds"),
                progress=_Progress(self._config),
            )
        finally:
            self._verdicts = sweep.verdicts
            self._account = _account(sweep, reruns, swept, self._rules)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Put the parts together, and write the file; findings fail the run."""
        own = {
            "has_run": self._has_run,
            "fingerprint": self._fingerprint,
            "verdicts": [plain.from_verdict(verdict) for verdict in self._verdicts],
            "account": asdict(self._account),
        }
        if xdist_workers.send(self._config, _OUTPUT, lambda: own):
            return
        parts = [part for part in xdist_workers.results(self._config, _OUTPUT) if part["has_run"]]
        if not parts and not self._has_run:
            return
        for part in parts:
            self._fingerprint = self._fingerprint or part["fingerprint"]
            self._verdicts += map(plain.to_verdict, part["verdicts"])
            _add(self._account, part["account"])
        result = outcome.assess(self._verdicts, self._known, is_locked=self._is_locked)
        if parts:  # several processes have tried some of them
            self._account.planned -= len(self._verdicts) - len(result.verdicts)
            self._account.calls = outcome.number_of_calls(
                verdict.trial for verdict in result.verdicts
            )
        saved = self._save(result)
        self._keep_state()
        written = self._write_tests(result) if self._config.getoption(_WRITE) else []
        verbose = self._config.getoption("verbose") > 0
        shown = shown_path(str(self._path))
        said = report.lines(result, self._account, shown, saved=saved, verbose=verbose)
        self._lines = [*said, *written]
        if "sweep" in pytest_process.requested():
            pytest_process.answer(report.document(result, self._account, shown))
        has_findings = bool(result.findings or self._account.passive)
        if has_findings and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the report."""
        terminalreporter.section("understudy sweep", sep="-")
        for line in self._lines:
            terminalreporter.line(line)

    def _is_wanted(self, reruns: Reruns) -> Callable[[str, Event], bool]:
        """Return what tells whether a call may have another answer than before.

        Its function has changed, or what answers its request, or the test.
        """
        changed = self._changed
        if changed is None:
            return lambda test, event: True

        def is_wanted(test: str, event: Event) -> bool:
            codes = [event.call.origin.code]
            if (request := event.request) is not None:
                codes += [request.endpoint] if request.endpoint else []
                codes += request.dependencies
            if any(changed.has_any(Path(code.co_filename), _lines(code)) for code in codes):
                return True
            path, line, _ = reruns.recorded[test].item.location
            return changed.has_any(self._config.rootpath / path, [(line or 0) + 1])

        return is_wanted

    def _save(self, result: outcome.Result) -> str:
        """Write the file of accepted answers; return what was done with it."""
        stale = result.stale if self._is_complete() else []
        if self._is_locked:
            gone = counted(len(stale), "line")
            return f"{gone} that no test meets any more" if stale else ""
        if not (result.new or stale):
            return ""
        answers = answers_file.merge(self._known, result.new, prunes=stale)
        try:
            write_files({self._path: answers_file.written(answers).encode()})
        except OSError as error:
            return f"could not be written: {error}"
        done = [f"{counted(len(result.new), 'answer')} added"] if result.new else []
        done += (
            [f"{counted(len(stale), 'line')} removed that no test meets any more"] if stale else []
        )
        return " and ".join(done)

    def _write_tests(self, result: outcome.Result) -> list[str]:
        """Write a test for each finding; return what was written, in lines."""
        reruns = rerun.of(self._config)
        if not reruns.recorded:
            return ["No test is written by the workers of pytest-xdist: sweep with -n 0."]
        from understudy.plugin.sweep_tests import write_tests

        return write_tests(result, reruns, self._known)

    def _is_complete(self) -> bool:
        """Return whether the whole suite was swept with every fault."""
        option = self._config.option
        return (
            self._faults == tuple(faults.FAULTS)
            and self._account.ended_by is None
            and self._changed is None
            and self._config.args_source is not pytest.Config.ArgsSource.ARGS
            and not any(getattr(option, name, None) for name in _SELECTIONS)
            and not self._account.left_out
            and not self._account.unreached
        )

    def _keep_state(self) -> None:
        """Keep the verdicts of a sweep that did not finish, for the next."""
        cache = getattr(self._config, "cache", None)
        if cache is None:
            return
        if self._account.ended_by is not None:
            verdicts = [plain.from_verdict(verdict) for verdict in self._verdicts]
            state = {"fingerprint": self._fingerprint, "verdicts": verdicts}
            cache.set(_STATE, state)
        elif cache.get(_STATE, None):
            cache.set(_STATE, {})


class _Rerunner:
    """Runs tests again for a sweep."""

    def __init__(self, reruns: Reruns) -> None:
        self._reruns = reruns

    def normal(self, test: str) -> Run:
        return self._reruns.recorded[test].run

    def control(self, test: str) -> str | None:
        return self._reruns.control(self._reruns.recorded[test].item)

    def settle(self, test: str) -> None:
        item = self._reruns.recorded[test].item
        self._reruns.run(item, None, seconds=self._reruns.limit(item))

    def run(self, test: str, call: CallId, fault: Fault, seconds: float) -> Run:
        item = self._reruns.recorded[test].item
        change, connects = rerun.once(call, fault.change), call.kind == "connect"
        return self._reruns.run(item, change, seconds=seconds, connects=connects)


def _rules_of(settings: Settings) -> oracle.Rules:
    """Return what applies the rules about requests that are not switched off."""
    off = {rule for rule in REQUEST_RULES if settings.level(rule) == "off"}

    def rules(run: Run) -> Sequence[request_rules.Finding]:
        found = request_rules.findings(run.events, run.requests)
        return [each for each in found if each.setting not in off]

    return rules


class _Progress:
    """Shows how far a sweep is, once it takes a while."""

    def __init__(self, config: pytest.Config) -> None:
        self._reporter = config.pluginmanager.get_plugin("terminalreporter")
        self._begun = time.monotonic()
        self._shown = self._begun + _PATIENCE - _EVERY

    def __call__(self, sweep: Sweep) -> None:
        if self._reporter is None:
            return
        now = time.monotonic()
        is_terminal = sys.stdout.isatty()
        if now - self._begun < _PATIENCE or (not is_terminal and now - self._shown < _EVERY):
            return
        self._shown = now
        text = f"sweep: {sweep.done:,} of {counted(len(sweep.trials), 'fault')}"
        if is_terminal:
            self._reporter.rewrite(f"\r{text} ", erase=True)
        else:
            self._reporter.write_line(f"{text} in {now - self._begun:.0f} s")


def answers_path(settings: Settings) -> Path:
    """Return the file of accepted answers: beside the catalog."""
    return (settings.root / (settings.catalog or DEFAULT_CATALOG)).with_name(answers_file.NAME)


def _selected(config: pytest.Config) -> tuple[str, ...]:
    given = config.getoption("understudy_sweep")
    try:
        return faults.parse(given)
    except UnknownFault as error:
        text = f"--understudy-sweep: {error}"
        if "/" in given or given.endswith(".py"):
            text += f"\nTo sweep the tests of {given}: pytest {given} --understudy-sweep"
        raise pytest.UsageError(text) from error


def _read(path: Path) -> answers_file.Answers:
    try:
        return answers_file.read(path)
    except answers_file.BrokenFile as error:
        raise pytest.UsageError(str(error)) from error


def _changed(config: pytest.Config, root: Path) -> ChangedLines | None:
    revision = config.getoption("understudy_sweep_changed_since")
    if revision is None:
        return None
    try:
        return changed_lines(root, revision)
    except GitError as error:
        raise pytest.UsageError(f"--understudy-sweep-changed-since: {error}") from error


def _lines(code: CodeType) -> range:
    lines = [line for _, _, line in code.co_lines() if line]
    return range(code.co_firstlineno, max(lines, default=code.co_firstlineno) + 1)


def _account(
    sweep: Sweep, reruns: Reruns, swept: Mapping[str, Run], rules: oracle.Rules
) -> Account:
    left_out = dict(sweep.left_out)
    for test, recorded in reruns.recorded.items():
        is_without = recorded.run.passed and recorded.reason is None and not recorded.run.asked
        # Of tests that send nothing, there is nothing to say.
        if not is_without and (reason := reruns.why_not(test)) is not None:
            left_out[test] = reason
    found = [(test, oracle.of_rule(each)) for test, run in swept.items() for each in rules(run)]
    return Account(
        planned=len(sweep.trials),
        calls=outcome.number_of_calls(sweep.trials),
        unreached=[trial.line for trial in sweep.unreached],
        unsteady=[trial.line for trial in sweep.unsteady],
        left_out=left_out,
        passive=list({(each.rule, each.text): (test, each) for test, each in found}.values()),
        seconds=sweep.seconds,
        resumed=sweep.resumed,
        ended_by=sweep.ended_by,
    )


def _add(account: Account, part: Mapping[str, Any]) -> None:
    """Add what another process tells."""
    account.planned += part["planned"]
    account.calls += part["calls"]
    account.unreached += part["unreached"]
    account.unsteady += part["unsteady"]
    account.left_out.update(part["left_out"])
    account.passive += [(test, Finding(**found)) for test, found in part["passive"]]
    account.seconds = max(account.seconds, part["seconds"])
    account.resumed += part["resumed"]
    account.ended_by = account.ended_by or part["ended_by"]


def _unfinished(config: pytest.Config, fingerprint: str) -> Mapping[str, Verdict]:
    """Return the verdicts of a sweep that did not finish, unless a file has changed since."""
    cache = getattr(config, "cache", None)
    state = (cache.get(_STATE, None) or {}) if cache is not None else {}
    if state.get("fingerprint") != fingerprint:
        return {}
    verdicts = map(plain.to_verdict, state["verdicts"])
    return {verdict.trial.key: verdict for verdict in verdicts}


def _fingerprint(root: Path, schemas: Schemas) -> str:
    """Return what changes with every module of the project that is imported, and the schemas."""
    digest = hashlib.sha256()
    for name in sorted(sys.modules):
        file = getattr(sys.modules[name], "__file__", None)
        if not file or not Path(file).is_relative_to(root) or "site-packages" in file:
            continue
        try:
            digest.update(f"{file}\0{Path(file).stat().st_mtime_ns}\0".encode())
        except OSError:
            continue  # made in memory, or gone
    digest.update(repr(schemas.facts).encode())
    return digest.hexdigest()
