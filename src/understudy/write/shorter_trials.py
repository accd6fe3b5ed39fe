"""Shorter trials: without the rows, and without the columns, that make no difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from typing import Any

from understudy.mutate.column_uses import ColumnId
from understudy.mutate.mutants import Mutant
from understudy.project.python_values import NoSource
from understudy.rows.table_facts import Schema
from understudy.write import column_values, fingerprint
from understudy.write.kills import Mutation
from understudy.write.lab import Lab
from understudy.write.outcomes import outcome
from understudy.write.readings import Reading
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
        told: what the rows of other tests tell of conditions, see `tells`. None if rows that tell
            only that may go.
        fields: those of the answer that its test asserts; None for all.

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
        told: Set[object] | None = None,
        fields: Set[str] | None = None,
    ) -> None:
        self.trial = trial
        self._first = first
        self._mutants = [one for one in needed if isinstance(one, Mutant)]
        self._arcs = {one for one in needed if isinstance(one, tuple)}
        self._lab = lab
        self._mutation = mutation
        self._arcs_of = arcs_of
        self._told = told
        self._fields = fields
        self._fixed: set[tuple[str, str]] = set()

    def coarsely(self, reading: Reading, schema: Schema) -> Iterator[bool]:  # untraced
        """Try to leave out columns of all rows at once, then rows; yield after each attempt.

        Args:
            reading: what the statements of the trial do.
            schema: the schema of the database.
        """
        used = used_columns(reading)
        self._fix(schema, used)
        self._leave_out_untold(schema, used)
        yield True
        yield from self._leave_out_rows(schema, used, len(self.trial.rows))
        yield from self._leave_out_rows(schema, used, 1)  # to which nothing refers any longer

    def finely(self, reading: Reading, schema: Schema) -> Iterator[bool]:  # untraced
        """Try to leave out columns of each row, and each column; yield after each attempt.

        Args:
            reading: what the statements of the trial do.
            schema: the schema of the database.
        """
        self._fix(schema, used_columns(reading))
        yield from self._leave_out_columns(reading, schema)
        yield from self._leave_out_rows(schema, used_columns(reading), 1)

    def _fix(self, schema: Schema, used: Set[ColumnId]) -> None:
        """Note the columns that stay: those of the scenario, and what a refused request means.

        Without them, the request could be refused for another reason.
        """
        self._fixed = {*self.trial.fixed}
        is_route = self.trial.target.layer == "router"
        if is_route and self.trial.scenario.startswith("with_another_"):
            self._fixed |= {(schema.tables[one.table].name, one.name) for one in used}

    def holds(self, trial: Trial, pattern: Any = None) -> bool:  # untraced
        """Return whether another trial shows what this one must show.

        Args:
            trial: the other trial.
            pattern: what it does, see `fingerprint.stable`; None if it may do something else.
        """
        seen = self._lab.observe(trial)
        shown = fingerprint.shown(seen, self._fields)
        is_alike = not seen.problem and self._kind(trial, seen) == self._kind(trial, self._first)
        if not is_alike or not self._arcs <= self._arcs_of(seen):
            return False
        if pattern is not None and not fingerprint.fits(pattern, shown):
            return False
        if self._mutants and pattern is None:  # a time that varies would tell any mutant
            again = fingerprint.shown(self._lab.observe(trial), self._fields)
            pattern = fingerprint.common(shown, again)
        for mutant in self._mutants:
            is_noticed = self._mutation is not None and self._mutation.notices(
                trial, pattern, mutant, self._fields
            )
            if not is_noticed:
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
    ) -> Iterator[bool]:  # untraced
        """Leave out so many rows at once, then half of that, at last each."""
        told = self._told
        needed = set() if told is None else tells(self.trial.rows, schema, used) - told
        is_about_rows = self.trial.purpose == "rows"
        is_named = is_about_rows and self.trial.scenario not in _MANY_ROWS
        if is_named or self.trial.target.layer == "router":  # which answers with what it has read
            yield from self._leave_out_parents()
            return
        while size:
            # Rows come after those that they refer to.
            for at in reversed(range(0, len(self.trial.rows), size)):
                rows = self.trial.rows[:at] + self.trial.rows[at + size :]
                is_allowed = needed <= tells(rows, schema, used) and (rows or not is_about_rows)
                if is_allowed and not _dangle(schema, rows, self.trial.rows):
                    fewer = replace(self.trial, rows=rows)
                    if self.holds(fewer):
                        self.trial = fewer
                    yield True
            size = min(size, len(self.trial.rows)) // 2

    def _leave_out_parents(self) -> Iterator[bool]:  # untraced
        """Leave out rows without which all is the same, but not the last: it is the scenario's."""
        pattern = self._pattern()
        for at in reversed(range(len(self.trial.rows) - 1)):
            rows = self.trial.rows[:at] + self.trial.rows[at + 1 :]
            fewer = replace(self.trial, rows=rows)
            if self.holds(fewer, pattern):
                self.trial = fewer
            yield True

    def _pattern(self) -> Any:  # untraced
        """Return what the shortest trial does each time."""
        return fingerprint.stable([self._lab.observe(self.trial) for _ in range(2)], self._fields)

    def _leave_out_untold(self, schema: Schema, used: Set[ColumnId]) -> None:  # untraced
        """Leave out in all rows the columns that no condition compares and no result shows."""
        pattern = self._pattern()
        rows = self.trial.rows
        told: Set[ColumnId] = _visible(rows, schema, pattern) | {
            one
            for row in rows
            for one in _columns(row, schema)
            if one in used or _is_unsure(schema, one, used)
        }
        told = _with_keys(told, rows, schema)
        fewer = tuple(
            self._without(row, {one.name for one in _columns(row, schema) if one not in told})
            for row in rows
        )
        if fewer != rows and self.holds(replace(self.trial, rows=fewer), pattern):
            self.trial = replace(self.trial, rows=fewer)

    def _leave_out_columns(self, reading: Reading, schema: Schema) -> Iterator[bool]:  # untraced
        """Leave out all columns of a row; at last each in all rows of a table: they stay alike."""
        pattern = self._pattern()
        used, shown = used_columns(reading), set(_texts(pattern))
        for at in reversed(range(len(self.trial.rows))):
            row = self.trial.rows[at]
            columns = _columns(row, schema)
            names = {one.name for one in columns}
            needed = {one.name for one in columns if _is_unsure(schema, one, used)}
            seen = needed | {name for name, value in row.values if value.text in shown}
            compared = needed | {one.name for one in columns if one in used}
            # A row that the result shows would change it.
            for kept in (seen,) if 2 * len(seen) > len(names) else (needed, compared, seen):
                if self._leave_out(pattern, {at}, names - kept, schema):
                    break
                yield True
        visible = _visible(self.trial.rows, schema, pattern)
        for one in dict.fromkeys(one for row in self.trial.rows for one in _columns(row, schema)):
            if one not in visible and not _is_unsure(schema, one, used):
                tables = [schema.names[row.table] for row in self.trial.rows]
                of = {at for at, table in enumerate(tables) if table == one.table}
                self._leave_out(pattern, of, {one.name}, schema)
                yield True

    def _leave_out(
        self, pattern: Any, places: Set[int], names: Set[str], schema: Schema
    ) -> bool:  # untraced
        """Leave out columns of some rows if that changes nothing; return whether it did."""
        before = self.trial.rows
        rows = tuple(
            self._without(row, names) if at in places else row for at, row in enumerate(before)
        )
        if rows == before or _dangle(schema, rows, before):
            return False
        fewer = replace(self.trial, rows=rows)
        if not self.holds(fewer, pattern):
            return False
        self.trial = fewer
        return True

    def _without(self, row: Row, names: Set[str]) -> Row:
        """Return a row without some columns, except for those that stay."""
        kept = tuple(
            value
            for value in row.values
            if value[0] not in names or (row.table, value[0]) in self._fixed
        )
        return replace(row, values=kept)


