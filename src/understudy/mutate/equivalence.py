"""Which mutants mean the same as their originals: PostgreSQL tells, on generated rows.

A mutant that did the same for many parameters on three sets of rows is probably equivalent. All of
it runs in transactions that are rolled back.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from random import Random
from typing import Any

import psycopg

from understudy.catalog.own_connection import connect
from understudy.mutate import executions, telling
from understudy.mutate.column_uses import ColumnId, uses_of
from understudy.mutate.executions import Executor, Outcome
from understudy.mutate.generated_data import Dataset, StoredRow, fill, neighbours
from understudy.mutate.mutants import Judgement, Mutant
from understudy.mutate.parameter_sets import Parameters, parameter_sets
from understudy.mutate.subjects import Subject, described
from understudy.pg.queries import Statement
from understudy.pg.writes import is_write
from understudy.rows.insert_sql import Connection
from understudy.rows.schema_reader import read_schema
from understudy.rows.table_facts import Schema, Table

SEEDS = (1, 2, 3)
_TRIED = 60  # sets of parameters for each original and set of rows
_CHOSEN = 20  # of these, for the mutants
# Comparisons on few of the rows, with and without parameters.
_SMALLER, _SMALLER_ALONE = 3, 12
_RECORDED = 6  # sets of parameters of recorded calls
_ALL_RECORDED = 20  # of them, if no others are tried
# Values for columns that are compared with each other, by type: they have to be equal sometimes.
_COMMON = {
    **dict.fromkeys(("int2", "int4", "int8", "numeric"), ("1", "2", "3")),
    **dict.fromkeys(("text", "varchar", "citext"), ("a", "b")),
}
_EQUIVALENT = Judgement("equivalent")
_NOT_REACHED = Judgement("unknown", "the statement found no row for any parameters")

Recorded = Mapping[str, Sequence[Sequence[Any]]]


def judge(
    mutants: Sequence[Mutant],
    dsn: str,
    recorded: Recorded | None = None,
    *,
    with_rows: bool = False,
    only_recorded: bool = False,
    seeds: Sequence[int] = SEEDS,
) -> dict[Mutant, Judgement]:
    """Return the verdict on each mutant.

    Args:
        mutants: the mutants, of any statements.
        dsn: the URL of a database with the schema. Nothing in it changes, but its sequences are
            locked for a moment: no test may run in it at the same time.
        recorded: for a statement, the parameters of calls that tests have made.
        with_rows: whether to look for the rows that tell different mutants from their originals,
            which takes most of the time; ask for it for survivors only.
        only_recorded: whether to try the parameters of recorded calls only.
        seeds: a set of rows is generated for each.

    Raises:
        psycopg.Error: PostgreSQL cannot be reached.
        DescribeFailed: PostgreSQL gave no description.
    """
    if not mutants:
        return {}
    subjects, judgements = described(mutants, dsn)
    if subjects:
        with connect(dsn) as connection:
            judge_ = _Judge(connection, subjects, judgements, with_rows, only_recorded)
            judge_.read(recorded or {})
            judge_.run(seeds)
    return {mutant: judgements[mutant] for mutant in mutants}


class _Judge:
    def __init__(
        self,
        connection: Connection,
        subjects: list[Subject],
        judgements: dict[Mutant, Judgement],
        with_rows: bool,
        only_recorded: bool,
    ) -> None:
        self._connection = connection
        self._with_rows = with_rows
        self._only_recorded = only_recorded
        self._subjects = subjects
        self._judgements = judgements
        self._schema = read_schema(connection)
        self._executor = Executor(connection)
        self._pools: dict[ColumnId, set[str]] = defaultdict(set)
        self._hits: list[dict[ColumnId, str]] = []
        self._needed: dict[int, Table] = {}

    def read(self, recorded: Recorded) -> None:
        """Read what the statements do, and what they were called with."""
        for subject in self._subjects:
            self._read(subject, recorded.get(subject.text, ()))

    def run(self, seeds: Sequence[int]) -> None:
        """Judge every mutant."""
        self._prepare()
        pools = {column: sorted(texts) for column, texts in self._pools.items()}
        with _SequencesKept(self._connection):
            for seed in seeds:
                with self._connection.transaction(force_rollback=True):
                    self._connection.execute(executions.SETTINGS.encode())
                    tables = self._needed.values()
                    data = fill(self._connection, self._schema, tables, pools, self._hits, seed)
                    self._executor.note_sequences(tables)
                    for subject in self._subjects:
                        if subject.mutants:
                            self._compare_all(subject, data, Random(seed))
        for subject in self._subjects:
            reached = _EQUIVALENT if subject.is_reached else _NOT_REACHED
            self._judgements |= dict.fromkeys(subject.mutants, reached)

    def _give_up(self, subject: Subject, reason: str) -> None:
        self._judgements |= dict.fromkeys(subject.mutants, Judgement("unknown", reason))
        subject.mutants = []

    # What a statement works on ---------------------------------------------------------------

    def _read(self, subject: Subject, calls: Sequence[Sequence[Any]]) -> None:
        names = self._schema.names
        oids = [names[name] for name in subject.description.tables if name in names]
        subject.tables = list(_stored(self._schema, oids))
        subject.uses = uses_of(subject.structure, subject.tables)
        children = self._children(subject) if is_write(subject.text) else []
        for table in [*subject.tables, *children]:
            self._need(table)
        is_changing = children or is_write(subject.text)
        subject.changed = list({t.oid: t for t in [*subject.tables, *children]}.values())
        if subject.description.runs_code:
            subject.changed = list(self._needed.values())
        elif not is_changing:
            subject.changed = []
        number = len(subject.description.parameters)
        most = _ALL_RECORDED if self._only_recorded else _RECORDED
        numbers = [at for at, call in enumerate(calls) if len(call) == number][:most]
        subject.recorded = {self._texts(calls[at]): at for at in numbers}
        self._pool(subject)

    def _children(self, subject: Subject) -> list[Table]:
        """Return the tables that refer to those of a statement, directly or not."""
        found = {table.oid for table in subject.tables}
        while (
            more := {
                table.oid
                for table in self._schema.tables.values()
                if not table.parent and any(key.parent in found for key in table.foreign_keys)
            }
            - found
        ):
            found |= more
        return [self._schema.tables[oid] for oid in sorted(found)]

    def _need(self, table: Table) -> None:
        if table.oid not in self._needed:
            self._needed[table.oid] = table
            for key in table.foreign_keys:
                for parent in _stored(self._schema, [key.parent]):
                    self._need(parent)

    def _texts(self, call: Sequence[Any]) -> Parameters:
        return tuple(self._text(value) for value in call)

    def _text(self, value: Any) -> str | None:
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bytes):
            return f"\\x{value.hex()}"
        try:
            given = json.dumps(value) if isinstance(value, dict) else value
            row = self._connection.execute("SELECT (%s)::text", [given]).fetchone()
        except psycopg.ProgrammingError:  # psycopg cannot send it
            return str(value)
        return None if row is None else row[0]

    def _pool(self, subject: Subject) -> None:
        """Add the values of a statement to those of its columns."""
        for column in subject.uses.named:
            self._pools[column].update()  # it varies more than columns that no statement names
        for column in subject.uses.paired:
            kind = self._schema.tables[column.table].column(column.name).type.name
            self._pools[column].update(_COMMON.get(kind, ()))
        for column, texts in sorted(subject.uses.literals.items()):
            for text in sorted(texts):
                self._pools[column].update(neighbours(text))
                self._hits.append({column: text})
        for call in subject.recorded:
            hit: dict[ColumnId, str] = {}
            for number, value in enumerate(call, 1):
                compared = subject.uses.compared.get(number, set())
                is_array = subject.description.parameters[number - 1].endswith("[]")
                for element in _elements(value, is_array):
                    for column in compared | subject.uses.stored.get(number, set()):
                        self._pools[column].update(neighbours(element))
                    hit |= dict.fromkeys(compared, element)
            self._hits += [hit, self._parents_of(hit)]

    def _parents_of(self, hit: Mapping[ColumnId, str]) -> dict[ColumnId, str]:
        """Return the keys of the rows that a row with these values refers to."""
        return {
            ColumnId(key.parent, key.parent_columns[0]): text
            for column, text in hit.items()
            for key in self._schema.tables[column.table].foreign_keys
            if key.columns == (column.name,)
        }

    def _prepare(self) -> None:
        for subject in self._subjects:
            is_query = subject.description.command in ("SELECT", "VALUES") and not is_write(
                subject.text
            )
            if not self._executor.prepare(subject.text, is_query=is_query):
                self._give_up(subject, "PostgreSQL does not prepare the statement by name")
            for mutant in [*subject.mutants]:
                if not self._executor.prepare(mutant.sql, is_query=is_query):
                    subject.mutants.remove(mutant)
                    self._judgements[mutant] = Judgement("refused", "PREPARE fails")

    # Side by side ----------------------------------------------------------------------------

    def _compare_all(self, subject: Subject, data: Dataset, random: Random) -> None:
        """Compare on all rows, and on few: with unmatched rows, small groups, empty tables."""
        empty = [table.name for table in subject.tables if not data.rows.get(table.oid)]
        if empty:
            self._give_up(subject, f"no rows could be generated for {', '.join(empty)}")
            return
        self._compare(subject, data, random)
        for _ in range(_SMALLER if subject.description.parameters else _SMALLER_ALONE):
            if subject.mutants and subject.tables:
                few = data.few(self._needed, random)
                kept = [row for rows in few.rows.values() for row in rows]
                with self._executor.only(self._needed, kept) as is_done:
                    if is_done:
                        self._compare(subject, few, random)

    def _compare(self, subject: Subject, data: Dataset, random: Random) -> None:
        chosen = self._chosen(subject, data, random)
        if chosen is None:
            return
        for mutant in [*subject.mutants]:
            is_ordered = subject.has_order and _concerns_order(subject.structure, mutant)
            for parameters, expected in chosen:
                actual = self._executor.run(mutant.sql, parameters, subject.changed)
                if not expected.same(actual, is_ordered=is_ordered, masks=subject.masks):
                    subject.mutants.remove(mutant)
                    line = ""
                    if self._with_rows:
                        line = self._telling(subject, mutant, data, parameters)
                    call = subject.recorded.get(parameters)
                    self._judgements[mutant] = Judgement("different", telling=line, call=call)
                    break

    def _chosen(
        self, subject: Subject, data: Dataset, random: Random
    ) -> list[tuple[Parameters, Outcome]] | None:
        """Return parameters for which the original does different things; None if it is unknown."""
        types = subject.description.parameters
        recorded = [*subject.recorded]
        sets = (
            iter(recorded)
            if self._only_recorded
            else parameter_sets(subject.uses, types, subject.tables, data, recorded, random)
        )
        kinds: dict[object, list[tuple[Parameters, Outcome]]] = defaultdict(list)
        for parameters in dict.fromkeys(islice(sets, _TRIED if types else 1)):
            outcome = self._executor.run(subject.text, parameters, subject.changed)
            if outcome.error.startswith(executions.TIMEOUT):
                self._give_up(subject, "the statement takes too long on the generated rows")
                return None
            again = self._executor.run(subject.text, parameters, subject.changed)
            if not subject.masks.learn(outcome, again):
                self._give_up(subject, "its result changes from run to run")
                return None
            subject.is_reached |= not outcome.is_empty
            subject.has_order &= outcome.has_order_of(again, subject.masks)
            kind = outcome.kind, tuple(text is None for text in parameters)
            kinds[kind].append((parameters, outcome))
        return list(islice(_in_turn(list(kinds.values())), _CHOSEN))

    def _telling(
        self, subject: Subject, mutant: Mutant, data: Dataset, parameters: Parameters
    ) -> str:
        """Return the line that inserts the row which tells the mutant from its original."""
        tables = {table.oid: table for table in [*subject.tables, *subject.changed]}
        is_ordered = subject.has_order and _concerns_order(subject.structure, mutant)

        def differs(rows: Sequence[StoredRow]) -> bool:
            with self._executor.only(tables, rows) as is_done:
                one, other = (
                    self._executor.run(text, parameters, subject.changed)
                    for text in (subject.text, mutant.sql)
                )
            same = one.same(other, is_ordered=is_ordered, masks=subject.masks)
            return is_done and not same

        columns = subject.uses.columns | _swapped(subject.tables, mutant)
        rows = telling.telling_rows(data, subject.tables, columns, differs)
        return telling.insert_lines(rows, self._schema, columns)


def _swapped(tables: Sequence[Table], mutant: Mutant) -> set[ColumnId]:
    """Return the columns of the result that a mutant swaps."""
    if not mutant.swaps_columns:
        return set()
    names = set(re.findall(r"\w+", mutant.statement[mutant.start : mutant.end]))
    return {
        ColumnId(table.oid, column.name)
        for table in tables
        for column in table.columns
        if column.name in names
    }


def _elements(text: str | None, is_array: bool) -> list[str]:
    if text is None:
        return []
    return text.strip("{}").split(",") if is_array else [text]


def _stored(schema: Schema, oids: Sequence[int]) -> Iterator[Table]:
    """Yield the tables that hold the rows: those that a view reads, the root of a partition."""
    seen: set[int] = set()
    waiting = list(oids)
    while waiting:
        table = schema.tables.get(waiting.pop(0))
        if table is None or table.oid in seen:
            continue
        seen.add(table.oid)
        if table.is_view:
            waiting += table.sources
        elif table.parent:
            waiting.append(table.parent)
        else:
            yield table


def _concerns_order(structure: Statement, mutant: Mutant) -> bool:
    """Return whether a mutant changes something of an ORDER BY."""
    return any(
        clause.keyword == "ORDER BY" and clause.start <= mutant.start <= clause.end
        for query in structure.queries
        for clause in query.clauses
    )


def _in_turn(lists: list[list[tuple[Parameters, Outcome]]]) -> Iterator[tuple[Parameters, Outcome]]:
    """Yield the first of each list, then the second of each, ..."""
    for number in range(max(map(len, lists), default=0)):
        for one in lists:
            yield from one[number : number + 1]


class _SequencesKept:
    """Restores the sequences, which no rollback does."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._values: list[tuple[str, int, bool]] = []

    def __enter__(self) -> None:
        query = """
            SELECT format('%I.%I', schemaname, sequencename), coalesce(last_value, start_value),
                last_value IS NOT NULL
            FROM pg_sequences
        """
        self._values = self._connection.execute(query.encode()).fetchall()

    def __exit__(self, *exception: object) -> None:
        for value in self._values:
            self._connection.execute("SELECT setval(%s, %s, %s)", value)
