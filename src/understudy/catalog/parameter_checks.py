"""Would a driver send a value as a parameter of a type, and would PostgreSQL take it?"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from understudy.catalog import value_messages as messages
from understudy.catalog.verdicts import CannotTell, Killed, NotSent, NotTaken
from understudy.pg.pgtypes import PgType, resolve
from understudy.pg.types import TypeFacts
from understudy.script.database_errors import DRIVERS


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a parameter.

    Attributes:
        outcome: "unknown" where it depends on something that cannot be seen from here.
        reason: why it is refused or not known; "" where it is taken.
    """

    outcome: Literal["taken", "refused", "unknown"]
    reason: str = ""


_TAKEN = Judgement("taken")


def check_driver(driver: str) -> str:
    """Return the driver's name.

    Raises:
        ValueError: there are no rules for it.
    """
    if driver not in DRIVERS:
        raise ValueError(messages.unknown_driver(driver, DRIVERS))
    return driver


class ParameterRules:
    """One driver's rules for the parameters of one schema's statements.

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
            own: the types for which the application has set an encoder of its own, like asyncpg's
                `set_type_codec`: what becomes of their values is unknown.
        """
        self._driver = check_driver(driver)
        self._own = frozenset(own)
        self._facts = facts
        self._types: dict[str, PgType] = {}
        self._check: Callable[[PgType, object], None] | None = None

    def refusal(self, type_name: str, value: object) -> str | None:
        """Return why a value is refused for a type; None where it is taken or not known."""
        judgement = self.judge(type_name, value)
        return judgement.reason if judgement.outcome == "refused" else None

    def row_refusal(
        self, type_names: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> tuple[int, int, str] | None:
        """Return the first refusal among the rows of an `execute_many`, and where it is.

        Returns:
            The row and the parameter, both counted from 0, and the reason; None where there is
            none. What a row has too many or too few is not looked at.
        """
        for number, row in enumerate(rows):
            for place, (type_name, value) in enumerate(zip(type_names, row, strict=False)):
                reason = self.refusal(type_name, value)
                if reason is not None:
                    return number, place, reason
        return None

    def judge(self, type_name: str, value: object) -> Judgement:
        """Return what becomes of a value for a type."""
        kind = self._types.get(type_name)
        if kind is None:
            kind = self._types[type_name] = resolve(type_name, self._facts)
        if type_name in self._own or not kind.known:
            return Judgement("unknown", messages.cannot_tell(f"the type {type_name}"))
        try:
            self._rules()(kind, value)
        except Killed:
            reason = messages.killed(self._driver, kind, value)
        except NotSent as refused:
            reason = messages.not_sent(self._driver, kind, value, str(refused))
        except NotTaken as refused:
            reason = messages.not_taken(self._driver, kind, value, str(refused))
        except CannotTell as unseen:
            return Judgement("unknown", messages.cannot_tell(str(unseen)))
        else:
            return _TAKEN
        return Judgement("refused", reason)

    def _rules(self) -> Callable[[PgType, object], None]:
        if self._check is None:
            module = importlib.import_module(f"understudy.catalog.rules_{self._driver}")
            self._check = module.check
        return self._check


def refusal_of(
    driver: str, type_name: str, value: object, facts: Mapping[str, TypeFacts]
) -> str | None:
    """Return why a driver, or PostgreSQL after it, refuses a value for a type.

    Args:
        driver: "psqlpy", "asyncpg" or "psycopg".
        type_name: as `format_type` spells it without modifiers: "integer", "text[]", "mood".
        value: the parameter.
        facts: what is known of every type that is not built in, by its spelling.

    Returns:
        A sentence that says what to pass instead; None where the value is taken, or where that
        cannot be known (`ParameterRules.judge` tells these two apart).

    Raises:
        ValueError: there are no rules for that driver.
    """
    return ParameterRules(driver, facts).refusal(type_name, value)
