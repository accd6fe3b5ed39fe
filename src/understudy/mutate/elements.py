"""The results in the JSON of mutation-testing-elements, which shows them in a browser.

The schema is version 2 of https://github.com/stryker-mutator/mutation-testing-elements
(packages/report-schema). Lines and columns begin at 1; an end is exclusive.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from understudy import __version__
from understudy.mutate.locations import Located, Locator
from understudy.mutate.results import Outcome, Result, Results

_VERSION = "2.0"
_STATUS: Mapping[Outcome, str] = {
    "killed": "Killed",
    "timeout": "Timeout",
    "alive": "Survived",
    "equivalent": "Ignored",
    "refused": "CompileError",
    "not reached": "NoCoverage",
    "not run": "Pending",
}
_LOW = 60  # percent, below which the viewer's colour is red
_HIGH = 80


def document(results: Results, root: Path, locator: Locator, threshold: float | None) -> str:
    """Return the results as JSON.

    Args:
        results: the results.
        root: the project's folder, to which paths are relative.
        locator: finds the place of a mutant in the source.
        threshold: the percentage that is demanded; None if none is.
    """
    files: dict[str, Any] = {}
    for statement in results.statements:
        for number, result in enumerate(statement.results):
            located = locator.locate(statement.statement, result.mutant)
            file = files.setdefault(
                located.name,
                {"language": located.language, "source": located.source, "mutants": []},
            )
            senders = [sender.name for sender in statement.statement.senders]
            identity = f"{located.name}:{located.start[0]}:{len(file['mutants'])}:{number}"
            file["mutants"].append(_mutant(identity, result, located, senders))
    high = _HIGH if threshold is None else max(_LOW, min(100, round(threshold)))
    found = {
        "schemaVersion": _VERSION,
        "thresholds": {"high": high, "low": min(_LOW, high)},
        "projectRoot": str(root),
        "framework": {"name": "Understudy", "version": __version__},
        "performance": {
            "setup": 0,
            "initialRun": round(results.recorded_in * 1000),
            "mutation": round(max(0.0, results.seconds - results.recorded_in) * 1000),
        },
        "files": files,
        "testFiles": _test_files(results),
    }
    return json.dumps(found, indent=2, ensure_ascii=False)


def _mutant(identity: str, result: Result, located: Located, senders: list[str]) -> dict[str, Any]:
    line, column = located.start
    last, end = located.end
    found: dict[str, Any] = {
        "id": identity,
        "mutatorName": result.mutant.operator,
        "description": result.mutant.sentence,
        "replacement": result.mutant.sql,
        "statement": result.mutant.statement,  # not in the schema, which allows more
        "location": {
            "start": {"line": line, "column": column},
            "end": {"line": last, "column": end},
        },
        "status": _STATUS[result.outcome],
        "coveredBy": senders,
        "killedBy": [result.killed_by] if result.killed_by else [],
        "testsCompleted": result.tests,
        "duration": round(result.seconds * 1000),
    }
    if reason := _reason(result):
        found["statusReason"] = reason
    return found


def _reason(result: Result) -> str:
    if result.outcome == "equivalent":
        reason = result.reason or "it does the same as the original on generated rows"
        return f"probably equivalent: {reason}"
    if result.outcome == "alive" and result.telling:
        return f"would be told by {result.telling}"
    return f"{result.kind}: {result.reason}" if result.kind else result.reason


def _test_files(results: Results) -> dict[str, Any]:
    names = {
        sender.name: None
        for statement in results.statements
        for sender in statement.statement.senders
    }
    files: dict[str, Any] = {}
    for name in names:
        file, _, test = name.partition("::")
        files.setdefault(file, {"tests": []})["tests"].append({"id": name, "name": test})
    return files
