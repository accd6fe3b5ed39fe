"""Findings as text, JSON, annotations of GitHub Actions, and SARIF."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy import __version__
from understudy.lint.finding import Finding, Problem
from understudy.lint.registry import all_rules
from understudy.script.formatting import counted

Style = Callable[..., str]


def shown(path: str) -> str:
    """Return a path for a message: relative to the working directory if it is below that."""
    relative = os.path.relpath(path) if Path(path).is_relative_to(Path.cwd()) else path
    return Path(relative).as_posix()


def as_text(findings: Sequence[Finding], problems: Sequence[Problem], style: Style) -> list[str]:
    """Return a line for each finding, then one for each file that could not be checked."""
    lines = []
    for finding in findings:
        place = f"{style(shown(finding.path), bold=True)}:{finding.line}:{finding.column}"
        lines.append(f"{place}: {style(finding.code, fg='red', bold=True)} {finding.message}")
    lines += [f"{style(shown(problem.path), bold=True)}: {problem.reason}" for problem in problems]
    return lines


def summary(
    findings: Sequence[Finding], problems: Sequence[Problem], files: int, *, offers_fix: bool
) -> str:
    """Return the lines below the findings: how many there are, and what to do next."""
    lines = []
    if findings:
        touched = counted(len({finding.path for finding in findings}), "file")
        text = f"Found {counted(len(findings), 'problem')} in {touched}."
        fixable = sum(all_rules()[finding.code].fixable for finding in findings)
        if offers_fix and fixable:
            text += f" --fix can fix {fixable}; --diff shows how."
        code = min(finding.code for finding in findings)
        lines = ["", text, f"Why, and what to do instead: understudy explain {code}"]
    elif not problems:
        lines = [f"{counted(files, 'file')} checked, nothing found."]
    if problems:
        lines += ["", f"{counted(len(problems), 'file')} could not be checked."]
    return "\n".join(lines)


def as_json(findings: Sequence[Finding], problems: Sequence[Problem], files: int) -> str:
    """Return one JSON document."""
    rules = all_rules()
    return _json(
        {
            "files": files,
            "findings": [
                {
                    "path": shown(finding.path),
                    "line": finding.line,
                    "column": finding.column,
                    "code": finding.code,
                    "name": rules[finding.code].name,
                    "message": finding.message,
                    "fixable": rules[finding.code].fixable,
                }
                for finding in findings
            ],
            "problems": [
                {"path": shown(problem.path), "reason": problem.reason} for problem in problems
            ],
        }
    )


def as_github(findings: Sequence[Finding], problems: Sequence[Problem]) -> list[str]:
    """Return annotations that GitHub Actions shows beside the lines."""
    lines = [
        f"::error file={_property(shown(finding.path))},line={finding.line},col={finding.column},"
        f"title={finding.code} {all_rules()[finding.code].name}::{_data(finding.message)}"
        for finding in findings
    ]
    return lines + [
        f"::error file={_property(shown(problem.path))},title=understudy lint::"
        f"{_data(problem.reason)}"
        for problem in problems
    ]


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def as_sarif(findings: Sequence[Finding], problems: Sequence[Problem]) -> str:
    """Return a document in SARIF 2.1.0."""
    rules = [rule for code, rule in all_rules().items() if any(f.code == code for f in findings)]
    driver = {
        "name": "understudy",
        "version": __version__,
        "rules": [
            {
                "id": rule.code,
                "name": rule.name,
                "shortDescription": {"text": rule.why},
                "help": {"text": rule.instead},
            }
            for rule in rules
        ],
    }
    results = [
        _result(
            finding.path,
            finding.message,
            {"region": {"startLine": finding.line, "startColumn": finding.column}},
            ruleId=finding.code,
        )
        for finding in findings
    ]
    notes = [_result(problem.path, problem.reason, {}) for problem in problems]
    invocation = {"executionSuccessful": not problems, "toolExecutionNotifications": notes}
    return _json(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {"driver": driver},
                    "invocations": [invocation],
                    "columnKind": "unicodeCodePoints",
                    "results": results,
                }
            ],
        }
    )


def _result(path: str, text: str, region: Mapping[str, Any], **more: str) -> Mapping[str, Any]:
    place = {"artifactLocation": {"uri": shown(path)}, **region}
    locations = [{"physicalLocation": place}]
    return {**more, "level": "error", "message": {"text": text}, "locations": locations}


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)
