"""Run statements on generated rows, and compare what they did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from psycopg import pq

from understudy.mutate.generated_data import StoredRow
from understudy.mutate.parameter_sets import Parameters
from understudy.pg.sql_spelling import literal, quoted
from understudy.rows.insert_sql import Connection
from understudy.rows.table_facts import Table

# The same plan for an original and its mutants as far as possible: rows come in the same order.
SETTINGS = """
    SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
    SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off;
    SET LOCAL enable_bitmapscan = off; SET LOCAL enable_memoize = off;
    SET LOCAL join_collapse_limit = 1; SET LOCAL from_collapse_limit = 1;
    SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off;
    SET LOCAL plan_cache_mode = force_generic_plan;
    SET LOCAL statement_timeout = '1s'; SET LOCAL lock_timeout = '1s';
    SET CONSTRAINTS ALL IMMEDIATE
"""
TIMEOUT = "57014"
_MOST_ROWS = 5000
Rows = list[tuple[bytes | None, ...]]


@dataclass
class Outcome:
    """What a statement did.

    Attributes:
        error: the SQLSTATE and constraint of the error, or "".
        tag: the command tag, such as "UPDATE 2".
        rows: those that it returned, in order.
        tables: the rows of each table that it may have changed, afterwards.
    """

    error: str = ""
    tag: str = ""
    rows: Rows = field(default_factory=list)
    tables: dict[int, Rows] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether it failed, or neither returned nor changed a row."""
        return bool(self.error) or (not self.rows and self.tag.rpartition(" ")[2] == "0")

    @property
    def kind(self) -> object:
        """What is alike in outcomes that tell about the same of a mutant."""
        nulls = tuple(value is None for value in self.rows[0]) if self.rows else ()
        return self.error, self.tag.rpartition(" ")[2] == "0", min(len(self.rows), 2), nulls

    def has_order_of(self, other: Outcome, masks: Masks) -> bool:
        """Return whether another run returned the rows in the same order."""
        return masks.of_result(self.rows) == masks.of_result(other.rows)

    def same(self, other: Outcome, *, is_ordered: bool, masks: Masks) -> bool:
        """Return whether another statement did the same, apart from masked columns."""
        if (self.error, self.tag) != (other.error, other.tag):
            return False
        one, two = (masks.of_result(outcome.rows) for outcome in (self, other))
        if one != two and (is_ordered or Counter(one) != Counter(two)):
            return False
        return all(
            rows == other.tables[oid]
            or Counter(masks.of_table(oid, rows)) == Counter(masks.of_table(oid, other.tables[oid]))
            for oid, rows in self.tables.items()
        )


@dataclass
class Masks:
    """The columns whose values differ from run to run: random(), clock_timestamp().

    Attributes:
        result: the numbers of columns of the result, from 0.
        tables: those of columns of tables.
    """

    result: set[int] = field(default_factory=set)
    tables: dict[int, set[int]] = field(default_factory=dict)

    def learn(self, one: Outcome, other: Outcome) -> bool:
        """Mask what differs between two runs of one statement; return whether the rest is equal."""
        self.result |= _differing(one.rows, other.rows)
        for oid, rows in one.tables.items():
            self.tables.setdefault(oid, set()).update(_differing(rows, other.tables.get(oid, [])))
        is_masked = bool(one.rows) and len(self.result) == len(one.rows[0]) and not one.tables
        return not is_masked and one.same(other, is_ordered=False, masks=self)

    def of_result(self, rows: Rows) -> Rows:
        """Return the rows without the masked columns."""
        return _without(rows, self.result)

    def of_table(self, oid: int, rows: Rows) -> Rows:
        """Return the rows of a table without the masked columns."""
        return _without(rows, self.tables.get(oid, set()))


def _differing(one: Rows, other: Rows) -> set[int]:
    if len(one) != len(other) or not one:
        return set()
    columns = range(len(one[0]))
    return {n for n in columns if Counter(r[n] for r in one) != Counter(r[n] for r in other)}


def _without(rows: Rows, columns: set[int]) -> Rows:
    if not columns:
        return rows
    return [tuple(v for n, v in enumerate(row) if n not in columns) for row in rows]


