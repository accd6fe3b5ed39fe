"""What PostgreSQL says of values, word for word, and why a value of a script is not sent."""

from __future__ import annotations

import reprlib


def invalid_syntax(type_name: str, text: str) -> str:
    """Return the words for a text that is no value of a type."""
    return f'invalid input syntax for type {type_name}: "{text}"'


def invalid_json() -> str:
    """Return the words for a text that is no JSON, for jsonb too; the text is in the context."""
    return "invalid input syntax for type json"


def unsupported_escape() -> str:
    """Return the words for the escape of a NUL in a document that is kept as text."""
    return "unsupported Unicode escape sequence"


def no_text() -> str:
    """Return the detail of the same."""
    return "\\u0000 cannot be converted to text."


def date_style() -> str:
    """Return the hint where a month or a day is out of range: it may be the other one."""
    return 'Perhaps you need a different "DateStyle" setting.'


def value_out_of_range(type_name: str, text: str) -> str:
    """Return the words for an integer that a type has no room for."""
    return f'value "{text}" is out of range for type {type_name}'


def float_out_of_range(type_name: str, text: str) -> str:
    """Return the words for a floating-point number that a type has no room for."""
    return f'"{text}" is out of range for type {type_name}'


def numeric_overflow() -> str:
    """Return the words for a number that numeric has no room for."""
    return "value overflows numeric format"


def field_out_of_range(text: str) -> str:
    """Return the words for a month 13, an hour 25."""
    return f'date/time field value out of range: "{text}"'


def moment_out_of_range(type_name: str, text: str | None = None) -> str:
    """Return the words for a date or time outside of what its type can hold."""
    return f"{type_name} out of range" + ("" if text is None else f': "{text}"')


def zone_out_of_range(text: str | None = None) -> str:
    """Return the words for an offset from UTC of 16 hours or more."""
    return "time zone displacement out of range" + ("" if text is None else f': "{text}"')


def invalid_label(type_name: str, text: str) -> str:
    """Return the words for a text that is no label of an enum."""
    return f'invalid input value for enum {type_name}: "{text}"'


def malformed(kind: str, text: str) -> str:
    """Return the words for a text that is no array, record or range."""
    return f'malformed {kind} literal: "{text}"'


def bounds_out_of_order() -> str:
    """Return the words for a range that ends before it begins."""
    return "range lower bound must be less than or equal to range upper bound"


def insufficient_data() -> str:
    """Return the words for a binary value that ends too early."""
    return "insufficient data left in message"


def no_data() -> str:
    """Return the words for a binary value of one byte that has none."""
    return "no data left in message"


def invalid_format() -> str:
    """Return the words for a range or a multirange with more bytes than it needs."""
    return "invalid message format"


def another_type(what: str, sent: int, spelling: str, oid: int, expected: str) -> str:
    """Return the words for an item of a container that is sent as one of another type."""
    return f"binary data has {what} {sent} ({spelling}) instead of expected {oid} ({expected})"


def improper(place: str, number: int) -> str:
    """Return the words for an item of a container with more bytes than it needs."""
    return f"improper binary format in {place} {number}"


def bad_encoding(data: bytes) -> str:
    """Return the words for bytes that are no UTF-8."""
    return (
        f'invalid byte sequence for encoding "UTF8": {" ".join(f"0x{each:02x}" for each in data)}'
    )


def bad_external(what: str, type_name: str) -> str:
    """Return the words for a part of a binary value that cannot be."""
    return f'invalid {what} in external "{type_name}" value'


def bad_snapshot() -> str:
    """Return the words for bytes that are no snapshot of transactions."""
    return "invalid external pg_snapshot data"


def no_binary_input(type_name: str) -> str:
    """Return the words for a type whose binary form is not known here."""
    return f"no binary input function available for type {type_name}"


def unfit(type_name: str, value: object) -> str:
    """Return why a Python value is not sent for a type."""
    return f"{reprlib.repr(value)} ({type(value).__name__}) is no value of {type_name}"


def beyond(type_name: str, value: object) -> str:
    """Return why a number is not sent for a type that has no room for it."""
    return f"{reprlib.repr(value)} is out of range for {type_name}"


def no_binary_output(type_name: str) -> str:
    """Return why a value cannot be sent in binary form."""
    return f"the binary form of {type_name} is not known here; the driver has to ask for text"


def wrong_fields(type_name: str, expected: int, given: int) -> str:
    """Return why a record is not sent for a composite type."""
    return f"{type_name} has {expected} fields, and the value has {given}"


def unknown_field(type_name: str, name: str) -> str:
    """Return why a mapping is not sent for a composite type."""
    return f"{type_name} has a field {name!r}, and the value has none"


def ragged(type_name: str) -> str:
    """Return why a nested list is not sent for an array."""
    return f"the lists in a value of {type_name} have to be of equal lengths"
