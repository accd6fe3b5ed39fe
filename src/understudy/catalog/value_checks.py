"""Could psqlpy decode a column of a PostgreSQL type to this Python value?"""

from __future__ import annotations

from collections.abc import Mapping

from understudy.catalog.decoded_types import Decoded, decoded
from understudy.catalog.value_messages import class_name
from understudy.pg.types import TypeFacts, Types
from understudy.script.formatting import shown


class ValueRules:
    """What psqlpy returns for the columns of one schema's statements.

    Args:
        facts: what is known of every type that is not built in, by its spelling; it may not change
            afterwards.
    """

    def __init__(self, facts: Mapping[str, TypeFacts]) -> None:
        self._types = Types(facts)
        self._decoded: dict[str, Decoded | None] = {}

    def mismatch(self, type_name: str, value: object) -> str | None:
        """Return why psqlpy never returns a value for a type.

        None for NULL, which no type forbids in a result; for a value that psqlpy could return; and
        for a type that the rules do not know.
        """
        if value is None:
            return None
        decoder = self.decoded(type_name)
        if decoder is None:
            return (
                f"psqlpy cannot decode {type_name}: a row with it raises; cast the column to "
                "text, or give a decoder for it"
            )
        reason = decoder.check(value)
        if reason is None:
            return None
        reason = reason or f"it answers {decoder.name}"
        kind = class_name(value, mark_enum=True)
        return f"psqlpy never answers {shown(value)} ({kind}) for {type_name}: {reason}"

    def decoded(self, type_name: str) -> Decoded | None:
        """Return what psqlpy returns for a type; None if it cannot decode the type at all."""
        if type_name not in self._decoded:
            self._decoded[type_name] = decoded(self._types, self._types.named(type_name))
        return self._decoded[type_name]
