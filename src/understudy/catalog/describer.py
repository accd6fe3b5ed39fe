"""Describe statements: PostgreSQL's verdicts as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from understudy.catalog.cached_answers import Answer, run_query
from understudy.catalog.command_tags import command_in, is_query
from understudy.catalog.description import (
    Column,
    Description,
    Nullability,
    ParsedOnly,
    Refusal,
    RowBounds,
    SchemaFacts,
    Verdict,
)
from understudy.catalog.introspection_statements import is_introspection
from understudy.catalog.nullability import QueryNullability
from understudy.catalog.oid_lookup import Lookup
from understudy.catalog.pg_describe import Accepted, DescribeConnection, Field
from understudy.catalog.planner_errors import QUERIES, with_planner_error
from understudy.catalog.querytree import (
    READABLE,
    SEARCHABLE,
    Node,
    called,
    command_of,
    read_tree,
    touched,
    written,
)
from understudy.catalog.schema_reader import read_schema_facts
from understudy.catalog.session_schema import Context
from understudy.catalog.statement_facts import Facts, facts_of

# A longer tree would take seconds to read; only its tables are extracted.
_LONGEST_TREE = 1 << 21
# A new label of an enum, which only the session of the test may have committed.
_NOT_COMMITTED = "55P04"


class Describer:
    """Describes statements without executing them, on one connection that is opened when needed.

    Every text gets a verdict, or an error is raised if PostgreSQL cannot give one (it waits for a
    lock, or the connection is lost). Not thread-safe.
    """

    def __init__(
        self,
        dsn: str,
        *,
        lock_timeout: float = 5.0,
        statement_timeout: float = 30.0,
        silence: float = 60.0,
    ) -> None:
        """Prepare it; nothing is connected yet.

        Args:
            dsn: the URL of a database with the schema in it.
            lock_timeout: seconds that PostgreSQL may wait for a lock.
            statement_timeout: seconds that PostgreSQL may take for one statement.
            silence: seconds without an answer after which the connection counts as lost.
        """
        self._connection = DescribeConnection(
            dsn, lock_timeout=lock_timeout, statement_timeout=statement_timeout, silence=silence
        )
        self._lookup = Lookup(lambda: self._connection.raw)

    def describe(
        self, statements: Sequence[str], declared: Sequence[Sequence[str]] = ()
    ) -> list[Verdict]:
        """Return the verdict on each statement, in order.

        A query is described or refused; a utility statement, and a text without a statement, is
        only parsed. On a major version before 16, and without a query tree (a major version after
        18, a statement above 256 KB), nullability is "unknown". Without a tree, the tables and
        columns are those of the result, and any error is possible.

        Args:
            statements: the statements.
            declared: for each statement, the declared types of its first parameters, "" for an
                undeclared one; empty if no statement declares any.

        Raises:
            DescribeFailed: PostgreSQL gave no verdict on one of the statements.
        """
        self._lookup.forget()
        numbers = self._lookup.type_numbers({name for names in declared for name in names if name})
        oids = [[numbers.get(name, 0) for name in names] for names in declared]
        answers = self._connection.describe(statements, oids)
        if self._connection.major not in SEARCHABLE:
            answers = [_without_tree(answer) for answer in answers]
        trees = [self._tree(answer) for answer in answers]
        touches = list(map(_touched, answers))
        self._learn(answers, touches)
        verdicts = [
            answer if isinstance(answer, Refusal) else self._verdict(statement, answer, tree, here)
            for statement, answer, tree, here in zip(
                statements, answers, trees, touches, strict=True
            )
        ]
        return self._planned(statements, oids, answers, verdicts)

    def describe_in(
        self, context: Context, statement: str, declared: Sequence[str] = ()
    ) -> Verdict:
        """Return the verdict on a statement in a session with DDL or a search_path of its own.

        The DDL is executed in a transaction that is rolled back. If some of it fails there, a
        refusal says nothing, and the statement is only parsed.

        Raises:
            DescribeFailed: as `describe`.
        """
        with self._connection.scratch(context.changes, context.search_path) as is_complete:
            (verdict,) = self.describe([statement], [declared] if any(declared) else ())
        is_uncertain = isinstance(verdict, Refusal) and (
            verdict.sqlstate != "42601" if not is_complete else verdict.sqlstate == _NOT_COMMITTED
        )
        if is_uncertain:
            return ParsedOnly(command_in(statement))
        if isinstance(verdict, Description) and context.changes:
            return replace(verdict, runs_code=True)  # its errors may name what the session made
        return verdict

    def answer(
        self, statement: str, description: Description, given: Sequence[str | None]
    ) -> Answer:
        """Return the answer to a query of the system catalogs; see `run_query`.

        Raises:
            DescribeFailed: PostgreSQL cannot be reached, or is busy or shutting down.
        """
        return run_query(
            self._connection.raw, self._lookup.type_numbers, statement, description, given
        )

    def schema_facts(self) -> SchemaFacts:
        """Return the types and constraints of the schema.

        Raises:
            DescribeFailed: PostgreSQL cannot be reached.
        """
        return read_schema_facts(self._connection.raw)

    @property
    def major(self) -> int:
        """The server's major version.

        Raises:
            DescribeFailed: PostgreSQL cannot be reached.
        """
        return self._connection.major

    def is_alive(self) -> bool:
        """Return whether its connection works, if there is one: a test may kill any backend."""
        return self._connection.is_alive()

    def close(self) -> None:
        """Close the connection. It is opened again when needed."""
        self._connection.close()
        self._lookup.forget()

    def _tree(self, answer: Accepted | Refusal) -> Node | None:
        if isinstance(answer, Refusal) or answer.tree is None or len(answer.tree) > _LONGEST_TREE:
            return None
        if self._connection.major not in READABLE:
            return None
        tree = read_tree(answer.tree)
        return tree if isinstance(tree, dict) and tree.get("") == "QUERY" else None

    def _learn(
        self, answers: Sequence[Accepted | Refusal], touches: Sequence[dict[int, set[int]]]
    ) -> None:
        """Look up all types, tables and views that the answers mention."""
        accepted = [answer for answer in answers if isinstance(answer, Accepted)]
        fields = [field for answer in accepted for field in answer.fields]
        parameters = {oid for answer in accepted for oid in answer.parameters}
        self._lookup.learn_types({field.type for field in fields} | parameters)
        relations = {field.table for field in fields if field.table}
        self._lookup.learn_relations(relations.union(*touches))

    def _verdict(
        self, statement: str, answer: Accepted, tree: Node | None, touches: dict[int, set[int]]
    ) -> Verdict:
        if tree is not None:
            command = command_of(tree)
        else:
            # Without a tree, the first word decides.
            command = command_in(statement) if is_query(statement) else None
        if command is None and not (answer.parameters or answer.fields):
            return ParsedOnly(command_in(statement))
        nullability: Sequence[Nullability] = []
        facts = Facts(RowBounds(), None, ())
        if tree is not None and command is not None:
            nullability = QueryNullability(self._lookup).columns(tree)
            facts = facts_of(tree, self._lookup)
        if len(nullability) != len(answer.fields):
            nullability = ["unknown"] * len(answer.fields)
        return Description(
            command=command or command_in(statement),
            parameters=tuple(self._lookup.type_name(oid) for oid in answer.parameters),
            columns=tuple(map(self._column, answer.fields, nullability)),
            tables=self._tables(touches),
            touches=self._columns_of(touches),
            runs_code=self._runs_code(answer),
            rows=facts.rows,
            fails=facts.fails,
            assigned=facts.assigned,
            checks=facts.checks,
        )

    def _runs_code(self, answer: Accepted) -> bool:
        """Return whether code of the schema may run; without a tree, that is not known."""
        if answer.tree is None or self._connection.major not in SEARCHABLE:
            return True
        lookup = self._lookup
        inserted, changed = map(lookup.all_below, written(answer.tree))
        return (
            lookup.runs_code(self._called(answer.tree))
            or lookup.runs_code(inserted)
            or lookup.runs_code(changed, cascades=True)
        )

    def _called(self, tree: str) -> set[int]:
        """Return the functions and domains that a statement uses, in views too."""
        found = called(tree)
        for oid in self._lookup.all_below(touched(tree)):
            relation = self._lookup.relation(oid)
            if relation is not None and relation.view:
                found |= called(relation.view)
        return found

    def _planned(
        self,
        statements: Sequence[str],
        declared: Sequence[Sequence[int]],
        answers: Sequence[Accepted | Refusal],
        verdicts: Sequence[Verdict],
    ) -> list[Verdict]:
        """Return the verdicts, with what the planner refuses."""
        found = list(verdicts)
        asked = [
            (number, statement, answer)
            for number, (statement, answer) in enumerate(zip(statements, answers, strict=True))
            if isinstance(answer, Accepted) and self._can_be_planned(answer, verdicts[number])
        ]
        refusals = self._connection.plan(
            [statement for _, statement, _ in asked],
            [declared[number] if declared else () for number, _, _ in asked],
            [len(answer.parameters) for _, _, answer in asked],
        )
        for (number, _, answer), refusal in zip(asked, refusals, strict=True):
            if refusal is not None:
                found[number] = with_planner_error(found[number], refusal, answer.tree or "")
        return found

    def _can_be_planned(self, answer: Accepted, verdict: Verdict) -> bool:
        """Return whether planning runs no code of the schema: it evaluates constants."""
        return (
            isinstance(verdict, Description)
            and verdict.command in QUERIES
            and answer.tree is not None
            and not self._lookup.runs_code(self._called(answer.tree))
        )

    def _column(self, field: Field, nullability: Nullability) -> Column:
        return Column(
            field.name, self._lookup.type_name(field.type), self._origin(field), nullability
        )

    def _origin(self, field: Field) -> str | None:
        relation = self._lookup.relation(field.table) if field.table else None
        if relation is None or field.number not in relation.columns:
            return None
        return f"{relation.name}.{relation.columns[field.number]}"

    def _tables(self, touches: Iterable[int]) -> tuple[str, ...]:
        found = map(self._lookup.relation, self._lookup.all_below(touches))
        return tuple(sorted(relation.name for relation in found if relation))

    def _columns_of(self, touches: dict[int, set[int]]) -> tuple[str, ...]:
        found: set[str] = set()
        for oid, numbers in touches.items():
            relation = self._lookup.relation(oid)
            if relation is None:
                continue
            whole = 0 in numbers
            found.update(
                f"{relation.name}.{name}"
                for number, name in relation.columns.items()
                if whole or number in numbers
            )
        return tuple(sorted(found))


class SyntaxDescriber(Describer):
    """A describer for a database that need not have the tables."""

    def _can_be_planned(self, answer: Accepted, verdict: Verdict) -> bool:
        return False

    def describe(
        self, statements: Sequence[str], declared: Sequence[Sequence[str]] = ()
    ) -> list[Verdict]:
        """Return a refusal for each statement with a syntax error, and the command of the others.

        Queries of the system catalogs are described: those are the same in every database.
        """
        return [
            verdict
            if (isinstance(verdict, Refusal) and verdict.sqlstate == "42601")
            or is_introspection(statement)
            else ParsedOnly(command_in(statement))
            for statement, verdict in zip(
                statements, super().describe(statements, declared), strict=True
            )
        ]

    def describe_in(
        self, context: Context, statement: str, declared: Sequence[str] = ()
    ) -> Verdict:
        """Return the verdict of `describe`: no name is checked, so the session does not matter."""
        return self.describe([statement], [declared] if any(declared) else ())[0]

    def schema_facts(self) -> SchemaFacts:
        """Return nothing: there is no schema."""
        return SchemaFacts({}, ())


def _without_tree(answer: Accepted | Refusal) -> Accepted | Refusal:
    return answer if isinstance(answer, Refusal) else replace(answer, tree=None)


def _touched(answer: Accepted | Refusal) -> dict[int, set[int]]:
    if isinstance(answer, Refusal):
        return {}
    if answer.tree is not None:
        return touched(answer.tree)
    found: dict[int, set[int]] = {}
    for field in answer.fields:
        if field.table:
            found.setdefault(field.table, set()).add(field.number)
    return found
