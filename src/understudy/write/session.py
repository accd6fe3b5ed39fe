"""The part of `understudy write` that runs in the project's pytest, and answers the files."""

from __future__ import annotations

import gc
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest

from understudy.catalog import own_connection
from understudy.embedded.errors import PostgresError
from understudy.init.findings import Findings, look
from understudy.init.layers import LAYERS, Layer
from understudy.init.questions import decide
from understudy.mutate.judge import Judge
from understudy.project import import_cycles
from understudy.record.calls import rows_kept
from understudy.rerun import Reruns
from understudy.rows.schema_reader import read_schema
from understudy.rows.table_facts import Schema
from understudy.script.formatting import first_line_of, shortened
from understudy.write import (
    assertions,
    dto_trials,
    failing_fixtures,
    lifespan,
    listed_values,
    mapped_classes,
    routes,
    scripted,
    targets,
    test_file,
    web_assertions,
    written_test,
)
from understudy.write.budget import PATIENCE, Budget
from understudy.write.construction import Unbuildable
from understudy.write.exploration import PHASES, Exploration
from understudy.write.explorer import Explorer
from understudy.write.failing_fixtures import FixtureErrors
from understudy.write.file_answer import file_answer
from understudy.write.guard import Guard
from understudy.write.imported_names import NAMES
from understudy.write.kills import Mutation, has_mutants
from understudy.write.lab import Lab
from understudy.write.line_arcs import LineArcs
from understudy.write.row_checks import RowChecks
from understudy.write.trials import Arc, Kept, LeftOut, Target

Say = Callable[[Mapping[str, object]], None]
_SECONDS = 6.0  # of CPU time, for each function
_LEAST = 30.0  # of CPU time, for all
_FOR_MUTANTS = 0.4  # of the time of a target that sends SQL
_WITH_SHORTENING = 1.5  # times as much time
_LONGEST = 300  # characters of a project's error
_current: list[Session] = []


@dataclass(frozen=True)
class Wanted:
    """What is to be written.

    Attributes:
        module: the dotted name of the module.
        root: the copy of the project.
        path: the folders that imports start from, the first one first.
        layers: the layers for which tests are written, where the module has them.
        on: "real_postgres", "fake_postgres" or "fakes": what the tests run on.
        files: the test file of each layer, relative to the project.
        existing: the texts of those that there are already, by layer.
        seconds: the CPU time for all trials; None for some of it for each function.
        replaced: the fixtures of the project that fail, which the test files replace, by name,
            each with its source.
    """

    module: str
    root: str
    path: Sequence[str]
    layers: Sequence[Layer]
    on: str
    files: Mapping[str, str]
    existing: Mapping[str, str]
    seconds: float | None
    replaced: Mapping[str, str] = field(default_factory=dict)


