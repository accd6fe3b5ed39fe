"""Could a driver decode a column of a PostgreSQL type to this Python value?"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from understudy.catalog import value_messages as messages
from understudy.catalog.decoded_types import decoded
from understudy.catalog.decoding import Decoded
from understudy.catalog.parameter_checks import check_driver
from understudy.pg.pgtypes import PgType, resolve
from understudy.pg.types import TypeFacts


class ValueRules:
    """What one driver gives for the columns of one schema's statements.

    Raises:
        ValueError: there are no rules for that driver.
    """

    def __init__(
        self, driver: str, facts: Mapping[str, TypeFacts], own: Collection[str] = ()
    ) -> None:
        """Prepare the rules.

        Args:
            driver: "psqlpy", "asyncpg" or "psycopg".
            facts: what is known of every type that is not built in, by its spelling; it may not
                change afterwards.
            own: the types for which the application has set a decoder of its own, like asyncpg's
                `set_type_codec`: any value goes.
        """
        self._driver = check_driver(driver)
        self._facts = facts
        self._own = frozenset(own)
        self._decoded: dict[str, tuple[PgType, Decoded | None]] = {}

    def mismatch(self, type_name: str, value: object) -> str | None:
        """Return why a driver never gives a value for a type; None where it could."""
        if value is None:
            return None
        if type_name in self._own:
            return None
        kind, decoder = self._known(type_name)
        if decoder is None:
            return messages.undecodable(self._driver, kind)
        reason = decoder.check(value)
        if reason is None:
            return None
        reason = reason or messages.expects(decoder.name)
        return messages.not_decoded(self._driver, kind, value, reason)

    def expected(self, type_name: str) -> str:
        """Return what a driver gives for a type, for a message: "uuid.UUID", "list of str"."""
        kind, decoder = self._known(type_name)
        if type_name in self._own or not kind.known:
            return "anything"
        return "nothing: it raises" if decoder is None else decoder.name

    def _known(self, type_name: str) -> tuple[PgType, Decoded | None]:
        known = self._decoded.get(type_name)
        if known is None:
            kind = resolve(type_name, self._facts)
            known = self._decoded[type_name] = (kind, decoded(self._driver, kind))
        return known


def mismatch_of(
    driver: str, type_name: str, value: object, facts: Mapping[str, TypeFacts]
) -> str | None:
    """Return why a driver never decodes a column of a type to a value.

    None, for NULL, is always fine here: whether a column can be NULL is no matter of its type.

    Returns:
        A sentence that says what it gives instead; None where it could give the value, or where
        that cannot be known.

    Raises:
        ValueError: there are no rules for that driver.
    """
    return ValueRules(driver, facts).mismatch(type_name, value)


def expected_type(driver: str, type_name: str, facts: Mapping[str, TypeFacts]) -> str:
    """Return what a driver decodes a type to: "uuid.UUID", "list of str".

    Raises:
        ValueError: there are no rules for that driver.
    """
    return ValueRules(driver, facts).expected(type_name)
