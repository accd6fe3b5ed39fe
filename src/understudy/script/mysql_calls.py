"""Calls on a server of MySQL: their parameters are the literals of the text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from understudy.mysql import sql
from understudy.mysql.effects import CHANGES
from understudy.mysql.templates import template
from understudy.pg.sql import Tokens, spell
from understudy.script.calls import Call, Transaction
from understudy.script.formatting import as_expected, quoted, shown
from understudy.script.origin import Spot

_MOST_ROWS = 5  # of a bulk INSERT in a line to paste
_shape = lru_cache(maxsize=4096)(spell)


class MysqlCall(Call):
    """A statement that a client of MySQL has sent.

    Its method is "execute_many" for an INSERT of several rows, else "execute". Its parameters are
    the values that the driver has pasted into the text, or bound: a list, or None without any; of
    an INSERT of several rows a list of rows.

    Args:
        statement: as it was sent.
        bound: the values of a prepared statement.
        transaction: the transaction that was open on the connection, or None.
        _spot: the instruction of the code under test that called.

    Attributes:
        template: the statement and its literals.
    """

    __slots__ = ("template",)

    def __init__(
        self,
        statement: str,
        bound: Sequence[Any] = (),
        transaction: Transaction | None = None,
        _spot: Spot | None = None,
    ) -> None:
        self.template = template(statement, bound)
        method = "execute_many" if self.template.is_bulk else "execute"
        parameters = list(self.template.values) or None
        super().__init__(method, statement, parameters, transaction, _spot)

    @property
    def tokens(self) -> Tokens:
        """The tokens of the statement, with `?` for each literal."""
        return self.template.tokens

    @property
    def sql(self) -> str:
        """The statement on one line, without comments; an INSERT of several rows with one."""
        return sql.readable(self.template.text if self.template.is_bulk else self.statement)

    @property
    def text(self) -> str:
        """The statement with `?` for each value, as it may be prepared."""
        return self.template.text

    @property
    def shape(self) -> str:
        """The statement on one line, with `?` for each literal, and needless quotes left out."""
        return _shape(self.template.tokens)

    @property
    def source(self) -> str:
        """The call as it would be written."""
        parameters = "" if self.parameters is None else f", {shown(self.parameters)}"
        return f"{self.method}({quoted(self.template.text, sql.readable)}{parameters})"

    @property
    def rule_source(self) -> str:
        """The source of a rule that would answer the call, to be pasted."""
        values = self.template.values if len(self.template.values) <= _MOST_ROWS else ()
        if not self.template.is_bulk:
            values = self.template.values
        arguments = "".join(f", {as_expected(value)}" for value in values)
        return f"on({quoted(self.scripted, sql.readable)}{arguments}){self._answer_source()}"

    @property
    def scripted(self) -> str:
        """The statement with `%s` for each value."""
        text = self.template.text
        pieces = sql.pieces(text)
        parts: list[str] = []
        end = 0
        for at, piece in enumerate(pieces):
            if piece.kind == "parameter":
                is_list = at > 1 and pieces[at - 2].word == "IN" and pieces[at + 1].text == ")"
                start = pieces[at - 1].start if is_list else piece.start
                parts += [text[end:start], "%s"]
                end = pieces[at + 1].end if is_list else piece.end
        return "".join([*parts, text[end:]])

    def _answer_source(self) -> str:
        is_change = sql.command_of(self.statement) in CHANGES
        if is_change and "RETURNING" not in map(str.upper, self.tokens):
            return f".affected({len(self.template.values) if self.template.is_bulk else 1})"
        return ".rows(...)"
