"""Trials in which one call to the database fails."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from understudy.catalog.description import Constraint, SchemaFacts
from understudy.pg.writes import is_write
from understudy.project import parsing
from understudy.rows.table_facts import Schema
from understudy.script.boundary import Event
from understudy.script.formatting import quoted
from understudy.sweep.faults import DROP, Fault, Schemas, described, possible
from understudy.sweep.violations import PostgresSchema
from understudy.sweep.written_tests import fault_rule
from understudy.write.trials import OpenArcs, Target, Trial

_MOST_CALLS = 5
_MOST_WITHOUT_HANDLER = 2
_MOST = 14
_NAMES = ("23505", "23503", "23514", DROP, "57014", "40001")
# What the name of an exception in an `except` says of the fault that raises it, likeliest first.
_RAISED_BY = (
    (("unique", "duplicate"), ("23505",)),
    (("foreignkey",), ("23503",)),
    (("check",), ("23514",)),
    (("integrity",), ("23505", "23503", "23514")),
    (("serializ", "deadlock", "retry"), ("40001",)),
    (("timeout", "cancel"), ("57014",)),
    (("operational", "interface", "connection", "oserror"), (DROP, "57014")),
)
_WORDS = {
    "23505": "a unique key is taken",
    "23503": "a foreign key has no row",
    "23514": "a check does not hold",
    "40001": "it cannot be serialized",
    "57014": "it times out",
    DROP: "the connection is lost",
}


@dataclass(frozen=True)
class FaultTrial:
    """What a trial with a fault has that its original has not.

    Attributes:
        script: the rule that lets a call fail.
        imports: the lines that the rule needs.
        scenario: the end of the test's name.
        about: when it applies.
    """

    script: tuple[str, ...]
    imports: tuple[str, ...]
    scenario: str
    about: str

    def of(self, trial: Trial, purpose: str) -> Trial:
        """Return a trial with the fault."""
        return replace(
            trial,
            script=(*trial.script, *self.script),
            imports=(*trial.imports, *self.imports),
            scenario=self.scenario,
            about=self.about,
            purpose=purpose,
        )


def fault_trials(
    target: Target, events: Sequence[Event], schema: Schema, open_arcs: OpenArcs
) -> Iterator[FaultTrial]:
    """Yield the faults of the calls of a trial, those first for which the target has an `except`.

    Args:
        target: the function.
        events: the calls of the trial.
        schema: the schema of the database.
        open_arcs: returns the jumps of the target that no trial has taken yet.
    """
    schemas = Schemas(PostgresSchema(SchemaFacts({}, tuple(_constraints(schema)))))
    names, handles = _expected(target)
    statements = [event for event in events if event.kind == "statement"]
    found: list[tuple[int, FaultTrial]] = []
    for number, event in enumerate(statements[:_MOST_CALLS]):
        before = [other.call.statement for other in statements[:number]].count(event.call.statement)
        seen: set[str] = set()
        for fault in possible(event, _NAMES, schemas, wrote=is_write(event.call.statement)):
            if fault.name in seen and fault.constraint is None:
                continue
            seen.add(fault.name)
            rank = (
                names.index(fault.name)
                if fault.name in names
                else len(names) + _NAMES.index(fault.name)
            )
            found.append((rank, _trial(event, fault, before, len(statements))))
    found.sort(key=lambda pair: pair[0])
    most = _MOST if handles or open_arcs() else _MOST_WITHOUT_HANDLER
    for _, trial in found[:most]:
        yield trial


def _trial(event: Event, fault: Fault, before: int, calls: int) -> FaultTrial:
    lines = fault_rule("real_postgres", quoted(event.call.statement), fault, before)
    imports = () if fault.name == DROP else ("from understudy import db_error",)
    what = described(event)
    name = {DROP: "loses_the_connection", "57014": "times_out", "40001": "cannot_be_serialized"}
    how = name.get(fault.name, f"violates_{fault.constraint.name if fault.constraint else ''}")
    call = "_".join("".join(c if c.isalnum() else " " for c in what.lower()).split())
    about = f"if {_WORDS[fault.name]} in {what}"
    return FaultTrial(tuple(lines), imports, f"when_{call}_{how}", about)


def _constraints(schema: Schema) -> Iterator[Constraint]:
    for table in schema.tables.values():
        for name, columns in table.uniques.items():
            yield Constraint(name, table.name, "unique", columns)
        for key in table.foreign_keys:
            parent = schema.tables.get(key.parent)
            named = None if parent is None else parent.name
            yield Constraint(key.name, table.name, "foreign key", key.columns, named)
        for check in table.checks:
            yield Constraint(check.name, table.name, "check", check.columns)


def _expected(target: Target) -> tuple[list[str], bool]:
    """Return the faults that the `except` clauses of a target name, and whether it has any."""
    tree = parsing.tree_of(target.function)
    if tree is None:
        return [], True
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    names: list[str] = []
    for handler in handlers:
        text = ast.unparse(handler.type).lower() if handler.type else ""
        for words, faults in _RAISED_BY:
            if any(word in text for word in words):
                names += [fault for fault in faults if fault not in names]
    return names, bool(handlers)
