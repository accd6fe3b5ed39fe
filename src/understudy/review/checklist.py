"""Check each item of the checklist against the evidence about a module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from understudy.pg.sql import one_line
from understudy.review.checklist_items import OPINIONS, Answer, Evidence, Item, Verdict
from understudy.review.module_evidence import ModuleEvidence
from understudy.review.suite import TestFunction
from understudy.review.suite_runs import Run
from understudy.script.formatting import counted, shortened

Check = Callable[[ModuleEvidence], Verdict]
_LAYERS = (
    *("dao", "dal", "repository", "crud", "service", "router", "endpoint", "api", "adapter"),
    *("dto", "schema"),
)
# Tests that pass without a check, or without a run.
_PASS_FOR_NOTHING = (
    *("UND001", "UND005", "UND006", "UND007", "UND021", "UND022"),
    *("UND035", "UND037", "UND038", "UND039", "UND205"),
)
# Tests that change what later tests find.
_LEFT_BEHIND = ("UND009", "UND010", "UND020", "UND212", "UND214", "UND215")
_NO_TESTS = "no test runs a line of it"
_NOT_IMPORTED = "no test imports it"
_NO_STATEMENTS = "its tests send no statement to a fake"


def answers(module: ModuleEvidence) -> tuple[Answer, ...]:
    """Return the answer to each item that counts, in the checklist's order."""
    return _answered(module, (item for item in Item if item not in OPINIONS))


def opinions(module: ModuleEvidence) -> tuple[Answer, ...]:
    """Return the matters of taste that are not as they could be."""
    return tuple(answer for answer in _answered(module, OPINIONS) if answer.state == "not ok")


def _answered(module: ModuleEvidence, items: Iterable[Item]) -> tuple[Answer, ...]:
    return tuple(Answer(item, *_CHECKS[item](module)) for item in items)


def layer_of(module: str) -> str | None:
    """Return the layer in a module's dotted name, or None if there is none."""
    words = {*module.lower().replace(".", "_").split("_")}
    for name in _LAYERS:
        if words & {name, f"{name}s", f"{name.removesuffix('y')}ies"}:
            return name
    return None


def _ok(*texts: str) -> Verdict:
    return "ok", tuple(map(Evidence, texts))


def _not_ok(evidence: Iterable[Evidence]) -> Verdict:
    return "not ok", tuple(evidence)


def _unknown(text: str) -> Verdict:
    return "cannot tell", (Evidence(text),)


def _by_rules(*codes: str, otherwise: str) -> Check:
    """Return a check by lint rules alone; `otherwise` is the evidence if they find nothing."""

    def check(module: ModuleEvidence) -> Verdict:
        if found := module.lint(*codes):
            return _not_ok(found)
        return _ok(otherwise) if module.tests else _unknown(_NO_TESTS)

    return check


def _layer(module: ModuleEvidence) -> Verdict:
    files = tuple(Evidence("its tests", module.shown(file.path)) for file in module.files)
    if not files:
        stem = module.target.path.stem
        text = f"no test file imports it, and none is named test_{stem}_<layer>.py"
        return _not_ok([Evidence(text)])
    name = module.target.name
    layer = layer_of(name)
    if layer is None:
        text = f"nothing in {name} says which layer it is (dao, service, router, dto ...)"
        return "cannot tell", (Evidence(text), *files)
    return "ok", (Evidence(f"its name says {layer}"), *files)


def _fixtures(module: ModuleEvidence) -> Verdict:
    if found := module.lint("UND002", "UND003", "UND206", "UND207"):
        return _not_ok(found)
    used = {
        name
        for test, source in module.sources()
        for name in source.arguments
        if name in test.fixtures
    }
    if not used:
        return _unknown("its tests use no fixtures")
    return _ok(f"its tests use {', '.join(sorted(used))}")


def _scenarios(module: ModuleEvidence) -> Verdict:
    functions = module.target.functions
    if not functions:
        return _unknown("it has no public function")
    path = module.shown(module.target.path)
    untested = [function for function in functions if not module.tests_of(function)]
    if untested:
        return _not_ok(
            Evidence(f"no test calls {function.name}", path, function.first)
            for function in untested
        )
    return _ok(f"{counted(len(functions), 'function')}, each called by a test")


