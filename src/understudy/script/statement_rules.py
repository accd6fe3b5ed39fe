"""A rule for statements: literal SQL, or a regular expression."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from understudy.pg import sql
from understudy.script import answers
from understudy.script.calls import Call
from understudy.script.failures import ScriptError
from understudy.script.formatting import quoted, shown, shown_expected, suggestion, typed
from understudy.script.origin import Origin
from understudy.script.parameter_matching import Parameters
from understudy.script.rules import F, Rule

_ANY_SENDER: Mapping[str, str | None] = {}


class StatementRule(Rule):
    """A rule for statements: literal SQL (`...` stands for anything), or a regular expression."""

    @staticmethod
    def _one_line(statement: str) -> str:
        return sql.one_line(statement)

    def __init__(
        self,
        statement: str | re.Pattern[str],
        parameters: Parameters,
        origin: Origin,
        sender: Mapping[str, str | None] = _ANY_SENDER,
    ) -> None:
        self.sender = {name: value for name, value in sender.items() if value is not None}
        source = _source(statement, parameters, self.sender, self._one_line)
        super().__init__(parameters, origin, source)
        if _has_ellipsis(parameters.expected):
            raise ScriptError(
                f"{self.shown}: `...` stands for anything in a statement; for any value of a "
                "parameter write ANY (from understudy import ANY)"
            )
        if isinstance(statement, re.Pattern) and isinstance(statement.pattern, str):
            self.regex: re.Pattern[str] | None = statement
            self.pattern = sql.Pattern(())
        elif isinstance(statement, str) and sql.tokens(statement):
            self.regex = None
            self.pattern = self._pattern(statement)
        else:
            raise ScriptError(_refusal(statement))

    def _pattern(self, statement: str) -> sql.Pattern:
        """Return what is compared with the tokens of calls."""
        return sql.Pattern.parse(statement)

    def row(
        self, row: Mapping[str, Any] | list[Any] | tuple[Any, ...] | None = None, /, **columns: Any
    ) -> Self:
        """Answer with exactly one row.

        Args:
            row: a mapping, or a list or tuple of values in the order of the columns.
            **columns: the values by the names of the columns.

        Raises:
            ScriptError: `row` is neither, or is in order and goes with `columns`.
        """
        if row is not None and not isinstance(row, Mapping):
            if not isinstance(row, list | tuple):
                raise ScriptError(
                    "row() takes a mapping from column to value, or a list or tuple of values in "
                    f"the order of the columns; got {typed(row)}"
                )
            if columns:
                raise ScriptError(
                    f"row() was given values in order, {shown(row)}, and values by name, "
                    f"{shown(columns)}: give all of them one way"
                )
            return self._add(answers.read_rows(([row],)))
        return self._add(answers.read_rows(({**(row or {}), **columns},)))

    def rows(self, *rows: Any, columns: Iterable[str] | None = None) -> Self:
        """Answer with rows; none at all is an empty result.

        Args:
            *rows: each a mapping, or a list or tuple of values in the order of the columns; or one
                iterable of such rows.
            columns: the names of the columns, for a statement whose columns are not known.
        """
        return self._add(answers.read_rows(rows, columns))

    def filled_row(self, mapping: Mapping[str, Any] | None = None, /, **columns: Any) -> Self:
        """Answer with one row, of which the columns that are not given are made up.

        The schema tells them: a column that may be NULL is None, any other has a value of its type.
        """
        return self.filled_rows({**(mapping or {}), **columns})

    def filled_rows(self, *rows: Any) -> Self:
        """Answer with rows, of which the columns that are not given are made up: see above."""
        read = answers.read_rows(rows, is_filled=True)
        if any(isinstance(row, tuple) for row in read.rows):
            raise ScriptError(
                "filled_rows() takes rows as mappings: which columns are left to be filled in is "
                f"told by the names of the others; got {shown(read.rows[0])}"
            )
        return self._add(read)

    def raises(
        self, error: BaseException | type[BaseException], *, after: Iterable[Any] = ()
    ) -> Self:
        """Answer by raising `error`: an instance, or a class that is called without arguments.

        Args:
            error: the exception.
            after: the rows that arrive before it, as a statement that streams its rows fails.
        """
        read = answers.read_error(error)
        read.after = answers.read_rows((list(after),))
        return self._add(read)

    def value(self, value: Any) -> Self:
        """Answer with one row of one column, as `fetch_val` reads it."""
        return self._add(answers.Value(value))

    def tag(self, tag: str) -> Self:
        """Answer without rows, with a command tag such as `UPDATE 3`."""
        return self._add(answers.read_tag(tag))

    def drops(self, when: answers.When = "before", *rows: Any) -> Self:
        """Lose the connection: this call fails, and so does every later one.

        Args:
            when: "before" the statement takes effect; on `fake_postgres` also "during" its result,
                or "after" it took effect.
            rows: the rows that arrive before a connection is lost "during" a result.

        Raises:
            ScriptError: `when` is unknown, not possible here, or goes with no rows.
        """
        if when not in answers.WHENS:
            names = ", ".join(map(repr, answers.WHENS))
            raise ScriptError(
                f"drops() takes one of {names}, got {shown(when)}"
                f"{suggestion(str(when), answers.WHENS)}"
            )
        if rows and when != "during":
            raise ScriptError(
                f"drops({when!r}) was given rows, and none arrives: "
                "give them to drops('during', ...), which loses the connection after them"
            )
        return self._drop(answers.Drop(when, answers.read_rows(rows)))

    def _drop(self, drop: answers.Drop) -> Self:
        if drop.when != "before":
            raise ScriptError(
                f"drops({drop.when!r}) needs bytes in transit, and a fake has none: "
                "write .drops(), or use the fixture fake_postgres"
            )
        return self._add(drop)

    def __call__(self, function: F) -> F:
        """Answer with what `function(call)` returns; also a decorator.

        The named groups of a regular expression are passed by keyword. See
        `answers.read_computed` for what may be returned; the function may be async, and may raise.
        """
        self._add(answers.Computed(function))
        return function

    @property
    def is_specific(self) -> bool:
        """Whether there is more to the statement than `...`, or a regular expression like `.*`.

        A function that answers is given the call, and can look for itself.
        """
        if any(isinstance(answer.outcome, answers.Computed) for answer in self.answers):
            return True
        if self.regex is not None:
            return self.regex.search("") is None
        return any(self.pattern.runs)

    def matches_sender(self, call: Call) -> bool:
        """Return whether this rule is for calls of the connection that sent `call`."""
        return not self.sender or not self._sender_differences(call)

    def _sender_differences(self, call: Call) -> list[tuple[str, str]]:
        return [
            (name, f"expected {shown(wanted)}, got {shown(getattr(call, name))}")
            for name, wanted in self.sender.items()
            if getattr(call, name) != wanted
        ]

    def matches_statement(self, call: Call) -> bool:
        """Return whether this rule is for the call's statement, whatever the parameters."""
        if self.regex is not None:
            return self.regex.search(call.sql) is not None
        return self.pattern.matches(call.tokens)

    @property
    def exact_statement(self) -> sql.Tokens | None:
        """The tokens of the only statement that it is for; None if it may be for several."""
        return self.pattern.runs[0] if self.regex is None and self.pattern.exact else None

    def groups(self, call: Call) -> dict[str, str | None]:
        """Return what the named groups of the regular expression matched in `call`."""
        match = self.regex.search(call.sql) if self.regex else None
        return match.groupdict() if match else {}

    def differences(self, call: Call) -> list[tuple[str, str]]:
        """Describe, as (what, how), everything in which `call` departs from this rule."""
        statement = self._statement_difference(call)
        found = [("sql", statement)] if statement else []
        found += self._sender_differences(call)
        return found + [("params", how) for how in self._parameter_differences(call)]

    def _parameter_differences(self, call: Call) -> list[str]:
        return self.parameters.differences(call.parameters)

    def similarity(self, call: Call) -> float:
        """Return how similar `call` is to this rule: the statement counts most, then parameters."""
        if self.regex is not None:
            statement = 1.0 if self.regex.search(call.sql) else 0.0
        else:
            wanted = tuple(token for run in self.pattern.runs for token in run)
            statement = sql.similarity(wanted, call.tokens)
        fits = not (self._parameter_differences(call) or self._sender_differences(call))
        return statement + 0.1 * fits

    def _statement_difference(self, call: Call) -> str | None:
        if self.regex is not None:
            found = self.regex.search(call.sql)
            return None if found else f"does not match {shown(self.regex.pattern)}"
        return self.pattern.difference(call.tokens)


def _has_ellipsis(expected: Any) -> bool:
    if isinstance(expected, Mapping):
        return _has_ellipsis(tuple(expected.values()))
    if isinstance(expected, list | tuple):
        return any(map(_has_ellipsis, expected))
    return expected is ...


def _source(
    statement: Any,
    parameters: Parameters,
    sender: Mapping[str, str],
    one_line: Callable[[str], str],
) -> str:
    """Return the source of a rule: `on("SELECT 1", 7)`."""
    if isinstance(statement, re.Pattern):
        first = f"re.compile({shown(statement.pattern)})"
    else:
        is_text = isinstance(statement, str)
        first = quoted(statement, one_line) if is_text else shown(statement)
    named = [f"{name}={shown(value)}" for name, value in sender.items()]
    return f"on({', '.join([first, *map(shown_expected, parameters.expected), *named])})"


def _refusal(statement: Any) -> str:
    if isinstance(statement, str):
        return "on() was given no SQL: the statement is empty"
    if isinstance(statement, re.Pattern):
        return f"on() takes a regular expression for text, not for bytes: {shown(statement)}"
    return f"on() takes SQL as a string, or a compiled regular expression; got {typed(statement)}"
