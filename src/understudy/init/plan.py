"""Plan what to write: the scaffold, and the example tests that passed in a copy."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from understudy.init import report, workflow
from understudy.init.configuration import Configuration, configuration
from understudy.init.findings import Findings
from understudy.init.layers import LAYERS
from understudy.init.project_copy import copied
from understudy.init.questions import Decisions, Question
from understudy.init.schema import Schema
from understudy.init.verify_examples import Verification, verify

_NOT_RUN = "because of --no-run"


@dataclass(frozen=True)
class Change:
    """A file to write.

    Attributes:
        path: its path.
        before: its content now, or None if it does not exist.
        after: the content to write.
    """

    path: Path
    before: str | None
    after: str

    def diff(self, name: str) -> str:
        """Return the change as a unified diff of the file of this name."""
        lines = difflib.unified_diff(
            (self.before or "").splitlines(),
            self.after.splitlines(),
            "/dev/null" if self.before is None else name,
            name,
            lineterm="",
        )
        return "\n".join(lines)

    def written(self, name: str) -> str:
        """Return the line of the file in a list of those that were written."""
        return f"  {name}{'' if self.before is None else ' (changed)'}"

    def as_json(self, name: str) -> dict[str, object]:
        """Return the change for a JSON document."""
        return {"path": name, "new": self.before is None, "diff": self.diff(name)}


@dataclass(frozen=True)
class Example:
    """The result for a layer: the file with its test, or the reason why there is none."""

    layer: str
    file: Path | None
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """What to write.

    Attributes:
        changes: the files.
        examples: the result for each layer that was found.
        kept: the existing files that stay unchanged, each with the reason.
        questions: what is left as a TODO.
        notes: remarks for the user.
    """

    changes: Sequence[Change]
    examples: Sequence[Example]
    kept: Sequence[tuple[Path, str]]
    questions: Sequence[Question]
    notes: Sequence[str]


def make_plan(
    findings: Findings, decisions: Decisions, *, timeout: float | None, say: Callable[[str], None]
) -> Plan:
    """Make the plan. Only a copy of the project is written to, and deleted afterwards.

    Args:
        findings: what was found in the project.
        decisions: what was decided from it.
        timeout: the seconds that each run of pytest may take. None runs nothing, and so writes no
            example test.
        say: is called with a line about each step.

    Raises:
        InitError: The configuration cannot be extended, or the project cannot be copied.
    """
    config = configuration(findings, decisions)
    layers = _without_tests(findings)
    verified = Verification()
    notes: list[str] = []
    if timeout is None:
        verified = Verification({}, dict.fromkeys(layers, _NOT_RUN), None, _NOT_RUN)
    elif layers or (decisions.schema is not None and decisions.schema.setting):
        with copied(findings.root, timeout) as copy:
            verified = verify(findings, decisions, config, layers, copy, say)
            for other in _other_schemas(findings, decisions):
                if verified.schema_problem is None:
                    break
                source = f"{other.what} ({other.place})"
                notes.append(f"{verified.schema_problem}\nThe schema comes from {source} instead.")
                say(f"The schema could not be loaded. Trying {source}:")
                decisions = replace(decisions, schema=other)
                config = configuration(findings, decisions)
                verified = verify(findings, decisions, config, layers, copy, say)
    if verified.schema_problem is not None:
        question = Question(findings.database.schema, verified.schema_problem)
        decisions = replace(decisions, schema=None, questions=[*decisions.questions, question])
        config = configuration(findings, decisions)
    return _plan(findings, decisions, config, verified, notes)


def _other_schemas(findings: Findings, decisions: Decisions) -> Sequence[Schema]:
    """Return the sources of the schema to try if the chosen one fails."""
    if decisions.schema is None:
        return ()
    after = findings.schemas.index(decisions.schema) + 1
    return [schema for schema in findings.schemas[after:] if schema.setting]


def _without_tests(findings: Findings) -> list[str]:
    """Return the layers that were found and have no test file named after them yet."""
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
    verified: Verification,
    notes: list[str],
) -> Plan:
    root, tests = findings.root, findings.configured.tests
    changes = changes_to({root / file.path: file.text for file in config.files})
    examples = []
    for layer in LAYERS:
        if layer in verified.chosen:
            chosen = verified.chosen[layer]
            examples.append(Example(layer, tests / chosen.file))
            changes.append(Change(root / tests / chosen.file, None, chosen.text))
        elif layer in verified.reasons:
            examples.append(Example(layer, None, verified.reasons[layer]))
    for_ci, kept = _workflow(findings, decisions)
    if for_ci is not None:
        changes.append(for_ci)
    if findings.variables is not None and findings.variables.required and changes:
        names = ", ".join(findings.variables.required)
        notes.append(
            f"The app requires {names}, which no .env file sets.\nThe tests have values of their "
            "own for them in fake_postgres_env and real_postgres_env."
        )
    bound, runners = findings.loop_bound, next(iter(findings.modules)).project.runners
    if bound is not None and runners.asyncio_before_1 and changes:
        notes.append(
            f"The {bound.kind} {bound.name} ({bound.place}) is kept for all tests, and its "
            "connections belong to an event loop.\nBefore 1.0, pytest-asyncio gives each test a "
            "loop of its own. Upgrade it and run this again,\nor close the connections at the end "
            "of each test, in a fixture of conftest.py."
        )
    if decisions.schema is not None and verified.schema_untried is not None and changes:
        notes.append(f"The schema was not tried: {report.gist(verified.schema_untried)}")
    return Plan(changes, examples, [*config.kept, *kept], decisions.questions, notes)


def changes_to(files: Mapping[Path, str]) -> list[Change]:
    """Return the changes that give files these texts; none for a file that has it."""
    changes = [Change(path, _read(path), text) for path, text in files.items()]
    return [change for change in changes if change.before != change.after]


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None


def _workflow(
    findings: Findings, decisions: Decisions
) -> tuple[Change | None, list[tuple[Path, str]]]:
    """Return a workflow for CI, unless something runs pytest already."""
    root = findings.root
    repository = next(
        (parent for parent in (root, *root.parents) if (parent / ".git").exists()), root
    )
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
    text = workflow.text(findings, "" if inside == "." else inside, decisions.driver)
    return Change(path, None, text), []