def _each_test(missing: str, is_fulfilled: Callable[[TestFunction], bool]) -> Check:
    """Return a check of every test function; `missing` says what a test lacks."""

    def check(module: ModuleEvidence) -> Verdict:
        sources = list(module.sources())
        if not sources:
            return _unknown(_NO_TESTS)
        lacking = [
            Evidence(f"{source.name} {missing}", module.shown(module.root / test.path), source.line)
            for test, source in sources
            if not is_fulfilled(source)
        ]
        if lacking:
            return _not_ok(lacking)
        return _ok(f"all {len(sources)} do" if len(sources) > 1 else "the only one does")

    return check


def _errors(module: ModuleEvidence) -> Verdict:
    """Check that every raise and except is run, and that some test expects an error."""
    target = module.target
    path = module.shown(target.path)
    unreached = [
        Evidence(
            "no test runs this except" if place.name == "except" else "no test reaches this raise",
            path,
            place.first,
        )
        for place in target.error_places
        if not module.ran(place)
    ]
    if unreached:
        return _not_ok(unreached)
    expecting = {
        (test.path, test.function) for test, source in module.sources() if source.expects_error
    }
    names = {test.name for test in module.tests if (test.path, test.function) in expecting}
    if not names:
        return _not_ok([Evidence("no test of it expects an error")])
    by_function = [
        f"{function.name}: {_first(sorted(names & module.tests_of(function)))}"
        for function in target.functions
        if names & module.tests_of(function)
    ]
    return _ok(*(by_function or [f"{target.name}: {_first(sorted(names))}"]))


def _sql(module: ModuleEvidence) -> Verdict:
    statements = module.statements()
    unread = [
        Evidence(f"no test checks {shortened(sent.sql)} (sent in {_first(sent.tests)})", sent.place)
        for sent in statements
        if not sent.is_read
    ]
    if found := unread or module.lint("UND101"):
        return _not_ok(found)
    if not statements:
        return _unknown(_NO_STATEMENTS)
    return _ok("a test or a rule checks each statement that was sent to a fake")


def _parameters(module: ModuleEvidence) -> Verdict:
    statements = module.statements()
    unread = [
        Evidence(f"no test checks the parameters of {shortened(sent.sql)}", sent.place)
        for sent in statements
        if sent.has_parameters and not sent.is_read
    ]
    if found := unread or module.lint("UND102"):
        return _not_ok(found)
    if not statements:
        return _unknown(_NO_STATEMENTS)
    return _ok("no test checks a statement without its parameters")


def _passing(module: ModuleEvidence) -> Verdict:
    if not module.tests:
        return _not_ok([Evidence(_NO_TESTS)])
    failed = [
        Evidence(f"{test.name} fails{f': {test.why}' if test.why else ''}")
        for test in module.tests
        if not test.passed
    ]
    if found := [*failed, *module.lint(*_PASS_FOR_NOTHING)]:
        return _not_ok(found)
    return _ok(f"{counted(len(module.tests), 'test')} passed")


def _coverage(module: ModuleEvidence) -> Verdict:
    if not module.coverage:
        return _not_ok([Evidence(_NOT_IMPORTED)])
    missing = module.coverage["missing_lines"]
    text = f"{module.coverage['summary']['percent_covered']:.0f}% of its lines and branches"
    if not missing:
        return _ok(text)
    path = module.shown(module.target.path)
    return _not_ok([Evidence(f"{text}; not run: {_ranges(missing)}", path, missing[0])])


def _paths(module: ModuleEvidence) -> Verdict:
    if not module.coverage:
        return _not_ok([Evidence(_NOT_IMPORTED)])
    path = module.shown(module.target.path)
    untaken = [
        Evidence(
            f"the branch from line {abs(first)} "
            f"{'out of the function' if last < 0 else f'to line {last}'} is never taken",
            path,
            abs(first),
        )
        for first, last in module.coverage["missing_branches"]
    ]
    if untaken:
        return _not_ok(untaken)
    count = module.coverage["summary"]["num_branches"]
    return _ok(
        f"{counted(count, 'branch', 'branches')}, all taken" if count else "it has no branches"
    )


def _statements(module: ModuleEvidence) -> Verdict:
    """Check that every statement is sent, and its conditions seen where they are evaluated."""
    statements = module.covered_sql()
    if not statements:
        return _unknown("no SQL for PostgreSQL stands in it as text")
    path = module.shown(module.target.path)
    lacking = [
        Evidence(f"{shortened(one_line(statement['sql']))}: {'; '.join(missing)}", path, line)
        for statement in statements
        if (missing := statement["missing_conditions"]) and (line := statement["line"])
    ]
    if lacking:
        return _not_ok(lacking)
    evaluated = sum(statement["evaluated"] > 0 for statement in statements)
    text = f"{counted(len(statements), 'statement')}, all sent"
    return _ok(f"{text}, {evaluated} of them to real_postgres" if evaluated else text)


