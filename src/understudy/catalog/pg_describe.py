"""Ask a PostgreSQL what it makes of statements: Parse and Describe, never executed.

The connection is our own, because a Parse that fails ends an open transaction, and commits each
statement. Statements are sent many at a time (libpq's pipeline mode), each with a Sync of its own,
so that one that is refused leaves the others alone. All are prepared under the empty name, so that
the server keeps one at most.
"""

from __future__ import annotations

import selectors
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Never

from understudy.catalog.description import Refusal
from understudy.catalog.errors import DescribeFailed

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGconn, PGresult

_CONNECT_TIMEOUT = 10
# How many statements, or bytes of them, are under way at once.
_BATCH = 256
_BATCH_BYTES = 1 << 20
# A tree is about a hundred times as long as a list of numbers in its statement, and PostgreSQL
# holds no text above one gigabyte: of a longer statement no tree is asked for.
_LONGEST_WITH_TREE = 1 << 18
# Classes of SQLSTATE that say nothing of the statement, but of the server or of who else is there.
NO_VERDICT = ("08", "40", "53", "57", "58")
_LOCKED = "55P03"
# Limits that the tree may have reached, and not the statement.
_LIMITS = ("53", "54")
_SHUT_DOWN = ("57P01", "57P02", "57P03")
_SHOWN = 200  # characters of a statement in a message
_NO_VERDICT = "This says nothing about the statement, so nothing was learned of it."
_NUL = Refusal("22021", 'invalid byte sequence for encoding "UTF8": 0x00')


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a result; `table` and `number` are 0 where it is no column of a table."""

    name: str
    type: int
    table: int
    number: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """What PostgreSQL says of a statement that it accepts.

    Attributes:
        parameters: the OID of each parameter's type.
        fields: the columns of its result.
        tree: the analysed query tree, None where the server sent none.
    """

    parameters: tuple[int, ...]
    fields: tuple[Field, ...]
    tree: str | None


class _Asked(NamedTuple):
    """A statement as it is sent, and the OIDs that are declared for its parameters."""

    text: bytes
    types: Sequence[int]


class _Lost(Exception):
    """The connection is gone."""


class Inquiry:
    """One connection to ask on, opened when needed and again when it was lost."""

    def __init__(
        self, dsn: str, *, lock_timeout: float, statement_timeout: float, silence: float
    ) -> None:
        """Prepare it.

        Args:
            dsn: where to ask; `search_path` and role are as it gives them.
            lock_timeout: how many seconds PostgreSQL may wait for a lock.
            statement_timeout: how many seconds it may work on one statement.
            silence: after how many seconds without a byte the server counts as lost.
        """
        self._dsn = dsn
        self._lock_timeout = lock_timeout
        self._statement_timeout = statement_timeout
        self._silence = silence
        self._connection: psycopg.Connection[Any] | None = None
        self._trees: list[bytes] = []
        self._with_trees = True

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """The connection, for questions to the system catalogs.

        Raises:
            DescribeFailed: there is no connecting.
        """
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        return self._connection

    @property
    def major(self) -> int:
        """The major version of the server."""
        return self.connection.pgconn.server_version // 10000

    def close(self) -> None:
        """Close the connection. It is opened again when something is asked."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def ask(
        self, statements: Sequence[str], declared: Sequence[Sequence[int]] = ()
    ) -> list[Accepted | Refusal]:
        """What PostgreSQL says of each statement, in their order.

        Of each, `declared` has the OIDs of the types of its first parameters, 0 for one that is
        left to PostgreSQL; it is empty where all are.

        Where the connection is lost, it is opened anew and the rest is asked again.

        Raises:
            DescribeFailed: PostgreSQL gave no verdict: it cannot be reached, was lost twice at the
                same statement, waited for a lock, or had no room.
        """
        types = declared or [()] * len(statements)
        texts = [
            _Asked(_encoded(statement), each)
            for statement, each in zip(statements, types, strict=True)
        ]
        found: list[Accepted | Refusal] = []
        lost_at: int | None = None
        while len(found) < len(texts):
            try:
                for batch in _batches(texts[len(found) :]):
                    self._ask_batch(batch, found)
            except _Lost as error:
                self.close()
                if lost_at == len(found):
                    raise DescribeFailed(
                        "PostgreSQL was lost twice as it was asked about this statement:\n"
                        f"  {shortened(statements[lost_at])}\n{error}\n{_NO_VERDICT}\n"
                        "If it happens again, leave the statement out: its server may not survive "
                        "it."
                    ) from error
                lost_at = len(found)
            except BaseException:
                # What is still under way belongs to nobody.
                self.close()
                raise
        return found

    def _ask_batch(self, batch: Sequence[_Asked], found: list[Accepted | Refusal]) -> None:
        """Add a verdict to `found` for each text."""
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
            asked = batch[number - len(found) + len(batch)]
            (found[number],) = self._answers([asked])
            self._check(asked.text, found[number])

    def _check(self, text: bytes, answer: Accepted | Refusal) -> None:
        if not isinstance(answer, Refusal):
            return
        statement, state = text.decode(errors="replace"), answer.sqlstate
        if state == _LOCKED:
            raise DescribeFailed(
                f"PostgreSQL waited {self._lock_timeout:g} s for a lock as it was asked about this "
                f"statement:\n  {shortened(statement)}\n"
                f"{answer.message} (SQLSTATE {_LOCKED})\n{_NO_VERDICT}\n"
                "Another connection changes the schema and has not committed: let it end, and ask "
                "again."
            )
        if state.startswith(NO_VERDICT):
            raise no_verdict(statement, answer)

    def _answers(self, batch: Sequence[_Asked]) -> Iterator[Accepted | Refusal]:
        pgconn = self.connection.pgconn
        import psycopg

        self._trees.clear()
        try:
            pgconn.enter_pipeline_mode()
            for text, types in batch:
                if b"\0" not in text:
                    pgconn.send_prepare(b"", text, types)
                    pgconn.send_describe_prepared(b"")
                    pgconn.pipeline_sync()
            with _Waiter(pgconn, self._silence) as waiter:
                for text, _ in batch:
                    # The protocol ends a text at a NUL: it can only be refused on this side.
                    yield _NUL if b"\0" in text else self._answer(waiter)
            pgconn.exit_pipeline_mode()
        except psycopg.OperationalError as error:
            raise _Lost(" ".join(str(error).split())) from error

    def _answer(self, waiter: _Waiter) -> Accepted | Refusal:
        from psycopg.pq import ExecStatus

        prepared = waiter.result()
        # A notice of the next statement comes only after this one's description was taken.
        tree = self._trees[-1].decode(errors="replace") if self._trees else None
        self._trees.clear()
        described = waiter.result()
        waiter.synchronise()
        for result in (prepared, described):
            if result.status != ExecStatus.COMMAND_OK:
                return refusal_of(result)
        return Accepted(
            tuple(described.param_type(number) for number in range(described.nparams)),
            tuple(_field(described, number) for number in range(described.nfields)),
            tree,
        )

    def _connect(self) -> psycopg.Connection[Any]:
        try:
            import psycopg
        except ImportError as error:
            raise DescribeFailed(
                "Asking PostgreSQL about a statement needs the package psycopg, which is not "
                "installed.\n"
                'Run: pip install "understudy[postgres]"'
            ) from error
        try:
            connection = psycopg.connect(
                self._dsn,
                autocommit=True,
                connect_timeout=_CONNECT_TIMEOUT,
                client_encoding="utf8",
            )
        except psycopg.OperationalError as error:
            raise cannot_ask(error) from error
        try:
            self._set_up(connection)
        except psycopg.Error as error:
            connection.close()
            raise cannot_ask(error) from error
        return connection

    def _set_up(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(
            """
            SELECT set_config('lock_timeout', %s, false),
                set_config('statement_timeout', %s, false),
                set_config('idle_session_timeout', '0', false),
                -- For the questions to the catalogs: planned once, and fast.
                set_config('plan_cache_mode', 'force_generic_plan', false),
                set_config('jit', 'off', false),
                set_config('debug_pretty_print', 'off', false),
                set_config('client_min_messages', 'log', false)
            """,
            (f"{self._lock_timeout * 1000:.0f}", f"{self._statement_timeout * 1000:.0f}"),
        )
        # The trees are for us, not for the server's log, where we may say so.
        connection.execute(
            """
            SELECT set_config('log_min_messages', 'fatal', false)
            FROM pg_roles WHERE rolname = current_user AND rolsuper
            """
        )
        connection.pgconn.notice_handler = self._notice
        self._with_trees = False
        self._connection = connection
        self._want_trees(True)

    def _want_trees(self, wanted: bool) -> None:
        if self._with_trees != wanted:
            state = "on" if wanted else "off"
            self.connection.execute(f"SET debug_print_parse = {state}")
            self._with_trees = wanted

    def _notice(self, notice: PGresult) -> None:
        from psycopg.pq import DiagnosticField

        title = notice.error_field(DiagnosticField.MESSAGE_PRIMARY)
        if title is not None and title.startswith(b"parse tree"):
            self._trees.append(notice.error_field(DiagnosticField.MESSAGE_DETAIL) or b"")


class _Waiter:
    """Waits for results in Python, so that Ctrl-C ends it and a dead server does not hang it."""

    def __init__(self, pgconn: PGconn, silence: float) -> None:
        self._pgconn = pgconn
        self._silence = silence
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> _Waiter:
        self._selector.register(self._pgconn.socket, selectors.EVENT_READ)
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()

    def result(self) -> PGresult:
        """The result of one command, whose end is taken too."""
        from psycopg.pq import DiagnosticField, ExecStatus

        result = self._next()
        if result is None:
            _lose_the_thread()
        if result.status == ExecStatus.FATAL_ERROR:
            state = result.error_field(DiagnosticField.SQLSTATE)
            if state is None or state.decode() in _SHUT_DOWN:
                said = result.error_field(DiagnosticField.MESSAGE_PRIMARY)
                raise _Lost(
                    " ".join((said.decode() if said else result.get_error_message()).split())
                )
        if self._next() is not None:
            _lose_the_thread()
        return result

    def synchronise(self) -> None:
        """Take the answer to a Sync."""
        from psycopg.pq import ExecStatus

        result = self._next()
        if result is None or result.status != ExecStatus.PIPELINE_SYNC:
            _lose_the_thread()

    def _next(self) -> PGresult | None:
        while self._pgconn.is_busy():
            unsent = self._pgconn.flush()
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if unsent else 0)
            self._selector.modify(self._pgconn.socket, events)
            ready = self._selector.select(self._silence)
            if not ready:
                raise _Lost(f"the server was silent for {self._silence:g} s")
            if any(mask & selectors.EVENT_READ for _, mask in ready):
                self._pgconn.consume_input()
        return self._pgconn.get_result()


