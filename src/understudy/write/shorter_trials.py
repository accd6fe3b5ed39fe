"""Shorter trials: without the rows, and without the columns, that make no difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from typing import Any

from understudy.mutate.column_uses import ColumnId
from understudy.mutate.mutants import Mutant
from understudy.project.python_values import NoSource
from understudy.rows.table_facts import Schema
from understudy.write import column_values, fingerprint
from understudy.write.comparisons import Reading
from understudy.write.kills import Mutation
from understudy.write.lab import Lab
from understudy.write.outcomes import outcome
from understudy.write.rendering import row_line
from understudy.write.spelling import spelled
from understudy.write.suspicions import suspect
from understudy.write.trials import Kept, Observation, Row, Trial

_SHORT = 2  # lines of rows; a test with more of them is shortened
_WIDTH = 84  # of a line of a test; a longer one has a line for each value
# Only in these are rows there to stand beside others; in the others the scenario names them.
_MANY_ROWS = ("among_others", "in_a_tree")


def is_long(trial: Trial) -> bool:
    """Return whether a trial has more rows than one likes to read, or any beside a fault."""
    lines = (1 if len(row_line(row)) <= _WIDTH else 3 + len(row.values) for row in trial.rows)
    return sum(lines) > (0 if trial.purpose == "fault" else _SHORT)


class Shortener:
    """Shortens a trial.

    Args:
        trial: the trial.
        first: what it did.
        needed: the jumps and mutants that it must show.
        lab: runs trials.
        mutation: runs them with mutants; None without a database.
        arcs_of: returns the jumps that an observation shows.
        told: what the rows of other tests tell of conditions, see `_tells`; gets what those of
            this one tell. None if rows that tell only that may go.

    Attributes:
        trial: the shortest so far.
    """

    def __init__(
        self,
        trial: Trial,
        first: Observation,
        needed: Set[object],
        lab: Lab,
        mutation: Mutation | None,
        arcs_of: Callable[[Observation], Set[object]],
        told: set[object] | None = None,
    ) -> None:
        self.trial = trial
        self._first = first
        self._mutants = [one for one in needed if isinstance(one, Mutant)]
        self._arcs = {one for one in needed if isinstance(one, tuple)}
        self._lab = lab
        self._mutation = mutation
        self._arcs_of = arcs_of
        self._told = told

    def steps(
        self, reading: Reading, schema: Schema
    ) -> Iterator[bool]:  # pragma: no cover - reruns are not traced
        """Try to leave out rows, then columns; yield after each attempt.

        Args:
            reading: what the statements of the trial do.
            schema: the schema of the database.
        """
        used = _used(reading)
        yield from self._leave_out_rows(schema, used, len(self.trial.rows))
        yield from self._leave_out_columns(reading, schema)
        yield from self._leave_out_rows(schema, used, 1)  # to which nothing refers any longer
        if self._told is not None:
            self._told |= _tells(self.trial.rows, schema, used)

    def holds(
        self, trial: Trial, pattern: Any = None
    ) -> bool:  # pragma: no cover - reruns are not traced
        """Return whether another trial shows what this one must show.

        Args:
            trial: the other trial.
            pattern: what it does, see `fingerprint.stable`; None if it may do something else.
        """
        seen = self._lab.observe(trial)
        shown = fingerprint.shown(seen)
        is_alike = not seen.problem and self._kind(trial, seen) == self._kind(trial, self._first)
        if not is_alike or not self._arcs <= self._arcs_of(seen):
            return False
        if pattern is not None and not fingerprint.fits(pattern, shown):
            return False
        if self._mutants and pattern is None:  # a time that varies would tell any mutant
            pattern = fingerprint.common(shown, fingerprint.shown(self._lab.observe(trial)))
        for mutant in self._mutants:
            if self._mutation is None or not self._mutation.notices(trial, pattern, mutant):
                # It is the first to ask about the next trial, too.
                self._mutants.remove(mutant)
                self._mutants.insert(0, mutant)
                return False
        return True

    def _kind(self, trial: Trial, seen: Observation) -> object:
        """Return what must stay: a test has its name and its docstring from it."""
        statements = [one.call.statement for one in seen.events if one.kind == "statement"]
        is_fault = trial.purpose == "fault"
        is_suspect = suspect(Kept(trial, [seen])) is not None
        ended = outcome(seen, is_route=trial.target.layer == "router")
        return ended, is_suspect, statements if is_fault else None

    def _leave_out_rows(
        self, schema: Schema, used: Set[ColumnId], size: int
    ) -> Iterator[bool]:  # pragma: no cover - reruns are not traced
        """Leave out so many rows at once, then half of that, at last each."""
        told = self._told
        needed = set() if told is None else _tells(self.trial.rows, schema, used) - told
        is_about_rows = self.trial.purpose == "rows"
        is_named = is_about_rows and self.trial.scenario not in _MANY_ROWS
        if is_named or self.trial.target.layer == "router":  # which answers with what it has read
            yield from self._leave_out_parents()
            return
        while size:
            # Rows come after those that they refer to.
            for at in reversed(range(0, len(self.trial.rows), size)):
                rows = self.trial.rows[:at] + self.trial.rows[at + size :]
                left_out = self.trial.rows[at : at + size]
                is_allowed = needed <= _tells(rows, schema, used) and (rows or not is_about_rows)
                if is_allowed and not _refer(schema, rows, left_out):
                    fewer = replace(self.trial, rows=rows)
                    if self.holds(fewer):
                        self.trial = fewer
                    yield True
            size = min(size, len(self.trial.rows)) // 2

    def _leave_out_parents(self) -> Iterator[bool]:  # pragma: no cover - reruns are not traced
        """Leave out rows without which all is the same, but not the last: it is the scenario's."""
        pattern = self._pattern()
        for at in reversed(range(len(self.trial.rows) - 1)):
            rows = self.trial.rows[:at] + self.trial.rows[at + 1 :]
            fewer = replace(self.trial, rows=rows)
            if self.holds(fewer, pattern):
                self.trial = fewer
            yield True

    def _pattern(self) -> Any:  # pragma: no cover - reruns are not traced
        """Return what the shortest trial does each time."""
        return fingerprint.stable([self._lab.observe(self.trial) for _ in range(2)])

    def _leave_out_columns(
        self, reading: Reading, schema: Schema
    ) -> Iterator[bool]:  # pragma: no cover - reruns are not traced
        """Leave out all columns of a row; at last each in all rows of a table: they stay alike."""
        pattern = self._pattern()
        used, shown = _used(reading), set(_texts(pattern))
        for at in reversed(range(len(self.trial.rows))):
            row = self.trial.rows[at]
            oid = schema.names[row.table]
            names = {name for name, _ in row.values}
            needed = {name for name in names if _is_unsure(schema, oid, name, used)}
            seen = needed | {name for name, value in row.values if value.text in shown}
            compared = needed | {name for name in names if ColumnId(oid, name) in used}
            # A row that the result shows would change it.
            for kept in (seen,) if 2 * len(seen) > len(names) else (needed, compared, seen):
                if self._leave_out(pattern, {at}, names - kept):
                    break
                yield True
        pairs = [(row.table, name, value) for row in self.trial.rows for name, value in row.values]
        visible = {(table, name) for table, name, value in pairs if value.text in shown}
        for table, name in dict.fromkeys((table, name) for table, name, _ in pairs):
            is_unsure = _is_unsure(schema, schema.names[table], name, used)
            if not is_unsure and (table, name) not in visible:
                of = {at for at, row in enumerate(self.trial.rows) if row.table == table}
                self._leave_out(pattern, of, {name})
                yield True

    def _leave_out(
        self, pattern: Any, places: Set[int], names: Set[str]
    ) -> bool:  # pragma: no cover - reruns are not traced
        """Leave out columns of some rows if that changes nothing; return whether it did."""
        rows = (
            _without(row, names) if at in places else row for at, row in enumerate(self.trial.rows)
        )
        fewer = replace(self.trial, rows=tuple(rows))
        if not names or not self.holds(fewer, pattern):
            return False
        self.trial = fewer
        return True


