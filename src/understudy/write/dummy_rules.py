"""The rules of dummies that answer what real collaborators have answered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from understudy.project.python_values import NoSource
from understudy.script.formatting import as_expected, python_literal
from understudy.write import exceptions, fingerprint
from understudy.write.collaborators import Recorded
from understudy.write.expected import expected, whole
from understudy.write.guard import limited
from understudy.write.spelling import ANY, called, collection, evaluated, imports_of, spelled
from understudy.write.trials import Expression

# A time with microseconds, without its end; a random UUID.
_GENERATED = re.compile(
    r"datetime\((?:\d+, ){6}\d{4,6}(?=[,)])"
    r"|(?P<id>UUID\(\"[0-9a-f]{8}-[0-9a-f]{4}-[147][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\"\))"
)


@dataclass(frozen=True)
class Rule:
    """A line of a dummy's script: one call and its answer."""

    name: str
    method: str
    arguments: tuple[str, ...]
    answer: str
    imports: tuple[str, ...]
    value: Any = None
    raised: object = None

    def line(self, *, is_loose: bool = False) -> str:
        """Return its source; a loose one is for a call with any arguments."""
        given = [python_literal(self.method), *(() if is_loose else self.arguments)]
        return f"{self.name}.on({', '.join(given)}){self.answer}"


def rules_for(calls: Sequence[Recorded]) -> list[Rule]:
    """Return the rules that answer what was recorded.

    Raises:
        NoSource: an answer or an exception cannot be spelled, or one call has had two answers.
    """
    rules: dict[tuple[object, ...], Rule] = {}
    known: dict[str, str] = {}
    for call in calls:
        if call.raised is not None:
            error = exceptions.source_of(call.raised)
            answer, more_imports = f".raises({error.text})", error.imports
        elif call.answer is not None:
            answer, more_imports = f".returns({call.answer.text})", call.answer.imports
        else:
            raise NoSource(f"what {call.method} returned has no source")
        arguments = tuple(_steady(source, known) for source in call.sources)
        answer = _steady(answer, known)
        rule = Rule(
            call.name,
            call.method,
            arguments,
            answer,
            (*call.imports, *more_imports),
            call.value,
            call.raised,
        )
        key = (call.name, call.method, arguments)
        if key in rules and rules[key].answer != answer:
            raise NoSource(f"{call.method} answers the same call in two ways")
        rules[key] = rule
    return list(rules.values())


def _steady(source: str, known: dict[str, str]) -> str:
    """Return source in which times and ids that were generated are plain ones.

    Args:
        source: the source.
        known: what was replaced so far, so that the same is replaced by the same.
    """

    def plain(match: re.Match[str]) -> str:
        number = len(known) + 1
        new = (
            f"UUID(int={number})" if match["id"] else f"datetime(2026, 1, {number % 28 + 1}, 12, 0"
        )
        return known.setdefault(match[0], new)

    return _GENERATED.sub(plain, source)


def argument(value: object) -> Expression:
    """Return the source of an argument that a dummy expects: ANY for one that has none."""
    if as_expected(value) == "ANY":
        return ANY
    try:
        return _checked(_source(value))
    except NoSource:
        return ANY


def answer(value: object) -> Expression | None:
    """Return the source of what a dummy returns; None if it has none."""
    try:
        return _checked(_source(value, is_answer=True))
    except NoSource:
        return None


def _checked(source: Expression) -> Expression:
    """Return source that makes a value.

    Raises:
        NoSource: it does not: the class sets a field by itself, or refuses its own defaults.
    """
    try:
        with limited():
            evaluated(source)
    except Exception as error:  # the class is the project's own: anything
        raise NoSource(f"{source.text} raises {type(error).__name__}") from error
    return source


def _source(value: Any, *, is_answer: bool = False) -> Expression:
    """Return the source of a value; objects of an ORM only as an answer, as they equal nothing."""
    if is_answer and type(value) in (list, tuple):
        return collection(type(value), [_source(item, is_answer=True) for item in value])
    if is_answer and hasattr(value, "_sa_instance_state"):
        fields = fingerprint.fields_of(value) or {}
        plain = {name: one for name, one in fields.items() if not _is_related(one)}
        parts = {name: spelled(one) for name, one in plain.items()}
        given = [f"{name}={part.text}" for name, part in parts.items()]
        return called(type(value), given, imports_of(parts.values()))
    return whole(expected([value]))


def _is_related(value: object) -> bool:
    items = value if isinstance(value, list) else [value]
    return any(hasattr(item, "_sa_instance_state") for item in items)