def cannot_ask(error: Exception) -> DescribeFailed:
    """Return the error for a connection that cannot be opened or used."""
    return DescribeFailed(
        "PostgreSQL could not be asked about a statement: no connection: "
        + " ".join(str(error).split())
    )


def no_verdict(statement: str, refusal: Refusal) -> DescribeFailed:
    """Return the error for a server that was busy, full or shutting down."""
    return DescribeFailed(
        "PostgreSQL could not look at this statement:\n"
        f"  {shortened(statement)}\n{refusal.message} (SQLSTATE {refusal.sqlstate})\n"
        f"{_NO_VERDICT}\n"
        "Ask again once the server has recovered."
    )


def shortened(statement: str) -> str:
    """Return a statement on one line, cut after 200 characters."""
    line = " ".join(statement[: 4 * _SHOWN].split())
    if len(line) <= _SHOWN and len(statement) <= 4 * _SHOWN:
        return line.encode(errors="backslashreplace").decode()
    return line[:_SHOWN].encode(errors="backslashreplace").decode() + " …"


def _lose_the_thread() -> Never:
    raise _Lost("the server's answers do not follow the protocol")


def _encoded(statement: str) -> bytes:
    try:
        return statement.encode()
    except UnicodeEncodeError:
        # Half a character is no UTF-8 either: PostgreSQL refuses it with words of its own.
        return statement.encode(errors="surrogatepass")