def _leftovers(module: ModuleEvidence) -> Verdict:
    found = [
        Evidence("a test prints here", module.shown(file.path), line)
        for file in module.files
        for source in file.tests.values()
        for line in source.prints
    ]
    found += [
        Evidence("code in a comment", module.shown(path), line)
        for path, line in module.commented or ()
    ]
    if found:
        return _not_ok(found)
    if module.commented is None:
        return _unknown(
            "no test prints; ruff finds code in comments (ERA001), but it is not installed"
        )
    return _ok(f"none in {counted(len(module.files), 'test file')}")


def _isolated(module: ModuleEvidence) -> Verdict:
    """Compare the tests' outcomes alone, in reverse and at random with those in the suite."""
    runs = module.runs
    changed = [
        *_changed(module, runs.twice, "without the other tests", first=True),
        *_changed(module, runs.reverse, "in reverse order"),
        *_changed(module, runs.shuffled, f"in the random order of seed {runs.seed}"),
    ]
    if found := changed or module.lint(*_LEFT_BEHIND):
        return _not_ok(found)
    if not module.tests:
        return _unknown(_NO_TESTS)
    count = counted(len(module.tests), "test")
    return _ok(f"{count}: the same alone, in reverse, and at random (seed {runs.seed})")


def _changed(
    module: ModuleEvidence, run: Run, how: str, *, first: bool = False
) -> Iterator[Evidence]:
    """Yield the tests with another outcome than in the run with coverage."""
    for test in module.tests:
        other = run.tests.get(test.name)
        outcomes = () if other is None else other.outcomes[:1] if first else other.outcomes
        if other is not None and _passed(test.outcomes) != _passed(outcomes):
            yield Evidence(f"{test.name} {test.outcomes[0]} in the suite, and {outcomes[0]} {how}")


def _passed(outcomes: Sequence[str]) -> set[bool]:
    return {outcome in ("passed", "skipped") for outcome in outcomes}


def _repeatable(module: ModuleEvidence) -> Verdict:
    """Compare the outcomes of tests that ran twice in one process."""
    if not module.tests:
        return _unknown(_NO_TESTS)
    different = [
        Evidence(
            f"{repeated.name}, run twice in one process, {' and then '.join(repeated.outcomes)}: "
            f"{repeated.why}"
        )
        for repeated in (module.runs.twice.tests.get(test.name) for test in module.tests)
        if repeated is not None and len(set(repeated.outcomes)) > 1
    ]
    if found := [*different, *module.lint("UND204")]:
        return _not_ok(found)
    count = counted(len(module.tests), "test")
    return _ok(f"{count}, run twice in one process: the same both times")


def _first(names: Sequence[str], count: int = 2) -> str:
    shown = ", ".join(names[:count])
    return f"{shown} and {len(names) - count} more" if len(names) > count else shown


def _ranges(numbers: Sequence[int]) -> str:
    """Return line numbers as ranges: 3, 7-9."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1].append(number)
        else:
            ranges.append([number])
    return ", ".join(
        f"{lines[0]}-{lines[-1]}" if len(lines) > 1 else str(lines[0]) for lines in ranges
    )


_CHECKS: dict[Item, Check] = {
    Item.LAYER: _layer,
    Item.FIXTURES: _fixtures,
    Item.DOUBLES: _by_rules(
        *("UND004", "UND008", "UND014", "UND015", "UND016", "UND036"),
        otherwise="every double is of the kind that it replaces",
    ),
    Item.SCENARIOS: _scenarios,
    Item.NAMES: _by_rules(
        "UND301", "UND302", otherwise="no name of a test or of its file is vague"
    ),
    Item.SECTIONS: _by_rules("UND304", otherwise="no test mixes them"),
    Item.DOCSTRINGS: _each_test("has no docstring", lambda source: source.has_docstring),
    Item.HINTS: _each_test("lacks type hints", lambda source: source.has_hints),
    Item.LEVEL: _by_rules(
        *("UND201", "UND202", "UND203", "UND208"),
        otherwise="nothing private, and nothing of the module itself, is replaced",
    ),
    Item.ERRORS: _errors,
    Item.SQL: _sql,
    Item.PARAMETERS: _parameters,
    Item.PASSING: _passing,
    Item.COVERAGE: _coverage,
    Item.PATHS: _paths,
    Item.STATEMENTS: _statements,
    Item.LEFTOVERS: _leftovers,
    Item.ISOLATED: _isolated,
    Item.REPEATABLE: _repeatable,
}
