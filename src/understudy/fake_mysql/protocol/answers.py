"""The packets of an answer, and its first rows for those that watch the boundary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from understudy.mysql import packets
from understudy.mysql.binary_values import binary_row, read_binary_row
from understudy.mysql.error_fields import err_of
from understudy.mysql.fields import lenenc_int
from understudy.mysql.packets import Ok
from understudy.mysql.results import Result
from understudy.mysql.types import Column, text_of, value_of
from understudy.pg.errors import ServerError
from understudy.script import boundary
from understudy.script.boundary import Answer


class Form(NamedTuple):
    """How a client gets an answer.

    Attributes:
        is_binary: whether the rows are in binary form, as those of a prepared statement.
        deprecate_eof: whether the client wants OK packets instead of EOF.
        codec: Python's codec of its character set.
    """

    is_binary: bool
    deprecate_eof: bool
    codec: str

    def end(self, status: int, warnings: int = 0) -> bytes:
        """Return the packet that ends rows."""
        if self.deprecate_eof:
            return packets.ok(Ok(status=status, warnings=warnings), header=0xFE)
        return packets.eof(status, warnings)

    def error(self, error: ServerError) -> bytes:
        """Return the packet of an error."""
        return packets.err(err_of(error), codec=self.codec)

    def definitions(self, columns: Sequence[Column | bytes], status: int) -> Iterator[bytes]:
        """Yield the definitions of columns or parameters, and their end."""
        for column in columns:
            if isinstance(column, bytes):
                yield column
            else:
                yield packets.column_definition(column, self.codec)
        if columns and not self.deprecate_eof:
            yield packets.eof(status)

    def rows(self, result: Result) -> Iterator[bytes]:
        """Yield the rows of a result.

        Raises:
            BadValue: a column cannot have its value.
        """
        columns = columns_of(result)
        for row in result.rows:
            if isinstance(row, bytes):
                yield row
            elif self.is_binary:
                yield binary_row(row, columns, self.codec)
            else:
                yield packets.text_row(
                    [
                        None if value is None else text_of(value, column, self.codec)
                        for value, column in zip(row, columns, strict=True)
                    ]
                )

    def answer(self, result: Result, status: int) -> Iterator[bytes]:
        """Yield the packets of a result, without its error and what follows it.

        Args:
            result: the result.
            status: the flags of the session.
        """
        if result.columns is None:
            if result.error is None and not result.dropped:
                info = result.info.encode(self.codec, "replace")
                warnings = result.warning_count
                yield packets.ok(Ok(result.affected, result.last_insert_id, status, warnings, info))
        else:
            yield lenenc_int(len(result.columns))
            yield from self.definitions(result.columns, status)
            yield from self.rows(result)
            if result.error is None and not result.dropped:
                yield self.end(status, result.warning_count)


def columns_of(result: Result) -> list[Column]:
    """Return the columns of a result; none for a statement without rows."""
    return [
        packets.read_column_definition(column) if isinstance(column, bytes) else column
        for column in result.columns or ()
    ]


def first_rows(result: Result, form: Form) -> Answer | None:
    """Return the first rows of a result; None if its statement returns none."""
    if result.columns is None:
        return None
    columns = columns_of(result)
    rows = [_values(row, columns, form) for row in islice(result.rows, boundary.kept_rows)]
    return Answer([column.name for column in columns], (), None, rows)


def _values(row: Sequence[Any] | bytes, columns: Sequence[Column], form: Form) -> list[Any]:
    if not isinstance(row, bytes):
        return list(row)
    if form.is_binary:
        return read_binary_row(row, columns, form.codec)
    texts = packets.read_text_row(row, len(columns))
    return [
        None if text is None else value_of(text, column, form.codec)
        for text, column in zip(texts, columns, strict=True)
    ]
