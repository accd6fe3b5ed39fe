"""Judges each item of the checklist by what was found out about a module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from understudy.lint.finding import Finding
from understudy.review import isolation, messages
from understudy.review.checklist_items import Answer, Evidence, Item, State
from understudy.review.evidence import Material
from understudy.review.suite import TestFunction

Judge = Callable[[Material], tuple[State, Iterable[Evidence]]]
_LAYERS = (
    *("dao", "dal", "repository", "crud", "service", "router", "endpoint", "api", "adapter"),
    *("dto", "schema"),
)


def judged(material: Material) -> tuple[Answer, ...]:
    """Return what can be said of each item, in the checklist's order."""
    return tuple(_answer(item, material) for item in Item)


def _answer(item: Item, material: Material) -> Answer:
    state, evidence = _JUDGES[item](material)
    return Answer(item, state, tuple(evidence))


def _places(material: Material, findings: Sequence[Finding]) -> list[Evidence]:
    return [
        Evidence(f"{each.code} {each.message}", material.shown(each.path), each.line)
        for each in findings
    ]


def _by_rules(*codes: str, otherwise: str) -> Judge:
    """Judge by rules of lint alone; where they find nothing, `otherwise` is the evidence."""

    def judge(material: Material) -> tuple[State, Iterable[Evidence]]:
        found = material.found(*codes)
        if found:
            return "not ok", _places(material, found)
        if not material.tests:
            return "cannot tell", [Evidence(messages.no_tests())]
        return "ok", [Evidence(otherwise)]

    return judge


def layer_of(module: str) -> str | None:
    """Return the layer that a module's dotted name says it is of; None where it says none."""
    words = {*module.lower().replace(".", "_").split("_")}
    for name in _LAYERS:
        if words & {name, f"{name}s", f"{name.removesuffix('y')}ies"}:
            return name
    return None


def _layer(material: Material) -> tuple[State, Iterable[Evidence]]:
    layer = layer_of(material.subject.name)
    files = [Evidence("its tests", material.shown(file.path)) for file in material.files]
    if not files:
        stem = material.subject.path.stem
        return "not ok", [
            Evidence(f"no test file imports it, and none is named test_{stem}_<layer>.py")
        ]
    if layer is None:
        name = material.subject.name
        text = f"nothing in {name} says which layer it is (dao, service, router, dto ...)"
        return "cannot tell", [Evidence(text), *files]
    return "ok", [Evidence(f"its name says {layer}"), *files]


def _fixtures(material: Material) -> tuple[State, Iterable[Evidence]]:
    found = material.found("UND002", "UND003", "UND206", "UND207")
    if found:
        return "not ok", _places(material, found)
    used = sorted(
        {
            name
            for test, source in material.sources()
            for name in source.arguments
            if name in test.fixtures
        }
    )
    if not used:
        return "cannot tell", [Evidence("its tests use no fixtures")]
    return "ok", [Evidence(f"its tests use {', '.join(used)}")]


def _scenarios(material: Material) -> tuple[State, Iterable[Evidence]]:
    functions = material.subject.functions
    if not functions:
        return "cannot tell", [Evidence("it has no public function")]
    path = material.shown(material.subject.path)
    untested = [part for part in functions if not material.through(part)]
    if untested:
        return "not ok", [
            Evidence(f"no test calls {part.name}", path, part.first) for part in untested
        ]
    return "ok", [Evidence(messages.all_called(len(functions)))]


def _docstrings(material: Material) -> tuple[State, Iterable[Evidence]]:
    return _of_tests(material, messages.no_docstring, lambda source: source.documented)


def _hints(material: Material) -> tuple[State, Iterable[Evidence]]:
    return _of_tests(material, messages.no_hints, lambda source: source.hinted)


def _of_tests(
    material: Material, word: Callable[[str], str], holds: Callable[[TestFunction], bool]
) -> tuple[State, Iterable[Evidence]]:
    sources = list(material.sources())
    if not sources:
        return "cannot tell", [Evidence(messages.no_tests())]
    without = [(test, source) for test, source in sources if not holds(source)]
    if without:
        return "not ok", [
            Evidence(word(source.name), material.shown(material.root / test.path), source.line)
            for test, source in without
        ]
    return "ok", [Evidence(messages.all_tests(len(sources)))]


def _errors(material: Material) -> tuple[State, Iterable[Evidence]]:
    """Judge by the places that raise or handle, and by what the tests of each function expect."""
    subject = material.subject
    path = material.shown(subject.path)
    missing = [
        Evidence(
            "no test takes this except" if part.name == "except" else "no test gets to this raise",
            path,
            part.first,
        )
        for part in subject.error_places
        if not material.ran(part)
    ]
    expecting = {
        (test.path, test.function) for test, source in material.sources() if source.expects_error
    }
    failing = [test for test in material.tests if (test.path, test.function) in expecting]
    if missing:
        return "not ok", missing
    if not failing:
        return "not ok", [Evidence("no test of it expects an error")]
    names = {test.name for test in failing}
    taken = [
        Evidence(messages.error_tests(part.name, sorted(names & material.through(part))))
        for part in subject.functions
        if names & material.through(part)
    ]
    return "ok", taken or [Evidence(messages.error_tests(subject.name, sorted(names)))]


