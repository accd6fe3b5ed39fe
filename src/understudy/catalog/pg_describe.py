"""Describe statements with the protocol's Parse and Describe, without executing them.

The connection is used for nothing else and commits each statement, because a failing Parse ends an
open transaction. Statements are sent many at a time (libpq's pipeline mode), each followed by a
Sync, so that a refused one does not affect the others. All use the empty name, so that the server
keeps one prepared statement at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from understudy.catalog.describe_errors import (
    NO_VERDICT,
    NOTHING_LEARNED,
    cannot_ask,
    no_verdict,
    refusal_of,
    shortened,
)
from understudy.catalog.describe_session import DescribeSession
from understudy.catalog.description import Refusal
from understudy.catalog.errors import DescribeFailed
from understudy.catalog.result_waiter import ConnectionLost, ResultWaiter

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

# Statements, or bytes of them, that are sent at a time.
_BATCH = 256
_BATCH_BYTES = 1 << 20
# The tree of a list of numbers is about a hundred times as long as the list, and PostgreSQL's limit
# for a text is one gigabyte: longer statements are described without a tree.
_LONGEST_WITH_TREE = 1 << 18
_LOCKED = "55P03"
# SQLSTATE classes of limits that the tree may have exceeded, rather than the statement.
_LIMITS = ("53", "54")
_PLANNED = b"understudy_planned"
_NUL = Refusal("22021", 'invalid byte sequence for encoding "UTF8": 0x00')


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a result; `table` and `number` are 0 for a computed one."""

    name: str
    type: int
    table: int
    number: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The description of an accepted statement.

    Attributes:
        parameters: the OID of each parameter's type.
        fields: the columns of the result.
        tree: the analysed query tree, or None if the server sent none.
    """

    parameters: tuple[int, ...]
    fields: tuple[Field, ...]
    tree: str | None


class _Statement(NamedTuple):
    """A statement in bytes, and the declared OIDs of its parameters."""

    text: bytes
    types: Sequence[int]


class DescribeConnection(DescribeSession):
    """Describes statements, and plans them; see DescribeSession for its arguments."""

    def describe(
        self, statements: Sequence[str], declared: Sequence[Sequence[int]] = ()
    ) -> list[Accepted | Refusal]:
        """Return the description or refusal of each statement, in order.

        If the connection is lost, it is opened again for the rest.

        Args:
            statements: the statements.
            declared: for each statement, the declared OIDs of its first parameters, 0 for an
                undeclared one; empty if no statement declares any.

        Raises:
            DescribeFailed: PostgreSQL gave no verdict: it cannot be reached, was lost twice at the
                same statement, waited for a lock, or was out of resources.
        """
        types = declared or [()] * len(statements)
        texts = [
            _Statement(_encoded(statement), oids)
            for statement, oids in zip(statements, types, strict=True)
        ]
        found: list[Accepted | Refusal] = []
        lost_at: int | None = None
        while len(found) < len(texts):
            try:
                for batch in _batches(texts[len(found) :]):
                    with self._in_search_path():
                        self._describe_batch(batch, found)
            except ConnectionLost as error:
                self.close()
                if lost_at == len(found):
                    raise DescribeFailed(
                        "PostgreSQL was lost twice as it was asked about this statement:\n"
                        f"  {shortened(statements[lost_at])}\n{error}\n{NOTHING_LEARNED}\n"
                        "If it happens again, leave the statement out: its server may not survive "
                        "it."
                    ) from error
                lost_at = len(found)
            except BaseException:
                # Nobody would read the outstanding answers.
                self.close()
                raise
        return found

    def plan(
        self, statements: Sequence[str], declared: Sequence[Sequence[int]], counts: Sequence[int]
    ) -> list[Refusal | None]:
        """Return the error with which PostgreSQL would refuse to plan each statement, or None.

        The plan is the one for any parameters. Nothing is executed.

        Args:
            statements: accepted statements: queries, of a length that has a tree.
            declared: for each, the OIDs with which it was described. With the types that were found
                the planner might refuse what PostgreSQL takes: `$1 COLLATE "C"` as a bigint.
            counts: how many parameters each has.

        Raises:
            DescribeFailed: PostgreSQL cannot be reached.
        """
        if not statements:
            return []
        try:
            self._want_trees(False)
            found: list[Refusal | None] = []
            with self._savepoint():
                for batch in _batches(list(map(_Statement, map(_encoded, statements), declared))):
                    with self._in_search_path():
                        found += self._plans(batch, counts[len(found) :])
        except ConnectionLost as error:
            self.close()
            raise cannot_ask(error) from error
        except BaseException:
            self.close()  # nobody would read the outstanding answers
            raise
        self._want_trees(True)
        return found

    def _plans(
        self, batch: Sequence[_Statement], counts: Sequence[int]
    ) -> Iterator[Refusal | None]:
        pgconn = self.raw.pgconn
        import psycopg

        try:
            pgconn.enter_pipeline_mode()
            for (text, types), count in zip(batch, counts, strict=False):
                nulls = f"({', '.join(['NULL'] * count)})" if count else ""
                pgconn.send_prepare(_PLANNED, text, types)
                pgconn.send_query_params(b"EXPLAIN EXECUTE " + _PLANNED + nulls.encode(), None)
                pgconn.pipeline_sync()
                pgconn.send_query_params(b"DEALLOCATE " + _PLANNED, None)
                pgconn.pipeline_sync()
            with ResultWaiter(pgconn, self._silence) as waiter:
                for _ in batch:
                    results = [waiter.command_result(), waiter.command_result()]
                    waiter.synchronise()
                    waiter.command_result()
                    waiter.synchronise()
                    refused = (refusal_of(result) for result in results if _has_failed(result))
                    yield next(refused, None)
            pgconn.exit_pipeline_mode()
        except psycopg.OperationalError as error:
            raise ConnectionLost(" ".join(str(error).split())) from error

    def _describe_batch(self, batch: Sequence[_Statement], found: list[Accepted | Refusal]) -> None:
        """Append the answer for each statement to `found`."""
        with_trees = len(batch[0].text) <= _LONGEST_WITH_TREE
        self._want_trees(with_trees)
        again = []
        for (text, _), answer in zip(batch, self._answers(batch), strict=True):
            if with_trees and isinstance(answer, Refusal) and answer.sqlstate.startswith(_LIMITS):
                again.append(len(found))
            else:
                self._check(text, answer)
            found.append(answer)
        if again:
            self._want_trees(False)
        for number in again:
            statement = batch[number - len(found) + len(batch)]
            (found[number],) = self._answers([statement])
            self._check(statement.text, found[number])

    def _check(self, text: bytes, answer: Accepted | Refusal) -> None:
        if not isinstance(answer, Refusal):
            return
        statement, state = text.decode(errors="replace"), answer.sqlstate
        if state == _LOCKED:
            raise DescribeFailed(
                f"PostgreSQL waited {self._lock_timeout:g} s for a lock as it was asked about this "
                f"statement:\n  {shortened(statement)}\n"
                f"{answer.message} (SQLSTATE {_LOCKED})\n{NOTHING_LEARNED}\n"
                "Another connection changes the schema and has not committed: let it end, and ask "
                "again."
            )
        if state.startswith(NO_VERDICT):
            raise no_verdict(statement, answer)

    def _answers(self, batch: Sequence[_Statement]) -> Iterator[Accepted | Refusal]:
        pgconn = self.raw.pgconn
        import psycopg

        self._trees.clear()
        try:
            pgconn.enter_pipeline_mode()
            for text, types in batch:
                if b"\0" not in text:
                    pgconn.send_prepare(b"", text, types)
                    pgconn.send_describe_prepared(b"")
                    pgconn.pipeline_sync()
            with ResultWaiter(pgconn, self._silence) as waiter:
                for text, _ in batch:
                    # In the protocol a NUL ends a text, so the server never sees it.
                    yield _NUL if b"\0" in text else self._answer(waiter)
            pgconn.exit_pipeline_mode()
        except psycopg.OperationalError as error:
            raise ConnectionLost(" ".join(str(error).split())) from error

    def _answer(self, waiter: ResultWaiter) -> Accepted | Refusal:
        from psycopg.pq import ExecStatus

        prepared = waiter.command_result()
        # Notices of the next statement arrive only after this one's description.
        tree = self._trees[-1].decode(errors="replace") if self._trees else None
        self._trees.clear()
        described = waiter.command_result()
        waiter.synchronise()
        for result in (prepared, described):
            if result.status != ExecStatus.COMMAND_OK:
                return refusal_of(result)
        return Accepted(
            tuple(described.param_type(number) for number in range(described.nparams)),
            tuple(_field(described, number) for number in range(described.nfields)),
            tree,
        )


def _encoded(statement: str) -> bytes:
    try:
        return statement.encode()
    except UnicodeEncodeError:
        # A lone surrogate is not valid UTF-8: let PostgreSQL refuse it.
        return statement.encode(errors="surrogatepass")


def _batches(statements: Sequence[_Statement]) -> Iterator[list[_Statement]]:
    """Split into batches; a statement too long for a tree is a batch of its own."""
    batch: list[_Statement] = []
    size = 0
    for statement in statements:
        length = len(statement.text)
        alone = length > _LONGEST_WITH_TREE
        if batch and (alone or len(batch) == _BATCH or size + length > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(statement)
        size += length
        if alone:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _has_failed(result: PGresult) -> bool:
    from psycopg.pq import ExecStatus

    return bool(result.status == ExecStatus.FATAL_ERROR)


def _field(result: PGresult, number: int) -> Field:
    name = result.fname(number) or b""
    return Field(
        name.decode(errors="replace"),
        result.ftype(number),
        result.ftable(number),
        result.ftablecol(number),
    )
