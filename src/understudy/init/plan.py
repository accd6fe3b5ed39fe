"""What is to be written: the scaffold, and the example tests that passed in a copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from understudy.init import messages, scaffold
from understudy.init.configuration import Configuration, configuration
from understudy.init.findings import Findings
from understudy.init.layers import LAYERS
from understudy.init.project_copy import copied
from understudy.init.questions import Decisions, Question
from understudy.init.schema import Schema
from understudy.init.verify_examples import Trial, run_trial


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


def make_plan(
    findings: Findings,
    decisions: Decisions,
    *,
    timeout: float | None,
    say: Callable[[str], None],
) -> Plan:
    """Make the plan. It writes only to a copy, and deletes that afterwards.

    Args:
        findings: what was found in the project.
        decisions: what was decided from it.
        timeout: the seconds that each run of pytest may take; None: run nothing, and so write no
            example test.
        say: is told what is being done.

    Raises:
        WriterError: the configuration cannot be added to, or the project not be copied.
    """
    config = configuration(findings, decisions)
    layers = _without_tests(findings)
    trial = Trial()
    notes: list[str] = []
    if timeout is None:
        trial.reasons = dict.fromkeys(layers, messages.not_run())
        trial.untried = messages.not_run()
    elif layers or (decisions.schema is not None and decisions.schema.setting):
        with copied(findings.root, timeout) as copy:
            trial = run_trial(findings, decisions, config, layers, copy, timeout, say)
            for other in _other_schemas(findings, decisions):
                if trial.schema_problem is None:
                    break
                notes.append(
                    f"{trial.schema_problem}\n"
                    f"So the schema is taken from {other.what} ({other.place})."
                )
                say(
                    f"The schema could not be loaded. Once more, with {other.what} ({other.place}):"
                )
                decisions = replace(decisions, schema=other)
                config = configuration(findings, decisions)
                trial = run_trial(findings, decisions, config, layers, copy, timeout, say)
    if trial.schema_problem is not None:
        question = Question("schema", trial.schema_problem)
        decisions = replace(decisions, schema=None, questions=[*decisions.questions, question])
        config = configuration(findings, decisions)
    return _plan(findings, decisions, config, trial, notes)


def _other_schemas(findings: Findings, decisions: Decisions) -> Sequence[Schema]:
    """What the schema can be taken from where the chosen source fails."""
    if decisions.schema is None:
        return ()
    after = findings.schemas.index(decisions.schema) + 1
    return [each for each in findings.schemas[after:] if each.setting]


def _without_tests(findings: Findings) -> list[str]:
    """The layers that were found and have no test file yet that is named for them."""
    tests = findings.root / findings.configured.tests
    return [
        layer
        for layer in LAYERS
        if findings.layers[layer] and not any(tests.rglob(f"test_*_{layer}.py"))
    ]


def _plan(
    findings: Findings,
    decisions: Decisions,
    config: Configuration,
    trial: Trial,
    notes: list[str],
) -> Plan:
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
            changes.append(Change(root / file_, None, trial.chosen[layer].text))
        elif layer in trial.reasons:
            examples.append(Example(layer, None, trial.reasons[layer]))
    workflow, kept = _workflow(findings, decisions)
    if workflow is not None:
        changes.append(workflow)
    if decisions.schema is not None and trial.untried is not None and changes:
        notes.append(f"The schema was not tried: {messages.gist(trial.untried)}")
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
            return None, [(repository / name, "is another CI; the commands for it are below")]
    folder = repository / ".github" / "workflows"
    for file in sorted(folder.glob("*.y*ml")):
        text = _read(file) or ""
        if "pytest" in text:
            return None, [(file, "runs pytest already")]
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
    from understudy.init.existing_configuration import load_toml

    text = findings.configured.pyproject
    return {} if text is None else load_toml(findings.root / "pyproject.toml", text)
