"""Ask PostgreSQL a driver's own question, and put its answer into a form that can be kept.

Numbers that a server has given to what the schema defines are replaced by numbers that are the same
everywhere (oids.py), in the answer and, the other way round, in the parameters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from understudy.catalog.description import Description, Refusal
from understudy.catalog.pg_describe import NO_VERDICT, cannot_ask, no_verdict, refusal_of
from understudy.pg.oids import FIRST_OWN_OID, stable_oids

if TYPE_CHECKING:
    import psycopg

# Types whose values are numbers of objects, or lists of them.
_NUMBERS = frozenset(
    ("oid", "oid[]", "oidvector", "regclass", "regtype", "regproc", "regprocedure", "regnamespace")
)
# psycopg declares what it sends as an integer. Ours are so large that no other number is one.
_SENT = _NUMBERS | {"integer", "bigint", "integer[]", "bigint[]"}
_DIGITS = re.compile(r"(?<![^\W_{,\s])\d+(?![^\W_},\s])")
# Types are named as in SchemaFacts, whose numbers a session gives them; the others by their kind.
_TYPES = "SELECT oid, format_type(oid, NULL) FROM pg_type"
_OBJECTS = """
    SELECT oid, 'relation ' || relnamespace::regnamespace || '.' || relname FROM pg_class
    UNION ALL SELECT oid, 'schema ' || nspname FROM pg_namespace
    UNION ALL SELECT oid, 'function ' || oid::regprocedure FROM pg_proc
    UNION ALL SELECT oid, 'constraint ' || conrelid::regclass || ' ' || contypid::regtype || ' '
        || conname FROM pg_constraint
    UNION ALL SELECT oid, 'default ' || adrelid::regclass || ' ' || adnum FROM pg_attrdef
    UNION ALL SELECT oid, 'trigger ' || tgrelid::regclass || ' ' || tgname FROM pg_trigger
    UNION ALL SELECT oid, 'label ' || enumtypid::regtype || ' ' || enumlabel FROM pg_enum
    UNION ALL SELECT oid, 'extension ' || extname FROM pg_extension
    UNION ALL SELECT oid, 'collation ' || oid::regcollation FROM pg_collation
    UNION ALL SELECT oid, 'opclass ' || opcnamespace::regnamespace || '.' || opcname || ' '
        || opcmethod FROM pg_opclass
    UNION ALL SELECT oid, 'access method ' || amname FROM pg_am
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """What PostgreSQL answered: each row's values as texts, None for NULL."""

    rows: tuple[tuple[str | None, ...], ...]


Answer = Kept | Refusal


class Answerer:
    """Asks on the connection that it is given; nothing can be written.

    Args:
        connection: to a database with the schema.
        type_numbers: gives the numbers of types by their names, on that connection.
    """

    def __init__(
        self,
        connection: Callable[[], psycopg.Connection[Any]],
        type_numbers: Callable[[set[str]], Mapping[str, int]],
    ) -> None:
        self._connection = connection
        self._type_numbers = type_numbers

    def answer(
        self, statement: str, description: Description, given: Sequence[str | None]
    ) -> Answer:
        """Return what PostgreSQL answers.

        Args:
            statement: a query of the system catalogs.
            description: what it says of it.
            given: the parameters, as texts.

        Raises:
            DescribeFailed: it cannot be reached, or cannot work just now.
        """
        import psycopg

        connection = self._connection()
        try:
            return self._answer(connection, statement, description, given)
        except psycopg.Error as error:
            connection.close()
            raise cannot_ask(error) from error

    def _answer(
        self,
        connection: psycopg.Connection[Any],
        statement: str,
        description: Description,
        given: Sequence[str | None],
    ) -> Answer:
        ours = self._numbers(connection)
        theirs = {str(mine): str(number) for number, mine in ours.items()}
        texts = [
            _renumbered(text, theirs) if kind in _SENT else text
            for text, kind in zip(given, description.parameters, strict=True)
        ]
        found = self._asked(connection, statement, description.parameters, texts)
        if isinstance(found, Refusal):
            return found
        numbers = {str(number): str(mine) for number, mine in ours.items()}
        known = [column.type in _NUMBERS for column in description.columns]
        return Kept(
            tuple(
                tuple(
                    _renumbered(text, numbers) if is_number else text
                    for text, is_number in zip(row, known, strict=True)
                )
                for row in found
            )
        )

    def _asked(
        self,
        connection: psycopg.Connection[Any],
        statement: str,
        kinds: Sequence[str],
        texts: Sequence[str | None],
    ) -> list[list[str | None]] | Refusal:
        from psycopg.pq import ExecStatus

        numbers = self._type_numbers(set(kinds))
        types = [numbers.get(kind, 0) for kind in kinds]
        values = [None if text is None else text.encode() for text in texts]
        pgconn = connection.pgconn
        pgconn.exec_(b"BEGIN TRANSACTION READ ONLY")
        result = pgconn.exec_params(statement.encode(), values, types)
        pgconn.exec_(b"ROLLBACK")
        if result.status != ExecStatus.TUPLES_OK:
            refused = refusal_of(result)
            if refused.sqlstate.startswith(NO_VERDICT):
                raise no_verdict(statement, refused)
            return refused
        columns = range(result.nfields)
        cells = [[result.get_value(row, each) for each in columns] for row in range(result.ntuples)]
        return [[None if cell is None else bytes(cell).decode() for cell in row] for row in cells]

    def _numbers(self, connection: psycopg.Connection[Any]) -> dict[int, int]:
        """Return our number of everything that the schema defines, by the server's own."""
        found: dict[int, int] = {}
        # First the types, as whoever knows nothing else of the schema numbers them.
        for query in (_TYPES, _OBJECTS):
            rows = connection.execute(query.encode(), prepare=True).fetchall()
            named = {oid: name for oid, name in rows if oid >= FIRST_OWN_OID}
            numbers = stable_oids(named.values(), found.values())
            found |= {oid: numbers[name] for oid, name in named.items()}
        return found


def _renumbered(text: str | None, numbers: Mapping[str, str]) -> str | None:
    if text is None:
        return None
    return _DIGITS.sub(lambda match: numbers.get(match[0], match[0]), text)
