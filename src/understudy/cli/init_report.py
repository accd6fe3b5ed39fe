"""What `understudy init` shows: for a person, or as JSON."""

from __future__ import annotations

import difflib
import importlib.util
import json
import os
from pathlib import Path

from understudy.cli import init_messages as messages
from understudy.init import Change, Findings, Plan, scaffold
from understudy.init.layers import LAYERS
from understudy.init.questions import Decisions


def found(findings: Findings) -> str:
    """What the project is made of, each with the line that shows it."""
    rows = [("app", app.target, str(app.place)) for app in findings.apps[:3]]
    rows += [("schema", each.what, str(each.place)) for each in findings.schemas[:2]]
    rows += [("driver", each.name, str(each.place)) for each in findings.drivers[:3]]
    for layer in LAYERS:
        parts = findings.layers[layer]
        if parts:
            count = messages.members(layer, len(parts), len({each.module for each in parts}))
            rows.append((layer, count, str(parts[0].place)))
    for key in ("schema", "driver", *LAYERS):
        if key not in {row[0] for row in rows}:
            rows.append((key, "none found", ""))
    order = ["app", "schema", "driver", *LAYERS]
    rows.sort(key=lambda row: order.index(row[0]))
    where = findings.configured.pytest.file
    rows.append(("pytest", f"configured in {where}" if where else "not configured", ""))
    return messages.found(findings, rows)


def planned(findings: Findings, plan: Plan) -> str:
    """The examples, what is left alone, what is left to do, and every change as a diff."""
    parts = [messages.examples(plan.examples)] if plan.examples else []
    if plan.kept:
        parts.append(messages.kept([(shown(path, findings), how) for path, how in plan.kept]))
    if plan.questions:
        parts.append(messages.questions(plan.questions))
    parts += ["\n".join(plan.notes)] if plan.notes else []
    if plan.changes:
        parts += ["To be written:", *(diff(change, findings) for change in plan.changes)]
    return "\n" + "\n\n".join(parts)


def diff(change: Change, findings: Findings) -> str:
    """A change as a unified diff."""
    name = shown(change.path, findings)
    before = (change.before or "").splitlines()
    lines = difflib.unified_diff(
        before,
        change.after.splitlines(),
        "/dev/null" if change.before is None else name,
        name,
        lineterm="",
    )
    return "\n".join(lines)


def shown(path: Path, findings: Findings) -> str:
    """A path from the folder that was given, which may lie below it."""
    return Path(os.path.relpath(path, findings.folder)).as_posix()


def ended(findings: Findings, decisions: Decisions, plan: Plan, *, written: bool) -> str:
    """What was written, and what to run next."""
    if not plan.changes:
        return "\nNothing to do: the scaffold is there already."
    files = [(shown(each.path, findings), each.before is None) for each in plan.changes]
    if not written:
        return messages.only_shown(len(files))
    return messages.written(files, next_steps(findings, decisions))


def next_steps(findings: Findings, decisions: Decisions) -> list[str]:
    """The commands to run next."""
    steps = []
    if findings.root != Path.cwd():
        steps.append(f"cd {os.path.relpath(findings.root)}")
    missing = [
        name
        for name, module in (("pytest-asyncio", "pytest_asyncio"), ("pytest-cov", "pytest_cov"))
        if importlib.util.find_spec(module) is None
    ]
    steps.append(
        " ".join(["python -m pip install", f'"{scaffold.extras(decisions.driver)}"', *missing])
    )
    return [*steps, *scaffold.commands(findings.package)]


def as_json(findings: Findings, decisions: Decisions, plan: Plan, *, written: bool) -> str:
    """Everything, as one JSON document."""
    document = {
        "folder": str(findings.folder),
        "root": shown(findings.root, findings),
        "found": {
            "app": [
                {"target": each.target, "at": str(each.place), "needs": list(each.needs)}
                for each in findings.apps
            ],
            "schema": [
                {"setting": list(each.setting), "what": each.what, "at": str(each.place)}
                for each in findings.schemas
            ],
            "driver": [{"name": each.name, "at": str(each.place)} for each in findings.drivers],
            "layers": {
                layer: [{"name": each.name, "at": str(each.place)} for each in parts]
                for layer, parts in findings.layers.items()
            },
            "unread": [
                {"file": each.file.as_posix(), "reason": each.reason} for each in findings.unread
            ],
        },
        "settings": {
            "app": decisions.app.target if decisions.app else None,
            "schema": list(decisions.schema.setting) if decisions.schema else None,
            "driver": decisions.driver,
        },
        "todo": [
            {
                "key": each.key,
                "reason": each.reason,
                "options": [option.value for option in each.options],
            }
            for each in plan.questions
        ],
        "examples": [
            {
                "layer": each.layer,
                "file": each.file.as_posix() if each.file else None,
                "reason": each.reason or None,
            }
            for each in plan.examples
        ],
        "files": [
            {
                "path": shown(each.path, findings),
                "new": each.before is None,
                "diff": diff(each, findings),
            }
            for each in plan.changes
        ],
        "notes": list(plan.notes),
        "kept": [{"path": shown(path, findings), "why": why} for path, why in plan.kept],
        "written": written,
        "next": next_steps(findings, decisions),
    }
    return json.dumps(document, indent=2)