class Executor:
    """Executes prepared statements in a transaction, each in a savepoint that is rolled back."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # psycopg would deallocate all prepared statements after a ROLLBACK.
        connection.prepare_threshold = None
        self._names: dict[str, str] = {}
        self._sequences = ""

    def prepare(self, sql: str, *, is_query: bool) -> bool:
        """Prepare a statement; return whether PostgreSQL accepts it.

        Args:
            sql: the statement.
            is_query: whether it only returns rows: then at most some thousand are fetched.
        """
        if sql in self._names:
            return True
        name = f"understudy_{len(self._names)}"
        text = sql.rstrip().rstrip(";")
        wrapped = f"SELECT * FROM ({text}\n) AS q LIMIT {_MOST_ROWS}"
        for one in (wrapped, text) if is_query else (text,):
            if self._send(f"PREPARE {name} AS {one}").status == pq.ExecStatus.COMMAND_OK:
                self._names[sql] = name
                return True
        return False

    def note_sequences(self, tables: Iterable[Table]) -> None:
        """Remember the sequences of tables: each execution takes the same numbers from them."""
        oids = ", ".join(str(table.oid) for table in tables)
        query = f"""
            SELECT DISTINCT s.seqrelid::regclass::text, least(s.seqmax, 20000)
            FROM pg_sequence s JOIN pg_depend d
                ON d.objid = s.seqrelid AND d.classid = 'pg_class'::regclass
            WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid IN ({oids or "0"})
        """
        found = self._connection.execute(query.encode()).fetchall()
        calls = ", ".join(f"setval({literal(name)}, {start})" for name, start in found)
        self._sequences = f"SELECT {calls}; " if calls else ""

    @contextmanager
    def only(self, tables: Mapping[int, Table], kept: Iterable[StoredRow]) -> Iterator[bool]:
        """Delete all other rows of the tables for a while, without checks and triggers.

        Yields:
            Whether it could be done: only a superuser may.
        """
        result = self._send(f"SAVEPOINT fewer; {_only(tables, kept)}")
        try:
            yield result.status == pq.ExecStatus.COMMAND_OK
        finally:
            self._send("ROLLBACK TO fewer; RELEASE fewer")

    def run(self, sql: str, parameters: Parameters, tables: Sequence[Table]) -> Outcome:
        """Execute a prepared statement, and roll it back.

        Args:
            sql: the statement.
            parameters: its parameters.
            tables: the tables whose rows to read afterwards.
        """
        values = ", ".join("NULL" if text is None else literal(text) for text in parameters)
        call = f"EXECUTE {self._names[sql]}{f'({values})' if parameters else ''}"
        result = self._send(f"SAVEPOINT mutant; {self._sequences}{call}")
        try:
            return self._outcome(result, tables)
        finally:
            self._send("ROLLBACK TO mutant; RELEASE mutant")

    def _outcome(self, result: pq.abc.PGresult, tables: Sequence[Table]) -> Outcome:
        if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            fields = (pq.DiagnosticField.SQLSTATE, pq.DiagnosticField.CONSTRAINT_NAME)
            texts = [result.error_field(one) or b"" for one in fields]
            return Outcome(b" ".join(texts).decode().strip())
        tag = (result.command_status or b"").decode()
        outcome = Outcome(tag=tag, rows=_rows(result))
        for table in tables:
            columns = ", ".join(quoted(column.name) for column in table.columns)
            query = f"SELECT {columns} FROM {table.sql_name}"
            outcome.tables[table.oid] = _rows(self._send(query))
        return outcome

    def _send(self, text: str) -> pq.abc.PGresult:
        return self._connection.pgconn.exec_(text.encode())


def _rows(result: pq.abc.PGresult) -> Rows:
    columns = range(result.nfields)
    return [tuple(result.get_value(row, n) for n in columns) for row in range(result.ntuples)]


def _only(tables: Mapping[int, Table], kept: Iterable[StoredRow]) -> str:
    places: dict[int, list[str]] = {oid: [] for oid in tables}
    for row in kept:
        places[row.table].append(f'"{row.place}"')
    deletes = (
        f"DELETE FROM {tables[oid].sql_name} WHERE ctid <> ALL ('{{{','.join(of_table)}}}');"
        for oid, of_table in places.items()
    )
    mode = "SET LOCAL session_replication_role ="
    return f"{mode} replica; {' '.join(deletes)} {mode} origin"
