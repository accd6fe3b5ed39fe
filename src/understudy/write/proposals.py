"""Which trials of a target are worth running, the most telling first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from understudy.project.python_values import NoSource
from understudy.rows.table_facts import Schema
from understudy.script.boundary import Event
from understudy.write import comparisons, error_values
from understudy.write.arguments import Arguments
from understudy.write.planted import planted
from understudy.write.readings import Reading
from understudy.write.row_checks import RowChecks
from understudy.write.row_sets import PARENTS, RowSet, full_row, row_sets
from understudy.write.shapes import Chosen
from understudy.write.source_constants import constants
from understudy.write.spelling import spelled
from understudy.write.statement_faults import fault_trials
from understudy.write.trials import Observation, OpenArcs, Row, Seen, Target, Trial

_MOST_BOUNDARIES = 14
_FEW_BOUNDARIES = 5  # if they can reach no further line
_MOST_ROW_SETS = 14
_MOST_CONSTANTS = 12
_MOST_PAIRS = 8
_MOST_NAMES = 3  # arguments that take the name of a column
_MOST_ALONE = 8  # optional arguments that are given without the others
_MOST_SENDERS = 8  # of statements that only unusual values send
_ROUNDS = 3  # of row sets: each may show statements that the last one did not
_BASIC = ("with_one_row", "among_others")
# With and without what is optional: it may be another statement.
_OF_EACH_BASE = (*_BASIC, "with_a_taken_", "with_another_")


@dataclass(frozen=True)
class Planned(Trial):
    """A trial, and the values of the parts of its arguments.

    Attributes:
        chosen: the value of each part that was chosen.
        rowset: the rows as values.
    """

    chosen: Chosen = field(default_factory=dict)
    rowset: RowSet | None = None


def trials(
    target: Target,
    schema: Schema | None,
    seen: Seen,
    open_arcs: OpenArcs,
    checks: RowChecks | None = None,
) -> Iterator[Trial]:
    """Yield the trials of a target, those first that most likely show something new.

    Args:
        target: the function.
        schema: the schema of the project's database; None without one.
        seen: the trials that were run, with what they did. It grows while this runs.
        open_arcs: returns the jumps of the target that no trial has taken yet.
        checks: tells which rows the tables take.

    Raises:
        CannotPropose: no value of one of its required arguments can be written.
    """
    plan = _Plan(target, schema, seen, checks)
    yield from plan.distinct(plan.ordinary())
    for _ in range(_MOST_NAMES):
        plan.learn_names()
        yield from plan.distinct(plan.ordinary())
    yield from plan.distinct(plan.rows())
    most = _MOST_BOUNDARIES if open_arcs() else _FEW_BOUNDARIES
    yield from islice(plan.distinct(plan.boundaries()), most)
    yield from plan.distinct(plan.rows())
    if open_arcs():
        yield from plan.distinct(plan.constants(open_arcs))
    yield from plan.distinct(plan.faults(open_arcs))
    if target.enters:
        yield from plan.distinct(plan.raised_inside())
    if open_arcs():
        yield from plan.distinct(plan.pairs(open_arcs))


class _Plan:
    """The trials of one target."""

    def __init__(
        self, target: Target, schema: Schema | None, seen: Seen, checks: RowChecks | None
    ) -> None:
        self._target = target
        self._schema = schema or Schema({}, {}, {})
        self._seen = seen
        self._checks = checks or RowChecks(None, self._schema)
        self._proposed: set[object] = set()
        self._statements: set[tuple[str, bool]] = set()
        self._arguments = Arguments(target, self._schema)

    def distinct(self, trials: Iterator[Trial | None]) -> Iterator[Trial]:
        """Yield the trials that were not proposed yet."""
        for trial in trials:
            if trial is not None and (key := _key(trial)) not in self._proposed:
                self._proposed.add(key)
                yield trial

    # Values ---------------------------------------------------------------------------------------

    def ordinary(self) -> Iterator[Trial | None]:
        """Yield the ordinary case without rows, and the one with every optional argument."""
        least, *full = self._arguments.bases
        yield self._trial(least, "without_rows" if self._schema.tables else "", "")
        for chosen in full:
            about = "if everything optional is given"
            yield self._trial(chosen, "with_everything_given", about)
        alone = [one for one in self._arguments.alone() if one[1] not in full]
        for name, chosen in alone[:_MOST_ALONE]:
            about = f"if only the {name.replace('_', ' ')} is given"
            yield self._trial(chosen, f"with_{name}", about)

    def learn_names(self) -> None:
        """Find out which arguments take the names of columns."""
        self._arguments.learn([one for _, one in self._seen if not one.problem], self._schema)

    def boundaries(self) -> Iterator[Trial | None]:
        """Yield one value after the other at its boundaries, with the rows of the best trial."""
        best = self._best()
        base = dict(best.chosen) if best else self._arguments.full
        rows = best.rowset if best else None
        found = self._arguments.unusual(with_capitals=self._ignores_case())
        for path, name, value in found:
            what = path[0] if path[-1].isdecimal() else path[-1]
            about = f"if the {what.replace('_', ' ')} is {name.replace('_', ' ')}"
            yield self._trial(base | {path: value}, f"with_{what}_{name}", about, rows)

    def _ignores_case(self) -> bool:
        """Return whether a statement compares texts without regard to case."""
        _, events = self._reading()
        statements = " ".join(event.call.statement for event in events).upper()
        return any(word in statements for word in ("LOWER(", "UPPER(", "ILIKE"))

    # Rows -----------------------------------------------------------------------------------------

    def rows(self) -> Iterator[Trial | None]:
        """Yield the ordinary values with rows for the statements that were sent so far."""
        for _ in range(_ROUNDS):
            reading, events = self._reading()
            statements = {(event.call.statement, self._refuses_rows()) for event in events}
            if not reading.tables or statements <= self._statements:
                return
            self._statements |= statements
            bases = [self._storable(base, reading) for base in self._arguments.bases]
            found = row_sets(reading, self._schema, self._checks, is_full=self._refuses_rows())
            for rows in islice(found, _MOST_ROW_SETS):
                is_of_each = rows.scenario.startswith(_OF_EACH_BASE)
                for base in bases if is_of_each else bases[:1]:
                    yield from self._with_rows(base, rows)
                    if rows.scenario == "among_others" and base is not bases[0]:
                        yield from self._find_shown(bases, rows)
                for sender in self._of_own_statements() if rows.scenario in _BASIC else ():
                    yield from self._with_rows(sender.chosen, rows, sender)
            for base in bases[1:] if reading.inserted else ():
                yield from self._with_parents(base)
            full = full_row(reading, self._schema, self._checks)
            # A row too long for the others: it tells all columns of the result apart.
            scenario, about = "with_all_columns", "if a row has a value in each column"
            for base in reversed(bases) if full else ():
                yield self._trial(base, scenario, about, full, "rows")

    def _storable(self, chosen: Chosen, reading: Reading) -> Chosen:
        """Return choices with which what is stored passes the checks over several columns."""
        for oid in sorted(reading.inserted):
            table = self._schema.tables[oid]
            stored = {c.name: value for c, value in reading.stored.items() if c.table == oid}
            fitted = self._checks.fitted(table, stored).row
            if fitted is not None:
                chosen = self._arguments.storing(chosen, stored, fitted)
        return chosen

    def _with_rows(
        self, base: Chosen, rows: RowSet, sender: Planned | None = None
    ) -> Iterator[Trial | None]:
        """Yield trials with rows: with all of a list, and with one page of it.

        Args:
            base: the values.
            rows: the rows.
            sender: the trial whose values these are, if they are unusual.
        """
        scenario = f"{sender.scenario}_{rows.scenario}" if sender else rows.scenario
        about = f"{sender.about}, {rows.about}" if sender else rows.about
        yield self._trial(base, scenario, about, rows, "rows")
        if rows.scenario == "among_others":
            for page in self._arguments.pages(base):
                yield self._trial(page, scenario, about, rows, "rows")

    def _with_parents(self, base: Chosen) -> Iterator[Trial | None]:
        """Yield everything optional with the rows that it refers to, which the least does not."""
        yield self._trial(base, "with_everything_given", "if everything optional is given")
        alone = [o for t, o in self._seen if isinstance(t, Planned) and t.chosen == base]
        events = [one for one in alone[0].events if one.kind == "statement"] if alone else []
        found = row_sets(comparisons.read(events, self._schema), self._schema, self._checks)
        for rows in (one for one in islice(found, 1) if one.scenario == PARENTS):
            about = "if everything optional is given and the rows exist that it refers to"
            yield self._trial(base, "with_everything_it_refers_to", about, rows, "rows")

    def _find_shown(self, bases: list[Chosen], rows: RowSet) -> Iterator[Trial | None]:
        """Leave out one argument after the other, if with all of them no row is shown.

        Code may filter what a statement finds. The first choices that show rows become the last of
        the bases.
        """
        for name, chosen in self._arguments.without_one() if self._shows_nothing() else ():
            about = f"if all but the {name.replace('_', ' ')} is given, {rows.about}"
            scenario = f"{rows.scenario}_without_{name}"
            yield self._trial(chosen, scenario, about, rows, "rows")
            if not self._shows_nothing():
                bases[-1] = chosen
                for page in self._arguments.pages(chosen):
                    yield self._trial(page, scenario, about, rows, "rows")
                return

    def _shows_nothing(self) -> bool:
        """Return whether the last trial found no row."""
        last = self._seen[-1][1]
        return last.raised is None and not last.answer and not last.changes

    def _of_own_statements(self) -> list[Planned]:
        """Return the trials with unusual values that were the first to send a statement.

        An optional filter that is given alone, or left out, makes one that the others never send.
        """
        bases = self._arguments.bases
        found: list[Planned] = []
        known: set[str] = set()
        for trial, observation in self._seen:
            if isinstance(trial, Planned) and _is_of_use(trial, observation):
                sent = {event.call.statement for event in observation.events}
                if sent - known and trial.chosen not in bases and trial.purpose == "values":
                    found.append(trial)
                known |= sent
        return found[:_MOST_SENDERS]

    def _refuses_rows(self) -> bool:
        """Return whether the code has raised an exception with all rows that matched."""
        raised = [
            observation.raised
            for trial, observation in self._seen
            if trial.scenario in _BASIC and _is_of_use(trial, observation)
        ]
        return bool(raised) and None not in raised

    def _reading(self) -> tuple[Reading, list[Event]]:
        events: dict[str, Event] = {}
        for trial, observation in self._seen:
            if _is_of_use(trial, observation):
                for event in observation.events:
                    if event.kind == "statement":
                        events.setdefault(event.call.statement, event)
        found = list(events.values())
        return comparisons.read(found, self._schema), found

    def _best(self) -> Planned | None:
        """Return the trial that got furthest: without an exception, with most arcs and rows."""
        ranked = [
            (trial, observation)
            for trial, observation in self._seen
            if isinstance(trial, Planned) and _is_of_use(trial, observation)
        ]
        if not ranked:
            return None
        # Of equal ones the first: it has the most ordinary values.
        trial, _ = max(
            ranked,
            key=lambda run: (
                run[1].raised is None,
                len(run[1].arcs),
                len(run[1].events),
                run[0].purpose == "rows",
                run[0].chosen == self._arguments.full,
                run[0].chosen == self._arguments.least,
            ),
        )
        return trial

    # What the source compares ---------------------------------------------------------------------

    def constants(self, open_arcs: OpenArcs) -> Iterator[Trial | None]:
        """Yield trials in which a value is one that the source compares it with."""
        best = self._best()
        if best is None:
            return
        for change in self._changes(open_arcs)[:_MOST_CONSTANTS]:
            if open_arcs():
                yield self._changed(best, [change])

    def pairs(self, open_arcs: OpenArcs) -> Iterator[Trial | None]:
        """Yield trials in which two values are ones that the source compares."""
        best = self._best()
        changes = list(self._changes(open_arcs))[:6]
        tried = 0
        for number, one in enumerate(changes):
            for other in changes[number + 1 :]:
                if best is None or tried >= _MOST_PAIRS or not open_arcs():
                    return
                if one.place != other.place:
                    tried += 1
                    yield self._changed(best, [one, other])

    def _changes(self, open_arcs: OpenArcs) -> list[Any]:
        best = self._best()
        near = {line for line, _ in open_arcs() if line > 0}
        rows = best.rowset.rows if best and best.rowset else []
        reading, _ = self._reading()
        found = constants(self._target.function, near)
        return list(planted(found, self._arguments.shapes, rows, reading, self._schema))

    def _changed(self, best: Planned, changes: Sequence[Any]) -> Trial | None:
        chosen, rows = dict(best.chosen), best.rowset
        for change in changes:
            chosen, rows = change.applied(chosen, rows)
        scenario = "_and_".join(change.scenario for change in changes)
        about = " and ".join(change.about for change in changes)
        return self._trial(chosen, f"with_{scenario}", f"if {about}", rows, "constant")

    # Faults ---------------------------------------------------------------------------------------

    def faults(self, open_arcs: OpenArcs) -> Iterator[Trial | None]:
        """Yield trials in which one call to the database fails."""
        best = self._best()
        observation = next((o for trial, o in self._seen if trial is best), None)
        if best is None or observation is None:
            return
        for fault in fault_trials(self._target, observation.events, self._schema, open_arcs):
            yield fault.of(best, "fault")

    def raised_inside(self) -> Iterator[Trial | None]:
        """Yield trials in which the block of a context manager raises."""
        best = self._best()
        if best is None:
            return
        for error in error_values.examples(Exception, self._target.function):
            yield replace(
                best,
                inside=(f"raise {error.source.text}",),
                imports=error.source.imports,
                scenario=f"when_the_block_raises_{error.name}",
                about=f"if its block raises {error.about}",
                purpose="block",
            )

    # Trials ---------------------------------------------------------------------------------------

    def _trial(
        self,
        chosen: Chosen,
        scenario: str,
        about: str,
        rows: RowSet | None = None,
        purpose: str = "values",
    ) -> Planned | None:
        """Return a trial; None if the values are refused or cannot be spelled."""
        arguments = self._arguments.built(chosen)
        if arguments is None:
            return None
        try:
            inserted = tuple(map(_row, rows.rows)) if rows else ()
        except NoSource:
            return None
        return Planned(
            self._target,
            inserted,
            arguments,
            scenario=scenario,
            about=about,
            purpose=purpose,
            chosen=chosen,
            rowset=rows,
            guesses=self._arguments.guesses(arguments),
        )


def _is_of_use(trial: Trial, observation: Observation) -> bool:
    """Return whether a trial was carried out as it was planned."""
    is_planned = isinstance(trial, Planned) and trial.purpose in ("values", "rows")
    return is_planned and not observation.problem


def _row(row: tuple[Any, Mapping[str, Any]]) -> Row:
    table, values = row
    order = [column.name for column in table.columns if column.name in values]
    return Row(table.name, tuple((name, spelled(values[name])) for name in order))


def _key(trial: Trial) -> object:
    arguments = tuple((name, value.text) for name, value in sorted(trial.arguments.items()))
    return (trial.rows, arguments, trial.script, trial.inside)
