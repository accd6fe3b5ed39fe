"""What `understudy init` prints: for a person, or as JSON."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import indent

from understudy.init import Findings, Plan, report, scaffold
from understudy.init.layers import LAYERS
from understudy.init.plan import Example
from understudy.init.questions import Decisions, Question
from understudy.script.formatting import counted

_NOUNS = {"router": "route", "service": "service", "dao": "DAO", "dto": "DTO"}


def found(findings: Findings) -> str:
    """Return a table of what was found, each with its place."""
    rows = [("app", app.target, str(app.place)) for app in findings.apps[:3]]
    rows += [("schema", schema.what, str(schema.place)) for schema in findings.schemas[:2]]
    if findings.variables is not None:
        names = ", ".join(findings.variables.values)
        rows.append(("address", names, str(findings.variables.place)))
    rows += [("driver", driver.name, str(driver.place)) for driver in findings.drivers[:3]]
    for layer in LAYERS:
        parts = findings.layers[layer]
        if parts:
            files = counted(len({part.module for part in parts}), "file")
            what = f"{counted(len(parts), _NOUNS[layer])} in {files}"
            rows.append((layer, what, str(parts[0].place)))
    order = ["app", "schema", "address", "driver", *LAYERS]
    missing = set(order) - {"address"} - {row[0] for row in rows}
    rows += [(key, "none found", "") for key in order if key in missing]
    rows.sort(key=lambda row: order.index(row[0]))
    if (bound := findings.loop_bound) is not None:
        rows.append(
            ("loops", f"the {bound.kind} {bound.name} is kept for all tests", str(bound.place))
        )
    file = findings.configured.pytest.file
    rows.append(("pytest", f"configured in {file}" if file else "not configured", ""))
    return "\n".join(_found_lines(findings, rows))


def _found_lines(findings: Findings, rows: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    root = findings.root.relative_to(findings.folder).as_posix()
    where = "" if root == "." else f" in {root}"
    yield f"Found{where} ({counted(len(findings.sources.trees), 'Python file')} read):"
    rows = list(rows)
    width = max(len(what) for _, what, _ in rows) + 2
    before = ""
    for key, what, place in rows:
        yield f"  {'' if key == before else key:<9}{what:<{width}}{place}".rstrip()
        before = key
    if findings.unread:
        yield "Left out:"
        yield report.unread_files(findings.unread)


def planned(findings: Findings, plan: Plan) -> str:
    """Return the examples, the unchanged files, the open questions, and a diff of each change."""
    parts = []
    if plan.examples:
        parts.append("\n".join(["Example tests:", *map(_example, plan.examples)]))
    if plan.kept:
        kept = [f"  {shown(path, findings)} {reason}" for path, reason in plan.kept]
        parts.append("\n".join(["Unchanged:", *kept]))
    if plan.questions:
        lines = ["Not decided, left as a TODO in pyproject.toml:"]
        for question in plan.questions:
            lines.append(f"  {question.key}: {indent(question.reason, ' ' * 4).strip()}")
            lines += [f"    {option.value} ({option.place})" for option in question.options]
        parts.append("\n".join(lines))
    parts += ["\n".join(plan.notes)] if plan.notes else []
    if plan.changes:
        diffs = [change.diff(shown(change.path, findings)) for change in plan.changes]
        parts += ["To be written:", *diffs]
    return "\n" + "\n\n".join(parts)


def _example(example: Example) -> str:
    if example.file is not None:
        return f"  {example.layer:<9}passes: {example.file.as_posix()}"
    reason = indent(report.gist(example.reason), " " * 17).strip()
    return f"  {example.layer:<9}none: {reason}"


def choices(question: Question) -> str:
    """Return a question with its numbered options."""
    lines = [f"{question.key}: {question.reason}"]
    for number, option in enumerate(question.options, 1):
        lines.append(f"  {number}  {option.value} ({option.place})")
    return "\n".join(lines)


def loop_question(findings: Findings) -> str:
    """Return the question whether all tests are to share an event loop."""
    bound = findings.loop_bound
    assert bound is not None, "it is the reason to ask"
    return (
        f"loops: the {bound.kind} {bound.name} ({bound.place}) is kept for all tests, and its "
        "connections belong to an event loop.\nLet all tests share a loop?"
    )


def ruff_question(decisions: Decisions) -> str:
    """Return the question whether ruff is to look for pitfalls in the tests."""
    return (
        f"ruff: it is configured here, and without these rules for tests: "
        f"{', '.join(decisions.ruff)}.\n`understudy explain ruff` says what they find. "
        "Switch them on for the tests alone?"
    )


def shown(path: Path, findings: Findings) -> str:
    """Return a path relative to the folder that the user named."""
    return Path(os.path.relpath(path, findings.folder)).as_posix()


def ended(findings: Findings, decisions: Decisions, plan: Plan, *, written: bool) -> str:
    """Return what was written, and what to run next."""
    if not plan.changes:
        return "\nNothing to do: the scaffold is there already."
    if not written:
        count = len(plan.changes)
        files = "file" if count == 1 else f"{count} files"
        return f"\nNothing was written. To write the {files}: understudy init"
    files_ = [change.written(shown(change.path, findings)) for change in plan.changes]
    steps = [f"  {step}" for step in next_steps(findings, decisions)]
    return "\n".join(["", "Written:", *files_, "", "Next:", *steps])


def next_steps(findings: Findings, decisions: Decisions) -> list[str]:
    """Return the commands to run next."""
    steps = []
    if findings.root != Path.cwd():
        steps.append(f"cd {os.path.relpath(findings.root)}")
    missing = [
        name
        for name, module in (("pytest-asyncio", "pytest_asyncio"), ("pytest-cov", "pytest_cov"))
        if importlib.util.find_spec(module) is None
    ]
    packages = [
        f'"{scaffold.extras(findings.web_extra, decisions.driver, findings.database)}"',
        *missing,
    ]
    steps.append(f"python -m pip install {' '.join(packages)}")
    return [*steps, *scaffold.commands(findings.package)]


def as_json(findings: Findings, decisions: Decisions, plan: Plan, *, written: bool) -> str:
    """Return everything as one JSON document."""
    document = {
        "folder": str(findings.folder),
        "root": shown(findings.root, findings),
        "found": {
            "app": [
                {"target": app.target, "at": str(app.place), "needs": list(app.needs)}
                for app in findings.apps
            ],
            "schema": [
                {"setting": list(schema.setting), "what": schema.what, "at": str(schema.place)}
                for schema in findings.schemas
            ],
            "driver": [
                {"name": driver.name, "at": str(driver.place)} for driver in findings.drivers
            ],
            "layers": {
                layer: [{"name": part.name, "at": str(part.place)} for part in parts]
                for layer, parts in findings.layers.items()
            },
            "unread": [
                {"file": unread.file.as_posix(), "reason": unread.reason}
                for unread in findings.unread
            ],
        },
        "settings": {
            "app": decisions.app.target if decisions.app else None,
            "schema": list(decisions.schema.setting) if decisions.schema else None,
            "driver": decisions.driver,
            "loop_scope": decisions.loop_scope,
            "ruff": list(decisions.ruff),
        },
        "todo": [
            {
                "key": question.key,
                "reason": question.reason,
                "options": [option.value for option in question.options],
            }
            for question in plan.questions
        ],
        "examples": [
            {
                "layer": example.layer,
                "file": example.file.as_posix() if example.file else None,
                "reason": example.reason or None,
            }
            for example in plan.examples
        ],
        "files": [change.as_json(shown(change.path, findings)) for change in plan.changes],
        "notes": list(plan.notes),
        "kept": [{"path": shown(path, findings), "why": reason} for path, reason in plan.kept],
        "written": written,
        "next": next_steps(findings, decisions),
    }
    return json.dumps(document, indent=2)