def _tells(rows: Sequence[Row], schema: Schema, used: Set[ColumnId]) -> set[object]:
    """Return of which columns that conditions compare rows have NULL, and two values.

    With only one of them, a condition is never false, or never unknown.
    """
    texts: dict[ColumnId, set[str]] = {}
    for row in rows:
        for name, value in row.values:
            texts.setdefault(ColumnId(schema.names[row.table], name), set()).add(value.text)
    found: set[object] = {(one, "NULL") for one in used if "None" in texts.get(one, ())}
    return found | {one for one in used if len(texts.get(one, set()) - {"None"}) > 1}


def _refer(schema: Schema, rows: Sequence[Row], left_out: Sequence[Row]) -> bool:
    """Return whether rows refer to one that is left out, without which they are refused."""
    gone = [(schema.names[row.table], {n: v.text for n, v in row.values}) for row in left_out]
    for row in rows:
        given = {name: value.text for name, value in row.values}
        for key in schema.tables[schema.names[row.table]].foreign_keys:
            pairs = [*zip(key.parent_columns, map(given.get, key.columns), strict=True)]
            if any(
                oid == key.parent and all(values.get(name, "") == text for name, text in pairs)
                for oid, values in gone
            ):
                return True
    return False


def named(trial: Trial) -> Trial:
    """Return a trial with a scenario that suits the rows that are left."""
    tables = Counter(row.table for row in trial.rows)
    if trial.scenario in _MANY_ROWS and max(tables.values(), default=0) < 2:
        return replace(trial, scenario="with_a_row", about="if there is a row")
    return trial


def _without(row: Row, names: Set[str]) -> Row:
    return replace(row, values=tuple(value for value in row.values if value[0] not in names))


def _texts(pattern: Any) -> Iterator[str]:
    """Yield the source of the values in what a trial does, but of those that many are equal to."""
    if isinstance(pattern, dict):
        pattern = [*pattern.values()]
    elif isinstance(pattern, fingerprint.Unordered):
        pattern = [*pattern.items]
    if isinstance(pattern, list):
        for part in pattern:
            yield from _texts(part)
    elif pattern is not fingerprint.VARIES and not isinstance(pattern, bool | None):
        with suppress(NoSource):
            yield spelled(pattern).text


def _used(reading: Reading) -> Set[ColumnId]:
    """Return the columns whose values decide which rows are found, and in which order."""
    lists = [*reading.links, *reading.sorts, [one.column for one in reading.comparisons]]
    return {column for columns in lists for column in columns}


def _is_unsure(schema: Schema, oid: int, name: str, used: Set[ColumnId]) -> bool:
    """Return whether a test may do something else if it does not give a value.

    What `insert` makes up is another value in each test, and obeys the checks. Where it leaves
    NULL, a condition is unknown, and no longer false.
    """
    table = schema.tables[oid]
    column = table.column(name)
    if not (column.required or column.has_default) and ColumnId(oid, name) in used:
        return True
    is_one_of_few = column_values.python_type(schema, column) is bool or bool(
        column_values.choices(schema, table, column)
    )
    is_made_up = column.required and (is_one_of_few or ColumnId(oid, name) in used)
    return is_made_up or any(len(one.columns) > 1 and name in one.columns for one in table.checks)