def _sql(material: Material) -> tuple[State, Iterable[Evidence]]:
    unread = [each for each in material.asked() if not each.read]
    if unread:
        return "not ok", [
            Evidence(messages.unread(each.sql, each.tests), each.place) for each in unread
        ]
    if found := material.found("UND101"):
        return "not ok", _places(material, found)
    if not material.asked():
        return "cannot tell", [Evidence(messages.nothing_asked())]
    return "ok", [
        Evidence("each statement that was asked of a fake was looked at, or a rule names it")
    ]


def _parameters(material: Material) -> tuple[State, Iterable[Evidence]]:
    unread = [each for each in material.asked() if each.takes and not each.read]
    if unread:
        return "not ok", [
            Evidence(messages.parameters_unread(each.sql), each.place) for each in unread
        ]
    if found := material.found("UND102"):
        return "not ok", _places(material, found)
    if not material.asked():
        return "cannot tell", [Evidence(messages.nothing_asked())]
    return "ok", [Evidence("no test looks at a statement and leaves its parameters out")]


def _passing(material: Material) -> tuple[State, Iterable[Evidence]]:
    if not material.tests:
        return "not ok", [Evidence(messages.no_tests())]
    failed = [test for test in material.tests if not test.passed]
    empty = material.found("UND001", "UND005", "UND006", "UND007", "UND017")
    if failed or empty:
        return "not ok", [
            *(
                Evidence(f"{each.name} fails: {each.why}" if each.why else f"{each.name} fails")
                for each in failed
            ),
            *_places(material, empty),
        ]
    return "ok", [Evidence(messages.passed(len(material.tests)))]


def _coverage(material: Material) -> tuple[State, Iterable[Evidence]]:
    report = material.report
    if not report:
        return "not ok", [Evidence(messages.never_imported())]
    percent = report["summary"]["percent_covered"]
    missing = report["missing_lines"]
    text = messages.covered(percent, missing)
    path = material.shown(material.subject.path)
    return ("not ok" if missing else "ok"), [Evidence(text, path, missing[0] if missing else 0)]


def _paths(material: Material) -> tuple[State, Iterable[Evidence]]:
    report = material.report
    if not report:
        return "not ok", [Evidence(messages.never_imported())]
    missing = report["missing_branches"]
    path = material.shown(material.subject.path)
    if missing:
        return "not ok", [
            Evidence(messages.branch(first, last), path, abs(first)) for first, last in missing
        ]
    return "ok", [Evidence(messages.all_branches(report["summary"]["num_branches"]))]


def _leftovers(material: Material) -> tuple[State, Iterable[Evidence]]:
    printing = [
        Evidence("a test prints here", material.shown(file.path), line)
        for file in material.files
        for source in file.tests.values()
        for line in source.prints
    ]
    commented = [
        Evidence("code in a comment", material.shown(path), line)
        for path, line in material.commented or ()
    ]
    if printing or commented:
        return "not ok", [*printing, *commented]
    if material.commented is None:
        return "cannot tell", [
            Evidence("no test prints; ruff finds code in comments (ERA001) and is not installed")
        ]
    return "ok", [Evidence(messages.no_leftovers(len(material.files)))]


_JUDGES: dict[Item, Judge] = {
    Item.LAYER: _layer,
    Item.FIXTURES: _fixtures,
    Item.DOUBLES: _by_rules(
        "UND004",
        "UND008",
        "UND014",
        "UND015",
        "UND016",
        otherwise="no double is of another kind than what it stands for",
    ),
    Item.SCENARIOS: _scenarios,
    Item.NAMES: _by_rules(
        "UND301", "UND302", otherwise="no name of a test or of its file is vague"
    ),
    Item.SECTIONS: _by_rules(
        "UND205", "UND304", otherwise="no test mixes them, or asserts only sometimes"
    ),
    Item.DOCSTRINGS: _docstrings,
    Item.HINTS: _hints,
    Item.LEVEL: _by_rules(
        "UND201",
        "UND202",
        "UND203",
        "UND208",
        otherwise="nothing private, and nothing of the module itself, is replaced",
    ),
    Item.ERRORS: _errors,
    Item.SQL: _sql,
    Item.PARAMETERS: _parameters,
    Item.PASSING: _passing,
    Item.COVERAGE: _coverage,
    Item.PATHS: _paths,
    Item.LEFTOVERS: _leftovers,
    Item.ISOLATED: isolation.isolated,
    Item.REPEATABLE: isolation.repeatable,
}