class Session:
    """One run of `understudy write` in the child process.

    Args:
        wanted: what is to be written.
        config: pytest's.
        reruns: runs tests again.
        database: gives the URL of a database with the schema that no test uses.
        addresses: the URLs that the code may connect to.
        say: sends an answer to the parent.

    Attributes:
        fixture_errors: a plugin that keeps why fixtures fail.
    """

    def __init__(
        self,
        wanted: Wanted,
        config: pytest.Config,
        reruns: Reruns,
        database: Callable[[], AbstractContextManager[str]],
        addresses: Callable[[], Sequence[str]],
        say: Say,
    ) -> None:
        self.fixture_errors = FixtureErrors()
        self._addresses = addresses
        self._wanted = wanted
        self._config = config
        self._reruns = reruns
        self._database = database
        self._say = say
        self._targets: list[Target] = []
        self._left_out: list[LeftOut] = []
        self._kept: list[Kept] = []
        self._elsewhere: dict[Layer, list[str]] = {}
        self._reached: set[Arc] = set()
        self._findings: Findings | None = None
        self._lab: Lab | None = None
        self._arcs: LineArcs | None = None

    # While pytest collects the scratch file ----------------------------------------------------

    def tests(self) -> dict[str, Any]:
        """Import the module, find what is to be tested, and return the tests that play trials."""
        for text in self._wanted.existing.values():
            NAMES.read(text)
        for folder in reversed(self._wanted.path):
            if folder not in sys.path:
                sys.path.insert(0, folder)
        guard = Guard(self._addresses(), Path(self._wanted.root))
        guard.hold()
        self._say({"kind": "begin", "what": f"importing {self._wanted.module}"})
        try:
            module, first = import_cycles.imported(self._wanted.module)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it is the project's own: reported
            self._say({"kind": "refused", "reason": f"importing it fails: {_shown(error)}"})
            return {}
        findings = self._findings = look(Path(self._wanted.root))
        try:
            needed = mapped_classes.import_missing(findings.modules)
        except Unbuildable as error:
            self._say({"kind": "refused", "reason": f"its ORM classes need a module: {error}"})
            return {}
        self._arcs = LineArcs(Path(str(module.__file__)))
        self._find(module, findings)
        if not (self._targets or self._kept or self._left_out):
            self._elsewhere = _by_layer(module, findings)
        # Its classes are named in strings, so nothing else uses the import.
        lines = tuple(f"import {name}  # noqa: F401 - ORM classes need it" for name in needed)
        if first is not None:
            lines += (import_cycles.import_line(first),)
        self._targets = [
            one if one.layer == "router" else replace(one, imports=(*one.imports, *lines))
            for one in self._targets
        ]
        if (findings.configured.understudy or {}).get("app"):
            is_certain = lifespan.is_to_be_opened(findings.modules)
            self._targets = [lifespan.ambient(one, is_certain=is_certain) for one in self._targets]
        self._lab = Lab(self._reruns, self._arcs, guard)
        return self._lab.tests(self._targets, _mark(findings, self._config))

    def _find(self, module: ModuleType, findings: Findings) -> None:
        """Find what is to be tested; the tests of models are complete at once."""
        wanted = self._wanted.layers
        driver = decide(findings, {}).driver
        with self._one_failing(module.__name__, 1):
            found, left_out = targets.find(module, wanted, findings.modules, driver)
            self._targets += found
            self._left_out += left_out
        if "router" in wanted:
            with self._one_failing(f"the routes of {module.__name__}", 1):
                found, left_out = routes.targets(module, findings)
                self._targets += found
                self._left_out += left_out
        for part in findings.layers["dto"] if "dto" in wanted else ():
            if part.module.name == module.__name__:
                with self._one_failing(part.name, part.node.lineno):
                    root = Path(self._wanted.root)
                    kept, left_out = dto_trials.kept([part], root, self._reached)
                    self._kept += kept
                    self._left_out += left_out

    @contextmanager
    def _one_failing(self, name: str, line: int) -> Iterator[None]:
        """Keep what fails on one function from costing the others their tests; it is reported."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - reported, with its place
            frame = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(frame.filename).name}:{frame.lineno}"
            reason = f"Understudy failed on it; please report {_shown(error)} at {place}"
            self._left_out.append(LeftOut(name, reason, line))

    # After it has run --------------------------------------------------------------------------

    def run(self) -> None:
        """Try every target, and answer the text of each test file."""
        if self._lab is None or self._arcs is None:
            return
        broken = [one.item for one in self._reruns.recorded.values() if not one.run.passed]
        if failing := self.fixture_errors.of(broken, self._wanted.root, self._wanted.replaced):
            self._say({"kind": "fixtures", "failing": [vars(one) for one in failing]})
            return  # they are replaced, and all begins again
        for recorded in self._reruns.recorded.values():
            # Fixtures with parameters, such as anyio's, make several tests of one: the first plays.
            name = getattr(recorded.item, "originalname", recorded.item.name)
            if name in self._lab.items:
                continue
            self._lab.items[name] = recorded.item
            if not recorded.run.passed:
                self._lab.broken[name] = recorded.run.error
        branches = self._arcs.branches
        with ExitStack() as stack:
            schema, checks, judge = self._schema(stack) if self._targets else (None, None, None)
            mutation = None if judge is None else Mutation(self._lab, judge)
            explorer = Explorer(self._lab, schema, branches, self._arcs.lines, mutation, checks)
            if self._wanted.on != "real_postgres":
                stack.enter_context(rows_kept())
            self._explore(explorer)
        self._answer(sorted(branches - explorer.reached - self._reached))

    def _explore(self, explorer: Explorer) -> None:
        """Try every target, and keep what is worth a test."""
        budget = Budget(self._wanted.seconds or max(_LEAST, _SECONDS * len(self._targets)))
        self._say({"kind": "found", "seconds": budget.seconds * PATIENCE})
        explorations = [Exploration(explorer, target) for target in self._targets]
        with_sql = sum(has_mutants(target) for target in self._targets)
        for_mutants = budget.seconds * _FOR_MUTANTS * with_sql / max(1, len(self._targets))
        ends = (budget.seconds - for_mutants, budget.seconds, budget.seconds * _WITH_SHORTENING)
        for (what, steps), end in zip(PHASES, ends, strict=True):
            budget.share([self._steps(one, steps(one), what) for one in explorations], end)
        for number, one in enumerate(explorations, 1):
            before = len(self._kept)
            with self._one_failing(one.target.name, one.target.lines[0]):
                self._keep(explorer, one)
            self._say(
                {
                    "kind": "explored",
                    "target": one.target.name,
                    "tests": len(self._kept) - before,
                    "number": number,
                    "of": len(explorations),
                }
            )

    def _steps(self, exploration: Exploration, steps: Iterator[bool], what: str) -> Iterator[bool]:
        """Yield after each step of an exploration; what fails in one is reported."""
        target = exploration.target
        self._say({"kind": "begin", "what": f"{what} {target.name}"})
        with self._one_failing(target.name, target.lines[0]):
            yield from steps
        gc.freeze()  # each trial collects garbage: what is kept need not be looked at again

    def _keep(self, explorer: Explorer, exploration: Exploration) -> None:
        """Keep the trials of a target that are worth a test."""
        target, found = exploration.target, exploration.kept()
        tests = [*map(assertions.asserted, self._on_its_fake(found))]
        useful = [one for one in tests if assertions.asserts(one)]
        self._kept += useful
        if tests and not useful:
            self._leave_out(target, "nothing that it shows can be asserted")
        if not found and not any(one.name == target.name for one in self._left_out):
            reason = explorer.problems.get(target.name, "no time was left to try it")
            self._leave_out(target, reason)
        shared = getattr(target, "shared", {}).get("left_out", {})
        if target.name in shared:
            self._leave_out(target, shared[target.name])

    def _on_its_fake(self, found: Sequence[Kept]) -> Iterator[Kept]:
        """Yield the trials with scripts, if they are written for a fake."""
        for one in found:
            if self._wanted.on == "real_postgres":
                yield one
                continue
            target = one.trial.target
            try:
                width = self._style(target.layer).width - 4  # of the body of a test
                yield scripted.scripted(one, self._wanted.on, width)
            except scripted.NotScripted as problem:
                name = f"{target.name} {one.trial.about}".strip()
                self._left_out.append(LeftOut(name, str(problem), target.lines[0]))

    def _leave_out(self, target: Target, reason: str) -> None:
        text = shortened(reason, _LONGEST)
        self._left_out.append(LeftOut(target.name, text, target.lines[0]))

    def _schema(self, stack: ExitStack) -> tuple[Schema | None, RowChecks | None, Judge | None]:
        try:
            dsn = stack.enter_context(self._database())
            connection = stack.enter_context(own_connection.connect(dsn))
            schema = listed_values.with_listed_values(read_schema(connection), self._own_modules())
        except (PostgresError, psycopg.Error) as error:
            self._say({"kind": "no schema", "reason": str(error)})
            return None, None, None
        return schema, RowChecks(connection, schema), Judge(dsn)

    def _own_modules(self) -> Iterator[ModuleType]:
        """Yield the project's modules that are imported."""
        assert self._findings is not None
        for module in self._findings.modules:
            if module.name in sys.modules:
                yield sys.modules[module.name]

    def _style(self, layer: Layer) -> written_test.Style:
        """Return how the project writes its tests."""
        assert self._findings is not None
        place = Path(self._wanted.root, self._wanted.files[layer])
        has_asyncio = self._config.pluginmanager.hasplugin("asyncio")
        style = written_test.style_of(self._findings, place, has_asyncio=has_asyncio)
        return replace(style, replaced=self._wanted.replaced)

    def _answer(self, open_arcs: Sequence[Arc]) -> None:
        """Send the text of the test file of each layer."""
        for layer in LAYERS:
            own = [one for one in self._kept if one.trial.target.layer == layer]
            if layer == "router":
                own = web_assertions.grouped(own)
            existing = self._wanted.existing.get(layer, "")
            file = self._wanted.files[layer]
            if reason := failing_fixtures.why_needed(existing, file, self._wanted.replaced):
                names = dict.fromkeys(one.trial.target.name for one in own)
                self._left_out += [LeftOut(name, reason, 1) for name in names]
                continue
            if not own:
                continue
            merged = test_file.merged(
                existing,
                self._wanted.module,
                layer,
                own,
                self._left_out,
                self._style(layer),
            )
            self._left_out += merged.left_out
            self._say(file_answer(layer, own, merged))
        self._say(
            {
                "kind": "done",
                "left out": [[one.name, one.reason, one.line] for one in self._left_out],
                "open": [list(arc) for arc in open_arcs],
                "elsewhere": self._elsewhere,
            }
        )


