"""Would psqlpy send a value for a type, would PostgreSQL accept it, and could psqlpy return it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from understudy.catalog import value_messages as messages
from understudy.catalog.decoded_types import Decoded, decoded, is_measured
from understudy.catalog.psqlpy_wire import CannotTell, Killed, NotSent, NotTaken
from understudy.catalog.rules_psqlpy import sent_bytes
from understudy.pg.codec_registry import Values
from understudy.pg.errors import ServerError
from understudy.pg.types import Type, TypeFacts, Types
from understudy.script.formatting import shown


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a parameter is accepted.

    Attributes:
        outcome: "unknown" if it depends on something that cannot be seen from here.
        reason: why it is refused or not known; "" if it is taken.
    """

    outcome: Literal["taken", "refused", "unknown"]
    reason: str = ""


_TAKEN = Judgement("taken")


class ValueRules:
    """psqlpy's rules for the parameters and the results of one schema's statements.

    Args:
        facts: what is known of every type that is not built in, by its spelling; it may not change
            afterwards.
    """

    def __init__(self, facts: Mapping[str, TypeFacts]) -> None:
        self._types = Types(facts)
        self._values = Values(self._types)
        self._known: dict[str, Type | None] = {}
        self._decoded: dict[str, Decoded | None] = {}

    def refusal(self, type_name: str, value: object) -> str | None:
        """Return why a value is refused for a type; None if it is taken or not known.

        Args:
            type_name: as `format_type` spells it without modifiers: "integer", "text[]", "mood".
            value: the parameter.

        Returns:
            A sentence that says what to pass instead.
        """
        judgement = self.judge(type_name, value)
        return judgement.reason if judgement.outcome == "refused" else None

    def judge(self, type_name: str, value: object) -> Judgement:
        """Return whether a value is accepted for a type."""
        kind = self._measured(type_name)
        if kind is None:
            return Judgement("unknown", messages.cannot_tell(f"the type {type_name}"))
        try:
            self._check(kind, value)
        except Killed:
            reason = messages.killed(self._types, kind, value)
        except NotSent as refused:
            reason = messages.not_sent(self._types, kind, value, str(refused))
        except NotTaken as refused:
            reason = messages.not_taken(self._types, kind, value, str(refused))
        except ServerError as refused:
            reason = messages.not_taken(self._types, kind, value, refused.fields.message)
        except CannotTell as unseen:
            return Judgement("unknown", messages.cannot_tell(str(unseen)))
        else:
            return _TAKEN
        return Judgement("refused", reason)

    def _check(self, kind: Type, value: object) -> None:
        if value is None:
            if kind.not_null:
                raise NotTaken(f"domain {kind.name} does not allow null values")
            return
        data = sent_bytes(self._types, kind, value)
        if data is not None:
            self._values.codec(kind.name).receive(data)

    def _measured(self, type_name: str) -> Type | None:
        if type_name not in self._known:
            kind = self._types.named(type_name)
            is_known = kind is not None and is_measured(self._types, kind)
            self._known[type_name] = kind if is_known else None
        return self._known[type_name]

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
        kind = messages.class_name(value, mark_enum=True)
        return f"psqlpy never answers {shown(value)} ({kind}) for {type_name}: {reason}"

    def decoded(self, type_name: str) -> Decoded | None:
        """Return what psqlpy returns for a type; None if it cannot decode the type at all."""
        if type_name not in self._decoded:
            self._decoded[type_name] = decoded(self._types, self._types.named(type_name))
        return self._decoded[type_name]