def _batches(asked: Sequence[_Asked]) -> Iterator[list[_Asked]]:
    """Cut into batches; a text too long for a tree has one to itself."""
    batch: list[_Asked] = []
    size = 0
    for each in asked:
        length = len(each.text)
        alone = length > _LONGEST_WITH_TREE
        if batch and (alone or len(batch) == _BATCH or size + length > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += length
        if alone:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _field(result: PGresult, number: int) -> Field:
    name = result.fname(number) or b""
    return Field(
        name.decode(errors="replace"),
        result.ftype(number),
        result.ftable(number),
        result.ftablecol(number),
    )


def refusal_of(result: PGresult) -> Refusal:
    """Return what PostgreSQL says in a result that is an error."""
    from psycopg.pq import DiagnosticField as Part

    def part(name: Part) -> str | None:
        value = result.error_field(name)
        return None if value is None else value.decode(errors="replace")

    position = part(Part.STATEMENT_POSITION)
    return Refusal(
        sqlstate=part(Part.SQLSTATE) or "XX000",
        message=part(Part.MESSAGE_PRIMARY) or " ".join(result.get_error_message().split()),
        detail=part(Part.MESSAGE_DETAIL),
        hint=part(Part.MESSAGE_HINT),
        position=int(position) if position else None,
    )
