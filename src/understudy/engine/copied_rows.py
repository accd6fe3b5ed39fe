"""The rows that a client sends with COPY ... FROM STDIN, in whichever format it sends them."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeAlias, overload

from understudy.catalog.description import Description
from understudy.pg import sql
from understudy.pg.codec_registry import Values
from understudy.pg.codecs.codec import decoded
from understudy.pg.copy_options import CopyOptions, options_in
from understudy.pg.copy_rows import SIGNATURE, BrokenData, DefaultMarker, binary_rows, text_rows
from understudy.pg.errors import ErrorFields, ServerError
from understudy.pg.sql_lists import outside_brackets
from understudy.pg.sql_spelling import name_of

# The columns of a COPY: names, and types if they are known. None if nobody knows the columns.
Columns: TypeAlias = Sequence[tuple[str, str | None]] | None
Row: TypeAlias = tuple[Any, ...]

_MOST_SHOWN = 100  # characters of a line in an error


def query_of(copy: str) -> str | None:
    """Return a query with the columns of a COPY; None if it is not one of a client's.

    For a table it is the one that asyncpg prepares for `copy_records_to_table`.
    """
    pieces = sql.pieces(copy)
    words = [piece.text.upper() for piece in pieces]
    if words[:1] != ["COPY"] or not {"STDIN", "STDOUT"} & set(words):
        return None
    if words[1] == "(":
        end = next((pieces[at] for at, word in outside_brackets(words) if word == ")"), None)
        return None if end is None else copy[pieces[1].start + 1 : end.start].strip()
    begin = 2 if words[1] == "BINARY" and words[2] not in ("FROM", "TO", "(", ".") else 1
    table, _, _ = _target(tuple(piece.text for piece in pieces[begin:]))
    columns = ", ".join(listed_columns(copy)) or "*"
    return f"SELECT {columns} FROM {table} LIMIT 1"


def listed_columns(copy: str) -> tuple[str, ...]:
    """Return the columns that a COPY of a table lists, as they are spelled there."""
    return _target(sql.tokens(copy)[1:])[1]


def table_of(copy: str) -> str:
    """Return the name of the table of a COPY, without its schema."""
    table = _target(sql.tokens(copy)[1:])[0]
    return name_of(table.rpartition(".")[2])


def _target(tokens: sql.Tokens) -> tuple[str, tuple[str, ...], int]:
    """Return the table of a COPY, the columns that it lists, and the number of their tokens."""
    size = 3 if tokens[1:2] == (".",) else 1
    table = "".join(tokens[:size])
    if tokens[size : size + 1] != ("(",) or ")" not in tokens:
        return table, (), size
    end = tokens.index(")")
    return table, tuple(token for token in tokens[size + 1 : end] if token != ","), end + 1


def columns_of(copy: str, description: Description | None) -> Columns:
    """Return the columns of a COPY, from the description of the query with the same columns."""
    if description is not None:
        return [(column.name, column.type) for column in description.columns]
    listed = listed_columns(copy)
    return [(name_of(name), None) for name in listed] or None


class CopiedRows(Sequence[Row]):
    """The rows of a COPY FROM, each a tuple of values in the order of the columns.

    Args:
        statement: the COPY.
        data: as the client has sent it.
        columns: returns those of the COPY, when they are first needed. Values of an unknown type
            are texts, or bytes in binary format.
        values: the codecs of the types.
        is_strict: whether a row or value that PostgreSQL refuses is an error; otherwise a value
            that cannot be read stays as it was sent.
    """

    def __init__(
        self,
        statement: str,
        data: bytes,
        columns: Callable[[], Columns],
        values: Values,
        *,
        is_strict: bool,
    ) -> None:
        self.data = data
        self.values = values
        self._columns = columns
        self._statement = statement
        self._is_strict = is_strict

    @cached_property
    def columns(self) -> Columns:
        """The columns; None if nobody knows them."""
        return self._columns()

    @cached_property
    def rows(self) -> list[Row]:
        """The rows.

        Raises:
            ServerError: PostgreSQL refuses one.
        """
        try:
            return list(self._read())
        except BrokenData as error:
            if not self._is_strict:
                return []
            raise self._refused(str(error), error.line, error.text, error.hint) from None

    def as_sent(self) -> CopiedRows:
        """Return the rows with what cannot be read as it was sent."""
        return CopiedRows(
            self._statement, self.data, lambda: self.columns, self.values, is_strict=False
        )

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        return self.rows[place]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __eq__(self, other: object) -> bool:
        return self.rows == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment] # as a list

    def __repr__(self) -> str:
        return repr(self.rows)

    def _read(self) -> Iterator[Row]:
        options = options_in(self._statement)
        if self.data.startswith(SIGNATURE) or options.format == "binary":
            for number, fields in enumerate(binary_rows(self.data), 1):
                types = self._types(fields, number, None)
                yield tuple(
                    self._value(field, place, types, number, is_text=False)
                    for place, field in enumerate(fields)
                )
            return
        names = [name for name, _ in self.columns] if self.columns is not None else None
        for line, text, texts in text_rows(self._text(options), options, names):
            if line == 1 and options.header_is_checked:
                self._check_header(texts, names, text, options)
                continue
            try:
                types = self._types(texts, line, text)
                row = tuple(
                    self._value(field, place, types, line, is_text=True)
                    for place, field in enumerate(texts)
                )
            except ServerError as error:
                if options.on_error.lower() == "ignore" and error.fields.sqlstate != "22P04":
                    continue
                raise
            yield row

    def _check_header(
        self,
        found: Sequence[str | None],
        names: Sequence[str] | None,
        text: str,
        options: CopyOptions,
    ) -> None:
        """Compare the names in a header with those of the columns.

        Raises:
            ServerError: they differ.
        """
        # Generated columns are not among those of a COPY that lists none.
        is_open = names is None or (len(found) < len(names) and not listed_columns(self._statement))
        if is_open or names is None or not self._is_strict:
            return
        if len(found) != len(names):
            problem = f"wrong number of fields in header line: got {len(found)}"
            raise self._refused(f"{problem}, expected {len(names)}", 1, text)
        for place, (name, expected) in enumerate(zip(found, names, strict=True), 1):
            if name != expected:
                null = options.null or ("" if options.format == "csv" else "\\N")
                got = f'null value ("{null}")' if name is None else f'"{name}"'
                problem = f"column name mismatch in header line field {place}: got {got}"
                raise self._refused(f'{problem}, expected "{expected}"', 1, text)

    def _text(self, options: CopyOptions) -> str:
        try:
            encoding = codecs.lookup(options.encoding).name
        except LookupError:
            encoding = "latin-1"  # every byte is a character: what can be said of it
        if encoding != "utf-8":
            return self.data.decode(encoding, errors="surrogateescape")
        if not self._is_strict:
            return self.data.decode(errors="replace")
        try:
            return decoded(self.data)
        except ServerError as error:
            line = self._lines_before_bad_byte() + 1
            error.context = f"COPY {table_of(self._statement)}, line {line}"
            raise

    def _lines_before_bad_byte(self) -> int:
        for line, data in enumerate(self.data.split(b"\n")):
            try:
                decoded(data)
            except ServerError:
                return line
        return 0

    def _types(
        self, fields: Sequence[object], line: int, text: str | None
    ) -> Sequence[tuple[str, str | None]]:
        """Return the columns of a row.

        Raises:
            ServerError: it has too many or too few fields.
        """
        columns = self.columns
        if columns is None or (not self._is_strict and len(fields) != len(columns)):
            return [("", None)] * len(fields)
        if len(fields) == len(columns):
            return columns
        # Generated columns are not among those of a COPY that lists none.
        if len(fields) < len(columns) and not listed_columns(self._statement):
            return [("", None)] * len(fields)
        if text is None:
            message = f"row field count is {len(fields)}, expected {len(columns)}"
            raise self._refused(message, line)
        if len(fields) > len(columns):
            raise self._refused("extra data after last expected column", line, text)
        missing = columns[len(fields)][0]
        raise self._refused(f'missing data for column "{missing}"', line, text)

    def _value(
        self,
        field: str | bytes | None,
        place: int,
        columns: Sequence[tuple[str, str | None]],
        line: int,
        *,
        is_text: bool,
    ) -> Any:
        name, type_name = columns[place]
        if field is None or type_name is None:
            return field
        if isinstance(field, DefaultMarker):
            return str(field)
        codec = self.values.codec(type_name)
        read: Callable[[Any], Any] = codec.input if is_text else codec.receive
        try:
            return read(field)
        except ServerError as error:
            if not self._is_strict:
                return field
            shown = f": {_quoted(field)}" if isinstance(field, str) else ""
            error.context = f"COPY {table_of(self._statement)}, line {line}, column {name}{shown}"
            raise

    def _refused(
        self, message: str, line: int | None, text: str | None = None, hint: str | None = None
    ) -> ServerError:
        context = None
        if line is not None:
            shown = "" if text is None else f": {_quoted(text)}"
            context = f"COPY {table_of(self._statement)}, line {line}{shown}"
        return ServerError(ErrorFields("22P04", message, hint=hint), context=context)


def _quoted(text: str) -> str:
    cut = f"{text[:_MOST_SHOWN]}..." if len(text) > _MOST_SHOWN else text
    return f'"{cut}"'
