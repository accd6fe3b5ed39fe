"""Compare two catalogs: the committed one and a fresh one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from understudy.catalog.cached_answers import AnswerRows
from understudy.catalog.description import (
    Column,
    Constraint,
    Description,
    ParsedOnly,
    Refusal,
    SchemaFacts,
    Verdict,
)
from understudy.catalog.store import Contents
from understudy.pg.types import TypeFacts


class Change(NamedTuple):
    """A statement whose verdict or answer has changed.

    Attributes:
        key: the statement, or the key of an answer.
        differences: each as "property: before -> now".
    """

    key: str
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences between the committed catalog and a fresh one.

    Attributes:
        same: statements that are unchanged.
        missing: statements that tests use and the committed catalog lacks.
        changed: statements whose verdict has changed.
        unused: statements that no test uses.
        schema: differences of the schema itself, each as "property: before -> now". If there are
            any, a run considers the catalog to be for another schema.
    """

    same: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    changed: tuple[Change, ...] = ()
    unused: tuple[str, ...] = ()
    schema: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether there is any difference."""
        return bool(self.missing or self.changed or self.unused or self.schema)


def compare(known: Contents | None, fresh: Contents) -> Comparison:
    """Compare the committed catalog with a fresh one.

    Args:
        known: the committed catalog, or None if it does not exist.
        fresh: the fresh catalog.

    Raises:
        CatalogFileError: a line of the committed catalog is incomplete.
    """
    if known is None:
        return Comparison(missing=tuple(sorted((*fresh.statements, *fresh.answers))))
    same: list[str] = []
    changed: list[Change] = []
    for key in sorted(known.statements.keys() & fresh.statements.keys()):
        differences = tuple(_differences(known.verdict(key), fresh.verdict(key)))
        if differences:
            changed.append(Change(key, differences))
        else:
            same.append(key)
    for key in sorted(known.answers.keys() & fresh.answers.keys()):
        if known.answer(key) == fresh.answer(key):
            same.append(key)
        else:
            changed.append(Change(key, (f"{_answer(known, key)} -> {_answer(fresh, key)}",)))
    before, now = (
        contents.statements.keys() | contents.answers.keys() for contents in (known, fresh)
    )
    return Comparison(
        same=tuple(same),
        missing=tuple(sorted(now - before)),
        changed=tuple(changed),
        unused=tuple(sorted(before - now)),
        schema=tuple(_schema_differences(known, fresh)),
    )


# Statements --------------------------------------------------------------------------------------


def _differences(old: Verdict | None, new: Verdict | None) -> Iterator[str]:
    if not (isinstance(old, Description) and isinstance(new, Description)):
        if old != new:
            yield f"{_kind(old)} -> {_kind(new)}"
        return
    if old.command != new.command:
        yield f"command: {old.command} -> {new.command}"
    if old.parameters != new.parameters:
        yield f"parameters: {_listed(old.parameters)} -> {_listed(new.parameters)}"
    yield from _column_differences(old.columns, new.columns)
    if old.tables != new.tables:
        yield f"tables: {_listed(old.tables)} -> {_listed(new.tables)}"
    if old.touches != new.touches:
        yield f"columns touched: {_listed(old.touches)} -> {_listed(new.touches)}"


def _answer(contents: Contents, key: str) -> str:
    answer = contents.answer(key)
    if isinstance(answer, AnswerRows):
        return f"answered {json.dumps(answer.rows, ensure_ascii=False)}"
    return _kind(answer)


def _column_differences(old: Sequence[Column], new: Sequence[Column]) -> Iterator[str]:
    if [column.name for column in old] != [column.name for column in new]:
        names = [[column.name for column in columns] for columns in (old, new)]
        yield f"columns: {_listed(names[0])} -> {_listed(names[1])}"
        return
    for before, now in zip(old, new, strict=True):
        if before != now:
            yield f"column {before.name}: {_column(before)} -> {_column(now)}"


def _kind(verdict: Verdict | None) -> str:
    if isinstance(verdict, Refusal):
        more = "".join(f"; {text}" for text in (verdict.detail, verdict.hint) if text)
        place = f", at {verdict.position}" if verdict.position is not None else ""
        return f"refused ({verdict.sqlstate} {verdict.message}{place}{more})"
    if isinstance(verdict, Description):
        return f"accepted ({verdict.command})"
    return f"only parsed ({verdict.command})" if isinstance(verdict, ParsedOnly) else "unknown"


def _column(column: Column) -> str:
    null = {"not null": ", never NULL", "nullable": ", nullable"}.get(column.nullability, "")
    origin = f" of {column.origin}" if column.origin else ""
    return f"{column.type}{origin}{null}"


# The schema --------------------------------------------------------------------------------------


def _schema_differences(known: Contents, fresh: Contents) -> Iterator[str]:
    if known.server != fresh.server:
        product = "PostgreSQL" if isinstance(fresh.server, int) else "server"
        yield f"{product}: {known.server} -> {fresh.server}"
    facts = [*_named(_types(known.facts), _types(fresh.facts))]
    facts += _named(_constraints(known.facts), _constraints(fresh.facts))
    yield from facts
    if known.fingerprint != fresh.fingerprint and known.server == fresh.server and not facts:
        yield "the schema's sources have changed, but no type and no constraint"


def _named(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        before, now = old.get(name, "none"), new.get(name, "none")
        if before != now:
            yield f"{name}: {before} -> {now}"


def _types(facts: SchemaFacts) -> dict[str, str]:
    # Without the array types, which would repeat every difference.
    return {
        f"type {name}": _type(kind) for name, kind in facts.types.items() if not name.endswith("[]")
    }


def _type(kind: TypeFacts) -> str:
    parts = [kind.kind]
    parts += [f"of {_listed(kind.labels)}"] if kind.labels else []
    parts += [f"of {_listed([' '.join(field) for field in kind.fields])}"] * bool(kind.fields)
    parts += [f"over {kind.base}"] if kind.base else []
    return " ".join(parts) + ", not null" * kind.not_null


def _constraints(facts: SchemaFacts) -> dict[str, str]:
    return {
        f"constraint {constraint.name} of {constraint.table}": _constraint(constraint)
        for constraint in facts.constraints
    }


def _constraint(constraint: Constraint) -> str:
    references = f" to {constraint.references}" if constraint.references else ""
    return f"{constraint.kind} ({_listed(constraint.columns)}){references}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
