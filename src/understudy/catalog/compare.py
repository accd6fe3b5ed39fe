"""Two catalogs compared, statement by statement: the committed one, and one made just now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from understudy.catalog.description import Column, Description, ParsedOnly, Refusal, Verdict
from understudy.catalog.store import Contents


class Change(NamedTuple):
    """A statement of which PostgreSQL says something else now.

    Attributes:
        differences: each as "what: before -> now".
    """

    spelling: str
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a catalog differs from what the tests and the schema say now.

    Attributes:
        missing: statements that tests use and the catalog does not hold.
        changed: statements of which PostgreSQL says something else now.
        unused: statements that no test uses.
    """

    missing: tuple[str, ...]
    changed: tuple[Change, ...]
    unused: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether there is any difference."""
        return bool(self.missing or self.changed or self.unused)


def compare(known: Contents | None, fresh: Contents) -> Comparison:
    """Compare the committed catalog, or None where there is none, with a fresh one."""
    before = {} if known is None else known.statements
    changes = []
    for spelling in sorted(before.keys() & fresh.statements.keys()):
        assert known is not None
        old, new = known.verdict(spelling), fresh.verdict(spelling)
        assert old is not None
        assert new is not None
        if old != new:
            changes.append(Change(spelling, tuple(_differences(old, new))))
    return Comparison(
        missing=tuple(sorted(fresh.statements.keys() - before.keys())),
        changed=tuple(changes),
        unused=tuple(sorted(before.keys() - fresh.statements.keys())),
    )


def _differences(old: Verdict, new: Verdict) -> Iterator[str]:
    if not (isinstance(old, Description) and isinstance(new, Description)):
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


def _column_differences(old: tuple[Column, ...], new: tuple[Column, ...]) -> Iterator[str]:
    if [column.name for column in old] != [column.name for column in new]:
        names = [[column.name for column in columns] for columns in (old, new)]
        yield f"columns: {_listed(names[0])} -> {_listed(names[1])}"
        return
    for before, now in zip(old, new, strict=True):
        if before != now:
            yield f"column {before.name}: {_column(before)} -> {_column(now)}"


def _kind(verdict: Verdict) -> str:
    if isinstance(verdict, Refusal):
        return f"refused ({verdict.sqlstate}: {verdict.message})"
    return "only parsed" if isinstance(verdict, ParsedOnly) else f"accepted ({verdict.command})"


def _column(column: Column) -> str:
    null = {"not null": ", not null", "nullable": ", nullable"}.get(column.nullability, "")
    origin = f" of {column.origin}" if column.origin else ""
    return f"{column.type}{origin}{null}"


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(names) or "none"
