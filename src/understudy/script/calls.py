"""Calls on a fake, and the transactions in which they were made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Protocol

from understudy.pg import sql
from understudy.pg.sql import Tokens
from understudy.script.failures import Failure, ScriptError, TransactionLeftOpen
from understudy.script.formatting import as_expected, quoted, shape, shown
from understudy.script.origin import Origin, Spot, at, caller, spot
from understudy.script.parameter_matching import Given


class AnsweringRule(Protocol):
    """What a call tells of the rule that answered it.

    Attributes:
        origin: the line that wrote the rule.
        shown: the rule's source.
        is_unchecked: whether its answers are not checked against the catalog.
        is_specific: whether the rule says which statement it is for.
    """

    origin: Origin
    shown: str
    is_unchecked: bool

    @property
    def is_specific(self) -> bool:
        """Whether the rule says which statement it is for."""


class Sender(NamedTuple):
    """The connection that sent a call.

    Attributes:
        connection: its number: the process id that the server has told the client.
        user, database, application_name: as the client has given them.
    """

    connection: int
    user: str
    database: str
    application_name: str


class Call:
    """One call on a fake.

    Attributes:
        method: the method's name, such as `fetch_row`.
        statement: the SQL as it was given; for a dummy, the method's name again.
        parameters: the parameters as they were given (rows for
            `execute_many` and COPY ... FROM STDIN).
        transaction: the transaction that was open on the connection, or None.
        origin: the line of the code under test that called.
        rule: the rule that answered, or None.
        sender: the connection of a server that sent it; None on a fake.
    """

    __slots__ = (
        *("_failed", "_spot", "method", "parameters", "rule", "sender", "statement"),
        "transaction",
    )

    def __init__(
        self,
        method: str,
        statement: str,
        parameters: Given,
        transaction: Transaction | None = None,
        _spot: Spot | None = None,
    ) -> None:
        self.method = method
        self.statement = statement
        self.parameters = parameters
        self.transaction = transaction
        self._spot = _spot or spot()
        self.rule: AnsweringRule | None = None
        self.sender: Sender | None = None

    @property
    def connection(self) -> int | None:
        """The number of the connection that sent it; None on a fake."""
        return None if self.sender is None else self.sender.connection

    @property
    def user(self) -> str | None:
        """The user of that connection."""
        return None if self.sender is None else self.sender.user

    @property
    def database(self) -> str | None:
        """The database of that connection."""
        return None if self.sender is None else self.sender.database

    @property
    def application_name(self) -> str | None:
        """The application_name of that connection, when it sent the call."""
        return None if self.sender is None else self.sender.application_name

    @property
    def spot(self) -> Spot:
        """The instruction of the code under test that called."""
        return self._spot

    @property
    def origin(self) -> Origin:
        """The line of the code under test that called."""
        return at(self._spot)

    @property
    def failed(self) -> bool:
        """Whether it was answered with an error."""
        return hasattr(self, "_failed")  # set on failed calls only, so that the others pay nothing

    def fail(self) -> None:
        """Record that it was answered with an error."""
        self._failed = True

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """The rows that a COPY FROM STDIN or `execute_many` sent, in the order of the columns.

        Raises:
            ScriptError: the call is neither.
        """
        given = self.parameters
        is_copy = self.statement.lstrip()[:4].upper() == "COPY"
        if isinstance(given, Mapping) or not (is_copy or self.method == "execute_many"):
            raise ScriptError(
                f"rows: only COPY ... FROM STDIN and execute_many send rows; this is {self.source}"
            )
        return [tuple(row) for row in given or ()]

    @property
    def sql(self) -> str:
        """The statement on one line, without comments."""
        return sql.one_line(self.statement)

    @property
    def tokens(self) -> Tokens:
        """The tokens of the statement, as rules compare them."""
        return sql.comparable(self.statement)

    @property
    def text(self) -> str:
        """The statement without its values, also if a driver has pasted them into it."""
        return self.statement

    @property
    def scripted(self) -> str:
        """The statement as a rule has it, without its parameters."""
        return self.statement

    @property
    def shape(self) -> str:
        """The statement on one line, without comments and with `?` for each literal."""
        return shape(self.statement)

    @property
    def source(self) -> str:
        """The call as it would be written."""
        parameters = "" if self.parameters is None else f", {shown(self.parameters)}"
        return f"{self.method}({quoted(self.statement)}{parameters})"

    @property
    def line(self) -> str:
        """The call and its place."""
        return f"{self.source} at {self.origin.place}"

    @property
    def facts(self) -> list[str]:
        """The lines that describe the call in a failure."""
        place = f"at: {self.origin.place}"
        if self.transaction is not None:
            place = f"in: {self.transaction.name}    {place}"
        given = "none" if self.parameters is None else shown(self.parameters)
        return [f"  sql:    {self.sql}", f"  params: {given}    {place}"]

    @property
    def rule_source(self) -> str:
        """The source of a rule that would answer the call, to be pasted."""
        given = self.parameters
        values = [given] if isinstance(given, Mapping) else given or ()
        arguments = "".join(f", {as_expected(value)}" for value in values)
        return f"on({quoted(self.statement)}{arguments}){self._answer_source()}"

    def _answer_source(self) -> str:
        """Guess the answer that the call expects."""
        words = [token.upper() for token in sql.tokens(self.statement)]
        command = words[0] if words else ""
        if self.method == "fetch_row":
            return ".row(...)"
        if self.method == "fetch_val":
            return ".value(...)"
        if command == "COPY" and "STDIN" in words:
            return ""
        if command in ("INSERT", "UPDATE", "DELETE", "MERGE") and "RETURNING" not in words:
            return f'.tag("{command} {"0 1" if command == "INSERT" else "1"}")'
        return ".rows(...)"

    def __repr__(self) -> str:
        """Show the call as it was made, and its place."""
        return f"<{self.line}>"


State = Literal["open", "committed", "rolled back", "released"]


class Transaction:
    """A transaction or a savepoint. They form a tree, in which a savepoint is a child.

    Attributes:
        number: 1 for the first transaction of its connection; a savepoint has its transaction's.
        savepoint: the savepoint's name, or None for a transaction.
        state: "open", then "committed" or "rolled back"; a savepoint is "released" or
            "rolled back", or ends with its transaction.
        aborted: whether a statement failed in it: PostgreSQL then refuses all others until a
            rollback, and turns a commit into one.
        parent: the transaction or savepoint around it, or None.
        children: the savepoints inside it, in order.
        calls: the calls made directly in it.
        origin: the line that began it.
        remedy: what to do if it is left open.
    """

    remedy = "Commit it, roll it back, or use `async with conn.transaction()`."

    def __init__(
        self, number: int, savepoint: str | None = None, parent: Transaction | None = None
    ) -> None:
        self.number = number
        self.savepoint = savepoint
        self.state: State = "open"
        self.aborted = False
        self.parent = parent
        self.children: list[Transaction] = []
        self.calls: list[Call] = []
        self.origin = caller()
        if parent is not None:
            parent.children.append(self)

    @property
    def name(self) -> str:
        """`transaction #1`, or `savepoint s of transaction #1`."""
        name = f"transaction #{self.number}"
        return name if self.savepoint is None else f"savepoint {self.savepoint} of {name}"

    def end(self, state: State) -> None:
        """End it, and every savepoint inside it that is still open."""
        # Not recursive: savepoints may be nested deeper than Python can call.
        nested = [self]
        while nested:
            transaction = nested.pop()
            transaction.state = state
            nested.extend(child for child in transaction.children if child.state == "open")

    def failure_if_unmet(self) -> Failure | None:
        """Return the failure to report at the end of a test, or None if it has ended."""
        if self.state != "open":
            return None
        count = len(self.calls)
        calls = {0: "no call", 1: "1 call"}.get(count, f"{count} calls")
        return TransactionLeftOpen(
            f"{self.name} was never ended ({calls} in it)\n"
            f"  begun at: {self.origin.place}\n"
            f"{self.remedy}"
        )

    def __repr__(self) -> str:
        """Show which transaction it is, and its state."""
        return f"<{self.name}: {self.state}>"