def _by_layer(module: ModuleType, findings: Findings) -> dict[Layer, list[str]]:
    """Return the names of all that a module has, by layer."""
    found: dict[Layer, list[str]] = {}
    for target in targets.find(module, LAYERS, findings.modules, None)[0]:
        found.setdefault(target.layer, []).append(target.name)
    for part in (*findings.layers["router"], *findings.layers["dto"]):
        if part.module.name == module.__name__:
            found.setdefault(part.layer, []).append(part.name)
    return found


def begin(session: Session) -> None:
    """Make a session the one of this process."""
    _current[:] = [session]


def current() -> Session:
    """Return the session of this process."""
    return _current[-1]


def _mark(findings: Findings, config: pytest.Config) -> Callable[[Any], Any]:
    """Return the mark of an async test for the plugin that runs it in this project."""
    runs_all = False
    if config.pluginmanager.hasplugin("asyncio"):
        mode = config.getoption("asyncio_mode", None) or config.getini("asyncio_mode")
        runs_all = str(mode) == "auto"
    by_asyncio = runs_all or findings.uses_pytest_asyncio
    mark: Callable[[Any], Any] = pytest.mark.asyncio if by_asyncio else pytest.mark.anyio
    return mark


def _shown(error: BaseException) -> str:
    return shortened(first_line_of(error), _LONGEST)
