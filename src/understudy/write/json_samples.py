"""Values for a JSON schema: short ones that it accepts, and some that just break it or just hold.

A schema does not say everything that the code behind it checks, so values are candidates: who asks
for them tries them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

from understudy.rows.column_hints import ColumnHints
from understudy.rows.pattern_examples import example

Schema = Mapping[str, Any]
_DEEPEST = 4  # models in models
_LONGEST = 2000  # characters or items that a test writes to be one too many
_TEXTS = {
    "email": ("ana@example.com",),
    "date-time": ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05", "2036-01-02T03:04:05Z"),
    "date": ("2026-01-02", "1990-01-02", "2036-01-02"),
    "time": ("03:04:05",),
    "duration": ("PT1H",),
    "uuid": tuple(str(UUID(int=number)) for number in (101, 102)),
    "uri": ("https://example.com/",),
    "ipv4": ("192.0.2.1",),
    "ipv6": ("2001:db8::1",),
    "ipvanyaddress": ("192.0.2.1",),
    "json-string": ("{}",),
    "base64url": ("YQ==",),
}
_NAMED = (
    (r"e_?mail", ("ana@example.com",)),
    (r"url|uri|link|href|website", ("https://example.com/",)),
    (r"password|senha|passwd", ("s3cret-Passw0rd", "Secret-123")),
    (r"first_?name|^name$|^nome$|full_?name", ("Ana", "Ana Lima")),
    (r"user_?name|login|nick", ("ana", "ana_lima")),
    (r"phone|mobile", ("+5511987654321", "11987654321")),
    (r"date", ("2026-01-02",)),
    (r"code$|slug", ("abc", "ABC-123")),
)


class Samples:
    """Values for the schemas of one document.

    Args:
        document: what `$ref` refers to: a schema with `$defs`, or an OpenAPI description.
        locale: Faker's name of the locale for values such as telephone numbers.
        constants: texts and numbers with which the code compares values.
    """

    def __init__(
        self, document: Schema, *, locale: str | None = None, constants: Sequence[Any] = ()
    ) -> None:
        self._document = document
        self._hints = ColumnHints("understudy write", locale)
        self._constants = constants

    def resolved(self, schema: Schema) -> tuple[dict[str, Any], bool]:
        """Return a schema without references and alternatives, and whether it accepts null."""
        found, accepts_null = dict(schema), bool(schema.get("nullable"))
        for _ in range(10):
            if "$ref" in found:
                found = {**self._referred(found.pop("$ref")), **found}
            elif len(found.get("allOf", ())) == 1:
                (part,) = found.pop("allOf")
                found = {**part, **found}
            elif "anyOf" in found or "oneOf" in found:
                parts = found.pop("anyOf", None) or found.pop("oneOf")
                named = [part for part in parts if part.get("type") != "null"]
                accepts_null = accepts_null or len(named) < len(parts)
                found = {**found, **(named[0] if named else {"type": "null"})}
            else:
                break
        return found, accepts_null

    def _referred(self, reference: str) -> Schema:
        found: Any = self._document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return found  # type: ignore[no-any-return]  # a document is JSON

    def valid(self, schema: Schema, name: str = "", depth: int = 0, number: int = 1) -> list[Any]:
        """Return values that a schema should accept, the best first.

        Args:
            schema: the schema.
            name: the name of the field, which may say what is expected.
            depth: how many models are around it.
            number: for a number, the first one to try.
        """
        found, accepts_null = self.resolved(schema)
        values = [*islice(self._valid(found, name, depth, number), 40)]
        return [*values, None] if accepts_null or not values else values

    def _valid(self, schema: Schema, name: str, depth: int = 0, number: int = 1) -> Iterator[Any]:
        if "const" in schema:
            yield schema["const"]
            return
        if "enum" in schema:
            yield from schema["enum"]
            return
        yield from schema.get("examples", ())
        kind = schema.get("type")
        if kind == "string":
            yield from self._texts(schema, name)
        elif kind in ("integer", "number"):
            yield from self._numbers(schema, number)
        elif kind == "boolean":
            yield from (True, False)
        elif kind == "array":
            yield from self._lists(schema, name, depth)
        elif kind == "object":
            yield from self._objects(schema, depth)
        elif kind is None:
            yield from ("something", 1)

    def _texts(self, schema: Schema, name: str) -> Iterator[str]:
        if schema.get("contentMediaType") == "application/json":
            yield from map(json.dumps, self.valid(schema.get("contentSchema", {}), name))
            return
        low, high = schema.get("minLength", 0), schema.get("maxLength", _LONGEST)
        kind, pattern = schema.get("format"), schema.get("pattern")
        texts = [*_TEXTS.get(kind or "", ())]
        for named, guesses in _NAMED:
            if re.search(named, name.lower()):
                texts += guesses
        if pattern:
            matching = [example(pattern, Random(seed)) for seed in range(6)]
            texts = [*texts, *sorted(filter(None, matching), key=len)]
        texts += [name.replace("_", " ") or "text", "Ana", "abc", "a1"]
        texts += [constant for constant in self._constants if isinstance(constant, str)]
        if (hinted := self._hints.value(name)) is not None:
            texts.insert(len(texts) if kind or pattern else 1, hinted)
        for text in dict.fromkeys(texts):
            if len(text) < low and not pattern:
                text = (text * low)[:low] if low < 12 else "a" * low
            if low <= len(text) <= high and _matches(pattern, text):
                yield text

    def _numbers(self, schema: Schema, first: int) -> Iterator[int | float]:
        low, high = _limits(schema)
        step = schema.get("multipleOf")
        is_whole = schema["type"] == "integer"
        numbers = [step] if step else [first] if is_whole else [first + 0.5, first]
        numbers += [1, 2, low, high, 10, 100]
        numbers += [
            constant
            for constant in self._constants
            if isinstance(constant, int) and not isinstance(constant, bool)
        ]
        for number in dict.fromkeys(number for number in numbers if number is not None):
            if (low is None or number >= low) and (high is None or number <= high):
                yield number

    def _lists(self, schema: Schema, name: str, depth: int) -> Iterator[list[Any]]:
        least, most = schema.get("minItems", 0), schema.get("maxItems", _LONGEST)
        if "prefixItems" in schema:
            yield from self._tuples(schema, name, depth)
            return
        if depth < _DEEPEST:
            items = self.valid(schema.get("items", {}), name.rstrip("s"), depth + 1)
            for size in dict.fromkeys((max(least, 1), 2)):
                if least <= size <= most and size <= len(items):
                    yield items[:size]
            if least > len(items):
                yield items[:1] * least
        if not least:
            yield []

    def _tuples(self, schema: Schema, name: str, depth: int) -> Iterator[list[Any]]:
        """Yield lists in which each place has a schema of its own, as of `tuple[int, str]`."""
        if depth >= _DEEPEST:
            return
        lists = [self.valid(item, name, depth + 1) for item in schema["prefixItems"]]
        for number in range(max(map(len, lists), default=1)):
            yield [values[number % len(values)] for values in lists]

    def _objects(self, schema: Schema, depth: int) -> Iterator[dict[str, Any]]:
        properties = schema.get("properties", {})
        if depth > _DEEPEST:
            return
        if not properties:
            yield {"key": "value"}
            yield {}
            return
        needed = schema.get("required", ())
        lists = {
            name: self.valid(item, name, depth + 1, number)
            for number, (name, item) in enumerate(properties.items(), 1)
            if name in needed
        }
        for number in range(max(map(len, lists.values()), default=1)):
            yield {name: values[number % len(values)] for name, values in lists.items()}

    def held(self, schema: Schema, name: str = "") -> Iterator[list[Any]]:
        """Yield the limits of a schema, each as values of which it should accept one."""
        found, accepts_null = self.resolved(schema)
        kind = found.get("type")
        yield from ([value] for value in found.get("enum", ()))
        for other in [*schema.get("anyOf", ()), *schema.get("oneOf", ())][1:]:
            if other.get("type") != "null":
                yield self.valid(other, name)
        if kind == "string" and "enum" not in found:
            base = next(self._valid(found, name), "")
            for size in (found.get("minLength"), found.get("maxLength")):
                if size is not None and size <= _LONGEST:
                    yield [*_of_length(base, size)]
        elif kind in ("integer", "number"):
            yield from ([limit] for limit in _limits(found) if limit is not None)
        elif kind == "array":
            items = self.valid(found.get("items", {}), name.rstrip("s"))
            for size in (found.get("minItems"), found.get("maxItems")):
                if size is not None and size <= _LONGEST:
                    yield [items[:1] * size]
        if accepts_null:
            yield [None]

    def broken(self, schema: Schema, name: str = "") -> Iterator[Any]:
        """Yield values that a schema should reject: each constraint just broken."""
        found, _ = self.resolved(schema)
        kind = found.get("type")
        if "discriminator" in schema:
            yield {schema["discriminator"]["propertyName"]: "unknown"}
        if "enum" in found or "const" in found:
            yield "unknown"
        elif kind == "string":
            yield from self._broken_texts(found, name)
        elif kind in ("integer", "number"):
            low, high = _limits(found)
            yield from (limit + by for limit, by in ((low, -1), (high, 1)) if limit is not None)
            if found.get("multipleOf"):
                yield found["multipleOf"] * 1.5
        elif kind == "array":
            items = self.valid(found.get("items", {}), name.rstrip("s"))
            if (least := found.get("minItems", 0)) > 0:
                yield items[:1] * (least - 1)
            if (most := found.get("maxItems", _LONGEST)) < _LONGEST:
                yield items[:1] * (most + 1)

    def mistyped(self, schema: Schema) -> Iterator[Any]:
        """Yield values of another type."""
        found, accepts_null = self.resolved(schema)
        kind = found.get("type")
        yield from {"string": (1,), "boolean": ("perhaps",), None: ()}.get(kind, ("x",))
        if kind is not None and not accepts_null:
            yield None

    def _broken_texts(self, schema: Schema, name: str) -> Iterator[Any]:
        base = next(self._valid(schema, name), "a") or "a"
        if (least := schema.get("minLength", 0)) > 0:
            yield from _of_length(base, least - 1)
        if (most := schema.get("maxLength", _LONGEST)) < _LONGEST:
            yield from _of_length(base, most + 1)
        if kind := schema.get("format"):
            yield f"no {kind}"
        if schema.get("pattern"):
            yield from ("?", f"{base} ?", "")


def changed(value: Any) -> Iterator[Any]:
    """Yield a value with small changes, for what only the code that checks it knows."""
    if isinstance(value, str) and 0 < len(value) < 100:
        yield from ("", value[:-1], value[0] * len(value), f" {value} ", value.upper())
        yield " " * len(value)  # long enough, and blank
        yield re.sub(r"\d", "1", value)
        for at in (0, len(value) - 2, len(value) - 1):
            if 0 <= at < len(value):
                letter = value[at]
                other = str((int(letter) + 1) % 10) if letter in "0123456789" else "?"
                yield value[:at] + other + value[at + 1 :]
        yield from (f"{value}1", value.lower(), re.sub(r"\W", "", value), f"{value}?")
        yield from ("1234", "abcdefgh", "ABCDEFGH", "Abcdefg1", "abcdefg1", "a b")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from (0, -1, value + 1, value - 1, -value, value * 1000)
    elif isinstance(value, list) and value:
        yield from ([], value * 2)
    elif isinstance(value, dict) and value:
        yield {}


def _limits(schema: Schema) -> tuple[Any, Any]:
    """Return the smallest and the largest number that a schema accepts, if it has limits."""
    low: Any = schema.get("minimum")
    high: Any = schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    step = 1 if schema["type"] == "integer" else 0.5
    if above is not None:  # OpenAPI 3.0 has true here
        low = (low if above is True else above) + step
    if below is not None:
        high = (high if below is True else below) - step
    return low, high


def _of_length(text: str, size: int) -> Iterator[str]:
    """Yield texts with a number of characters that look like `text`."""
    if size <= len(text):
        yield text[:size]
    else:
        yield "a" * size
        yield "a" * (size - len(text)) + text
        yield text + "a" * (size - len(text))


def _matches(pattern: str | None, text: str) -> bool:
    if pattern is None:
        return True
    try:
        return re.search(pattern, text) is not None
    except re.error:  # an expression of another engine
        return True