def tells(rows: Sequence[Row], schema: Schema, used: Set[ColumnId]) -> set[object]:
    """Return of which columns that conditions compare rows have NULL, and two values.

    With only one of them, a condition is never false, or never unknown.
    """
    texts: dict[ColumnId, set[str]] = {}
    for row in rows:
        for name, value in row.values:
            texts.setdefault(ColumnId(schema.names[row.table], name), set()).add(value.text)
    found: set[object] = {(one, "NULL") for one in used if "None" in texts.get(one, ())}
    return found | {one for one in used if len(texts.get(one, set()) - {"None"}) > 1}


def _dangle(schema: Schema, rows: Sequence[Row], before: Sequence[Row]) -> bool:
    """Return whether rows refer to one that was there before and is not: they are refused."""
    for row in rows:
        given = {name: value.text for name, value in row.values}
        for key in schema.tables[schema.names[row.table]].foreign_keys:
            wanted = {
                name: given.get(own)
                for name, own in zip(key.parent_columns, key.columns, strict=True)
            }
            if _has(before, key.parent, wanted, schema) and not _has(
                rows, key.parent, wanted, schema
            ):
                return True
    return False


def _has(rows: Sequence[Row], table: int, wanted: Mapping[str, str | None], schema: Schema) -> bool:
    """Return whether a row of a table has these values, as source."""
    of_table = [row for row in rows if schema.names[row.table] == table]
    texts = [{name: value.text for name, value in row.values} for row in of_table]
    return any(all(one.get(name, "") == text for name, text in wanted.items()) for one in texts)


