"""Run the project in its copy: whether its schema loads, and which example tests pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from understudy.init import report
from understudy.init.configuration import Configuration, configuration
from understudy.init.database_kind import MYSQL, DatabaseKind
from understudy.init.example_dao import dao_examples
from understudy.init.example_driver import Recording, recorded_examples, recording_text, recordings
from understudy.init.example_service import service_examples
from understudy.init.example_web import dto_examples, router_examples
from understudy.init.examples import Candidate, LayerExamples
from understudy.init.findings import Findings
from understudy.init.modules import stays_local
from understudy.init.project_copy import SCHEMA, Copy, Report
from understudy.init.questions import Decisions
from understudy.script.formatting import counted

_MOST_MODELS = 40
Say = Callable[[str], None]


@dataclass
class Verification:
    """What running the project showed.

    Attributes:
        chosen: the passing test of each layer that has one.
        reasons: why the other layers have none.
        schema_problem: why the schema cannot be loaded.
        schema_untried: why it is not known whether it can be.
    """

    chosen: dict[str, Candidate] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    schema_problem: str | None = None
    schema_untried: str | None = None


def verify(
    findings: Findings,
    decisions: Decisions,
    config: Configuration,
    layers: Sequence[str],
    copy: Copy,
    say: Say,
) -> Verification:
    """Ask the project about itself in its copy, then run the candidates for example tests.

    Args:
        findings: what was found in the project.
        decisions: what was decided from it.
        config: the configuration to write.
        layers: those that need an example.
        copy: the copy of the project.
        say: is called with a line about each step.
    """
    tests = findings.configured.tests
    copy.write_all(config.files)
    say(
        "Importing your app and models and loading your schema, in a copy of the project and a "
        f"separate {findings.database.name} (at most {copy.timeout:g} s) ..."
    )
    said = copy.ask(tests, _request(findings, decisions, layers, copy))
    problem = _schema_problem(decisions, said, copy.timeout)
    if not said.ended and not said.of("schema"):
        reason = said.why_it_ended()
        return Verification({}, dict.fromkeys(layers, reason), problem, reason)
    if problem is not None:
        config = configuration(findings, replace(decisions, schema=None))
        copy.write_all(config.files)
    found = Verification(schema_problem=problem)
    runs = _Runs(copy, tests, say, found)
    examples = _examples(findings, decisions, config, layers, said)
    recorded: Sequence[Recording] = ()
    if "dao" in layers and not ("dao" in examples and examples["dao"].candidates):
        recorded = recordings(findings.layers["dao"], findings.modules, decisions.driver)
        if not recorded:
            drivers = "asyncpg, psycopg"
            if findings.database is MYSQL:
                drivers = "aiomysql, asyncmy, PyMySQL"
            reason = (
                f"no method or function takes a connection of {drivers} or SQLAlchemy and "
                "otherwise plain arguments"
            )
            examples.setdefault("dao", LayerExamples((), reason))
    records = runs.run(examples, recorded)
    if records:
        runs.run({"dao": recorded_examples(recorded, records, findings.modules, config.fakes)})
    if not said.of("schema"):
        kind = findings.database
        needed = f"that needs {kind.needed}"
        found.schema_untried = said.why_it_ended() if kind.has_server() else needed
    return found


def _request(
    findings: Findings, decisions: Decisions, layers: Sequence[str], copy: Copy
) -> Mapping[str, Any]:
    models = findings.layers["dto"][:_MOST_MODELS] if "dto" in layers else ()
    return {
        "path": [str(copy.root), str(copy.root / findings.base)],
        "apps": [decisions.app.target] if decisions.app and "router" in layers else [],
        "models": [(part.module.name, part.name) for part in models],
        findings.database.schema: (
            decisions.schema.setting if decisions.schema and findings.database.has_server() else []
        ),
    }


def _schema_problem(decisions: Decisions, said: Report, timeout: float) -> str | None:
    """Return why PostgreSQL rejects the schema, or None if it does not, or was not asked."""
    schema = decisions.schema
    if schema is None:
        return None
    for answer in said.of("schema"):
        if answer["error"] is None:
            return None
        return (
            f"{schema.what} ({schema.place}) could not be loaded:\n{report.gist(answer['error'])}"
        )
    if not said.ended and said.last == SCHEMA:
        return f"{schema.what} ({schema.place}) was not loaded within {timeout:g} s."
    return None


def _reached(findings: Findings) -> DatabaseKind | None:
    """Return the kind of the real database if a request may be tried: it reaches nothing else."""
    kind = findings.database
    is_reached = findings.variables is not None and stays_local(findings.modules)
    return kind if is_reached and kind.has_server() else None


def _examples(
    findings: Findings,
    decisions: Decisions,
    config: Configuration,
    layers: Sequence[str],
    said: Report,
) -> dict[str, LayerExamples]:
    """Return the candidates of each layer; those of a DAO on a real driver come later."""
    parts = findings.layers
    found: dict[str, LayerExamples] = {}
    if "router" in layers:
        app = next(iter(said.of("app")), None)
        if decisions.app is None:
            found["router"] = LayerExamples((), "the app is not chosen yet")
        elif app is None or app["error"] is not None:
            found["router"] = LayerExamples((), app["error"] if app else said.why_it_ended())
        else:
            found["router"] = router_examples(
                parts["router"], app["routes"], findings.modules, database=_reached(findings)
            )
    if "service" in layers:
        found["service"] = service_examples(parts["service"], findings.modules, config.fakes)
    if "dao" in layers and decisions.driver == "psqlpy":
        found["dao"] = dao_examples(parts["dao"], config.fakes)
    if "dto" in layers:
        models = said.of("model")
        sound = [model for model in models if model["error"] is None]
        if sound:
            found["dto"] = dto_examples(parts["dto"], sound)
        else:
            found["dto"] = LayerExamples((), models[0]["error"] if models else said.why_it_ended())
    return found


@dataclass
class _Runs:
    """Runs of candidates in the copy, with their results."""

    copy: Copy
    tests: Path
    say: Say
    found: Verification

    def run(
        self, examples: Mapping[str, LayerExamples], recorded: Sequence[Recording] = ()
    ) -> list[Mapping[str, Any]]:
        """Run every candidate, and choose for each layer the first that passes.

        Returns:
            What the recordings recorded.
        """
        found = self.found
        found.reasons |= {layer: candidates.reason for layer, candidates in examples.items()}
        files: dict[str, Candidate] = {}
        for layer, candidates in examples.items():
            for number, candidate in enumerate(candidates.candidates):
                files[self._write(layer, number, candidate.text)] = candidate
        recording_files = [
            self._write("recording", number, recording_text(recording, number))
            for number, recording in enumerate(recorded)
        ]
        count = len(files) + len(recording_files)
        if not count:
            return []
        tests = counted(count, "example test")
        self.say(f"Running {tests} in the copy (at most {self.copy.timeout:g} s) ...")
        # Recordings last, because one of them may hang.
        said = self.copy.pytest([*files, *recording_files], {})
        outcomes: dict[str, tuple[bool, str]] = {}
        for test in said.of("test"):
            outcomes.setdefault(test["file"], (test["passed"], test["error"]))
        for name, candidate in files.items():
            passed, error = outcomes.get(name, (False, ""))
            if passed:
                found.chosen.setdefault(candidate.layer, candidate)
            elif not found.reasons[candidate.layer]:
                found.reasons[candidate.layer] = error or said.why_it_ended()
        records = said.of("sent")
        if recording_files and not records:
            error = outcomes.get(recording_files[0], (False, ""))[1]
            found.reasons["dao"] = error or said.why_it_ended()
        return records

    def _write(self, layer: str, number: int, text: str) -> str:
        path = self.tests / f"test_understudy_{layer}_{number:02}.py"
        self.copy.write(path, text)
        return path.as_posix()
