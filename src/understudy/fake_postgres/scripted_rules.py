"""Rules for the statements of real drivers: they compare what PostgreSQL gets from a driver."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self
from uuid import UUID

from understudy.engine.copied_rows import CopiedRows
from understudy.fake_postgres import type_inference
from understudy.fake_postgres.scripted_errors import error_fields
from understudy.pg.codec_registry import Values
from understudy.pg.codecs.codec import Unencodable
from understudy.pg.errors import ServerError
from understudy.pg.types import BUILT_IN
from understudy.script import answers
from understudy.script.failures import ScriptError
from understudy.script.formatting import shown
from understudy.script.parameter_matching import Given, Key, Parameters
from understudy.script.statement_rules import StatementRule

# Other values of these types are sent as others. Two texts may be sent as one value of a json, say.
_EXACT = frozenset([int, bool, bytes, type(None), UUID, dt.date, dt.datetime])
_EXACT_TEXTS = frozenset([BUILT_IN["text"].oid, BUILT_IN["character varying"].oid])
_WHOLE = {2: "smallint", 4: "integer", 8: "bigint"}  # by the number of bytes
Same = Callable[[int, Any, Any], bool]


class ReceivedParameters(list[Any]):
    """Parameters as the server got them.

    Attributes:
        oids: the numbers of their types.
        same: tells whether a value would be sent as the same one as another, for a type.
    """

    # Set by the caller: an __init__ would cost every call as much as the list itself.
    oids: Sequence[int]
    same: Same
    __slots__ = ("oids", "same")


class ServerParameters(Parameters):
    """The parameters that a rule expects, compared as PostgreSQL gets them.

    "7" and 7 are the same integer, a UUID and its text the same uuid.
    """

    __slots__ = ()

    def exact_key(self, given: Given) -> Key | None:
        """Return values as a key, if no other values of their types are sent as the same ones."""
        key = super().exact_key(given)
        if key is None or not isinstance(given, ReceivedParameters) or len(key) != len(given.oids):
            return None
        for value, oid in zip(key, given.oids, strict=True):
            if type(value) not in _EXACT and not (type(value) is str and oid in _EXACT_TEXTS):
                return None
        return key

    def _differences(self, given: Given, *, stop_at_first: bool) -> list[str]:
        if isinstance(given, CopiedRows):
            return self._row_differences(given, stop_at_first=stop_at_first)
        found = super()._differences(given, stop_at_first=stop_at_first)
        if (
            not found
            or not isinstance(given, ReceivedParameters)
            or len(given) != len(self.expected)
        ):
            return found
        expected = tuple(
            got if _is_sent_as(given.same, oid, want, got) else want
            for oid, want, got in zip(given.oids, self.expected, given, strict=True)
        )
        return Parameters(expected)._differences(given, stop_at_first=stop_at_first)

    def _row_differences(self, given: CopiedRows, *, stop_at_first: bool) -> list[str]:
        expected = self.expected
        if len(expected) == 1 and isinstance(expected[0], bytes):
            return Parameters(expected)._differences([given.data], stop_at_first=stop_at_first)
        if len(expected) == len(given):
            pairs = zip(expected, given, strict=True)
            expected = tuple(_row_as_sent(given, want, got) for want, got in pairs)
        return Parameters(expected)._differences(given, stop_at_first=stop_at_first)


def _row_as_sent(rows: CopiedRows, expected: Any, row: tuple[Any, ...]) -> Any:
    """Return an expected row of a COPY, with the values that were sent for those equal to them."""
    if not isinstance(expected, list | tuple) or len(expected) != len(row):
        return expected
    columns = rows.columns or [("", None)] * len(row)
    return tuple(
        got if _is_copied_as(rows.values, kind, want, got) else want
        for (_, kind), want, got in zip(columns, expected, row, strict=False)
    )


def _is_copied_as(values: Values, kind: str | None, expected: Any, given: Any) -> bool:
    if expected is None or given is None or callable(expected):
        return False
    if kind is not None:
        return values.same(values.types.oid(kind), expected, given)
    type_name = type_inference.type_of(expected)
    if type_name is None:
        return False
    codec = values.codec(type_name)
    try:
        if isinstance(given, str):
            return codec.output(expected) == given
        if type(expected) is int:
            type_name = _WHOLE.get(len(given), type_name)
        return bool(values.codec(type_name).receive(given) == expected)
    except (Unencodable, ServerError):
        return False


def _is_sent_as(same: Same, oid: int, expected: Any, given: Any) -> bool:
    if expected is None or callable(expected):
        return False
    return same(oid, expected, given)


class ServerRule(StatementRule):
    """A rule for statements of a real driver."""

    def raises(
        self, error: BaseException | type[BaseException], *, after: Iterable[Any] = ()
    ) -> Self:
        """Answer with an error of the server, of which the driver makes its own exception.

        Args:
            error: what `db_error` returns for any driver; or an exception of asyncpg or psycopg
                that has an SQLSTATE.
            after: the rows that the client gets before it.

        Raises:
            ScriptError: no server sends such an error.
        """
        read = answers.read_error(error)
        if error_fields(error) is None:
            raise ScriptError(
                f"raises({shown(error)}): no PostgreSQL server sends this, and only what a server "
                "sends reaches the driver.\n"
                "An error of the database is raises(db_error(...)); a lost connection is drops(); "
                "for a time-out let the answer come late, delay(...), or never, hangs()."
            )
        read.after = answers.read_rows((list(after),))
        return self._add(read)

    def _drop(self, drop: answers.Drop) -> Self:
        return self._add(drop)