def _with_keys(told: Set[ColumnId], rows: Sequence[Row], schema: Schema) -> Set[ColumnId]:
    """Return columns with those of other rows to which they refer."""
    more = set(told)
    for row in reversed(rows):  # those that others refer to come before them
        oid = schema.names[row.table]
        for key in schema.tables[oid].foreign_keys:
            if all(ColumnId(oid, name) in more for name in key.columns):
                more |= {ColumnId(key.parent, name) for name in key.parent_columns}
    return more


def _columns(row: Row, schema: Schema) -> list[ColumnId]:
    """Return the columns that a row gives."""
    return [ColumnId(schema.names[row.table], name) for name, _ in row.values]


def named(trial: Trial) -> Trial:
    """Return a trial with a scenario that suits the rows that are left."""
    tables = Counter(row.table for row in trial.rows)
    if trial.scenario in _MANY_ROWS and max(tables.values(), default=0) < 2:
        return replace(trial, scenario="with_a_row", about="if there is a row")
    return trial


def _visible(rows: Sequence[Row], schema: Schema, pattern: Any) -> set[ColumnId]:
    """Return the columns of which a trial shows a value."""
    shown = set(_texts(pattern))
    pairs = [(row.table, name) for row in rows for name, value in row.values if value.text in shown]
    return {ColumnId(schema.names[table], name) for table, name in pairs}


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


def used_columns(reading: Reading) -> Set[ColumnId]:
    """Return the columns whose values decide which rows are found, and in which order."""
    lists = [*reading.links, *reading.sorts, [one.column for one in reading.comparisons]]
    return {column for columns in lists for column in columns}


def _is_unsure(schema: Schema, one: ColumnId, used: Set[ColumnId]) -> bool:
    """Return whether a test may do something else if it does not give a value.

    What `insert` makes up is another value in each test, and obeys the checks. Where it leaves
    NULL, a condition is unknown, and no longer false.
    """
    table = schema.tables[one.table]
    column = table.column(one.name)
    if not (column.required or column.has_default) and one in used:
        return True
    is_one_of_few = column_values.python_type(schema, column) is bool or bool(
        column_values.choices(schema, table, column)
    )
    is_made_up = column.required and (is_one_of_few or one in used)
    return is_made_up or any(
        len(check.columns) > 1 and one.name in check.columns for check in table.checks
    )
