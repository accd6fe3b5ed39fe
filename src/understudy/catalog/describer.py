"""Ask a real PostgreSQL about statements, and put what it says into plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from understudy.catalog.cached_answers import Answer, Answerer
from understudy.catalog.command_tags import command_in, is_query
from understudy.catalog.description import (
    Column,
    Description,
    Nullability,
    ParsedOnly,
    Refusal,
    SchemaFacts,
    Verdict,
)
from understudy.catalog.nullability import QueryNullability
from understudy.catalog.oid_lookup import Lookup
from understudy.catalog.pg_describe import Accepted, Field, Inquiry
from understudy.catalog.querytree import (
    READABLE,
    Node,
    command_of,
    read_tree,
    touched,
)
from understudy.catalog.schema_reader import read_schema_facts
from understudy.catalog.view_queries import Views

# A longer tree would take seconds to read: of it no more is taken than which tables are in it.
_LONGEST_TREE = 1 << 21


class Describer:
    """Says of statements what PostgreSQL says of them. Nothing is ever executed.

    It holds one connection, opened when needed, with `search_path` and role as the DSN gives them.
    Every statement gets a verdict, whatever text it is; where PostgreSQL could not give one (it
    waits for a lock, or is gone), an error is raised instead. Not for several threads at once.
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
            lock_timeout: how many seconds PostgreSQL may wait for a lock on what is named.
            statement_timeout: how many seconds it may work on one statement.
            silence: after how many seconds without an answer the server counts as lost.
        """
        self._inquiry = Inquiry(
            dsn, lock_timeout=lock_timeout, statement_timeout=statement_timeout, silence=silence
        )
        self._lookup = Lookup(lambda: self._inquiry.connection)
        self._views = Views(self._lookup)
        self._answerer = Answerer(lambda: self._inquiry.connection, self._lookup.type_numbers)

    def describe(
        self, statements: Sequence[str], declared: Sequence[Sequence[str]] = ()
    ) -> list[Verdict]:
        """The verdict on each statement, in their order.

        Args:
            statements: the statements.
            declared: for each, the types of its first parameters, "" for one that is left to
                PostgreSQL; empty where all are.

        A statement that PostgreSQL checks before it is run is described or refused; a utility
        statement, and a text without any statement, is only parsed. Where no query tree can be
        read (another major version than 16 to 18, a statement above 256 KB), nullability is
        "unknown", and the tables and columns are those of the result.

        Raises:
            DescribeFailed: PostgreSQL gave no verdict on one of them, so none is returned.
        """
        self._lookup.forget()
        numbers = self._lookup.type_numbers({name for names in declared for name in names if name})
        answers = self._inquiry.ask(
            statements, [[numbers.get(name, 0) for name in names] for names in declared]
        )
        self._views = Views(self._lookup)
        trees = [self._tree(answer) for answer in answers]
        touches = list(map(_touched, answers))
        self._learn(answers, touches)
        return [
            answer if isinstance(answer, Refusal) else self._verdict(statement, answer, tree, here)
            for statement, answer, tree, here in zip(
                statements, answers, trees, touches, strict=True
            )
        ]

    def answer(
        self, statement: str, description: Description, given: Sequence[str | None]
    ) -> Answer:
        """Run a query of the system catalogs in a read-only transaction and return its answer.

        Args:
            statement: the query.
            description: its description.
            given: its parameters, as texts.

        Raises:
            DescribeFailed: PostgreSQL cannot be reached, or cannot work just now.
        """
        return self._answerer.answer(statement, description, given)

    def schema_facts(self) -> SchemaFacts:
        """What the checks need to know of the schema besides its statements.

        Raises:
            DescribeFailed: there is no connecting.
        """
        return read_schema_facts(self._inquiry.connection)

    @property
    def major(self) -> int:
        """The server's major version.

        Raises:
            DescribeFailed: there is no connecting.
        """
        return self._inquiry.major

    def close(self) -> None:
        """Close the connection. It is opened again when something is asked."""
        self._inquiry.close()
        self._lookup.forget()

    def _tree(self, answer: Accepted | Refusal) -> Node | None:
        if isinstance(answer, Refusal) or answer.tree is None or len(answer.tree) > _LONGEST_TREE:
            return None
        if self._inquiry.major not in READABLE:
            return None
        tree = read_tree(answer.tree)
        return tree if isinstance(tree, dict) and tree.get("") == "QUERY" else None

    def _learn(
        self, answers: Sequence[Accepted | Refusal], touches: Sequence[dict[int, set[int]]]
    ) -> None:
        """Ask for everything that the answers name at once."""
        accepted = [answer for answer in answers if isinstance(answer, Accepted)]
        fields = [field for answer in accepted for field in answer.fields]
        parameters = {oid for answer in accepted for oid in answer.parameters}
        self._lookup.learn_types({field.type for field in fields} | parameters)
        relations = {field.table for field in fields if field.table}
        self._views.learn(relations.union(*touches))

    def _verdict(
        self, statement: str, answer: Accepted, tree: Node | None, touches: dict[int, set[int]]
    ) -> Verdict:
        if tree is not None:
            command = command_of(tree)
        else:
            # Without a tree the first word has to tell.
            command = command_in(statement) if is_query(statement) else None
        if command is None:
            return ParsedOnly(command_in(statement))
        judged = (
            QueryNullability(self._lookup, self._views).columns(tree) if tree is not None else []
        )
        if len(judged) != len(answer.fields):
            judged = ["unknown"] * len(answer.fields)
        return Description(
            command=command,
            parameters=tuple(self._lookup.type_name(oid) for oid in answer.parameters),
            columns=tuple(map(self._column, answer.fields, judged)),
            tables=self._tables(touches),
            touches=self._columns_of(touches),
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
        found = map(self._lookup.relation, self._views.all_below(touches))
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
