"""Values as text and in binary form, beside the bytes of a MariaDB 10.11."""

from __future__ import annotations

import contextlib
import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.mysql import packets
from understudy.mysql.binary_values import binary_row, read_binary_row, read_execute
from understudy.mysql.fields import Malformed
from understudy.mysql.floats import float_text
from understudy.mysql.types import (
    BadValue,
    Column,
    Flag,
    Type,
    column_of,
    text_of,
    value_of,
)

# What MariaDB 10.11 sent for a table with a column of each type: a row of values, a row of NULL.
RECORDED = {
    name: [bytes.fromhex(packet) for packet in found] if isinstance(found, list) else found
    for name, found in json.loads(
        Path(__file__).with_name("mariadb_rows.json").read_text("utf-8")
    ).items()
}
COLUMNS = [packets.read_column_definition(packet) for packet in RECORDED["columns"]]
MIDDAY = datetime(2026, 11, 29, 23, 59, 58)
VALUES: list[Any] = [
    *(18446744073709551615, 1, -128, 255, -32768, -8388608, 16777215, -2147483648, 42),
    *(-9223372036854775808, 1.5, -2.25e-20, 3.14, 2.5, Decimal("-123.450")),
    *(Decimal("1234567890123456789012345678901234567890"), date(2026, 11, 29)),
    *(MIDDAY, MIDDAY.replace(microsecond=123), MIDDAY.replace(microsecond=120000)),
    *(datetime(2026, 1, 1), -timedelta(hours=838, seconds=3599)),
    *(timedelta(hours=12, minutes=34, seconds=56, milliseconds=789), 2026),
    *("añ", "naïve 🐍", "café", b"\0\xff\0\0", b"\0\xff\x01", "tiny", "text", "medium", "long"),
    *(b"\1", b"\2\3", b"", b"\xff", "b", "x,z", b"\1", b"\n\xaa", '{"a": [1, 2.5, null]}'),
    bytes.fromhex("000000000101000000000000000000f03f0000000000000040"),
]


def classes(values: list[Any]) -> list[tuple[type, Any]]:
    return [(type(value), value) for value in values]


def test_every_definition_of_a_column_is_written_as_mariadb_writes_it() -> None:
    assert [packets.column_definition(column) for column in COLUMNS] == RECORDED["columns"]


def test_the_text_of_every_type_is_read() -> None:
    sent, nulls = (packets.read_text_row(row, len(COLUMNS)) for row in RECORDED["text"])
    values = [
        value_of(text, column)
        for text, column in zip(sent, COLUMNS, strict=True)
        if text is not None
    ]
    assert classes(values) == classes(VALUES)
    assert nulls[1:] == [None] * (len(COLUMNS) - 1)


def test_the_text_of_every_type_is_written_as_mariadb_writes_it() -> None:
    pairs = zip(VALUES, COLUMNS, strict=True)
    assert (
        packets.text_row([text_of(value, column) for value, column in pairs])
        == (RECORDED["text"][0])
    )


def test_the_binary_form_of_every_type_is_read() -> None:
    row, nulls = (read_binary_row(row, COLUMNS) for row in RECORDED["binary"])
    row[12] = round(row[12], 2)  # a FLOAT has half the bits of Python's
    assert classes(row) == classes(VALUES)
    assert nulls == [1] + [None] * (len(COLUMNS) - 1)


def test_the_binary_form_of_every_type_is_written_as_mariadb_writes_it() -> None:
    assert binary_row(VALUES, COLUMNS) == RECORDED["binary"][0]
    assert binary_row([1] + [None] * (len(COLUMNS) - 1), COLUMNS) == RECORDED["binary"][1]


# From a MariaDB 10.11.
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e14, "100000000000000"),
        (1e15, "1e15"),
        (1.2e15, "1.2e15"),
        (1234567890123456.8, "1234567890123456.8"),
        (1e-15, "0.000000000000001"),
        (1e-16, "1e-16"),
        (-2.25e-20, "-2.25e-20"),
        (1.7976931348623157e308, "1.7976931348623157e308"),
    ],
)
def test_a_double_is_written_as_mysql_writes_it(value: float, text: str) -> None:
    assert float_text(value) == text


def test_a_float_has_six_digits() -> None:
    assert float_text(3.140000104904175, single=True) == "3.14"
    assert float_text(16777216.0, single=True) == "16777200"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_double_is_exact(value: float) -> None:
    assert float(float_text(value)) == value


TIMES = st.timedeltas(-timedelta(hours=838), timedelta(hours=838))
ANY_VALUE = st.one_of(
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.integers(1 << 63, (1 << 64) - 1),
    st.text(),
    st.binary(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20)),
    st.dates(),
    st.datetimes(),
    TIMES,
)


@given(st.lists(ANY_VALUE, min_size=1))
def test_values_come_back_in_both_forms(values: list[Any]) -> None:
    columns = [column_of(f"c{number}", [value]) for number, value in enumerate(values)]
    texts = [
        value_of(text_of(value, column), column)
        for value, column in zip(values, columns, strict=True)
    ]
    assert classes(texts) == classes(values)
    assert classes(read_binary_row(binary_row(values, columns), columns)) == classes(values)


def test_values_of_a_text_are_written_in_the_character_set_of_the_connection() -> None:
    column = column_of("c", ["café"])
    assert text_of("café", column, "cp1252") == b"caf\xe9"
    assert value_of(b"caf\xe9", column, "cp1252") == "café"


class Kind(Enum):
    A = "a"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, b"1"),
        (Kind.A, b"a"),
        ({"b", "a"}, b"a,b"),
        ({"n": [1, None]}, b'{"n": [1, null]}'),
        (time(1, 2, 3), b"01:02:03"),
        (bytearray(b"x"), b"x"),
    ],
)
def test_a_value_that_a_driver_takes_as_a_parameter_is_written(value: Any, text: bytes) -> None:
    assert text_of(value, column_of("c", [value])) == text
    assert text_of(value, Column("c")) == text


def test_a_column_of_several_classes_has_the_type_that_holds_all() -> None:
    assert column_of("c", [1, Decimal("2.50"), None]).type == Type.NEWDECIMAL
    assert column_of("c", [1, Decimal("2.50")]).decimals == 2
    assert column_of("c", [1, 2.5]).type == Type.DOUBLE
    assert column_of("c", [date(2026, 1, 1), MIDDAY]).type == Type.DATETIME
    assert column_of("c", [None]).type == Type.NULL
    assert column_of("c", [1 << 63]).flags & Flag.UNSIGNED


@pytest.mark.parametrize(
    ("value", "column", "message"),
    [
        (b"x", None, "column c has values of several types: BLOB and LONGLONG"),
        (object, None, "MySQL has no value for <class 'object'> of class type"),
        ("abc", Column("c", Type.LONG), "'abc' is no value of column c of type LONG"),
        (1.5, Column("c", Type.LONG), "1.5 is no value of column c of type LONG"),
        (7, Column("c", Type.DATE), "7 is no value of column c of type DATE"),
        (b"\1", Column("c", 200), None),
        (7, Column("c", 200), None),
    ],
)
def test_a_value_that_a_column_cannot_have_is_refused(
    value: Any, column: Column | None, message: str | None
) -> None:
    if message is None:
        assert column is not None
        assert text_of(value, column) in (b"\1", b"7")
        return
    with pytest.raises(BadValue) as raised:
        text_of(value, column) if column else column_of("c", [1, value])
    assert str(raised.value) == message


def test_an_integer_out_of_the_range_of_its_column_is_refused_in_binary_form() -> None:
    with pytest.raises(BadValue, match=r"^300 is no value of column c of type TINY$"):
        binary_row([300], [Column("c", Type.TINY)])


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("2026-11-29 23:59:58.5", Type.DATETIME, MIDDAY.replace(microsecond=500000)),
        ("2026-11-29", Type.DATETIME, datetime(2026, 11, 29)),
        ("-01:02:03.25", Type.TIME, -timedelta(hours=1, minutes=2, seconds=3.25)),
        ("00:00:00", Type.TIME, timedelta(0)),
        ("12", Type.TINY, 12),
        ("1.5", Type.DOUBLE, 1.5),
        ("0000-00-00 00:00:00", Type.DATETIME, "0000-00-00 00:00:00"),
    ],
)
def test_a_text_in_a_script_has_its_binary_form(text: str, kind: Type, value: Any) -> None:
    column = Column("c", kind)
    assert read_binary_row(binary_row([text], [column]), [column]) == [value]


@pytest.mark.parametrize(
    ("value", "kind"), [("soon", Type.DATETIME), ("soon", Type.TIME), ([], Type.FLOAT)]
)
def test_a_value_without_a_binary_form_is_refused(value: Any, kind: Type) -> None:
    with pytest.raises(BadValue, match=f"is no value of column c of type {kind.name}$"):
        binary_row([value], [Column("c", kind)])


def test_a_date_in_a_column_of_datetimes_is_midnight() -> None:
    assert text_of(date(2026, 1, 2), Column("c", Type.DATETIME, decimals=3)) == (
        b"2026-01-02 00:00:00.000"
    )


@pytest.mark.parametrize("text", ["0000-00-00", "2026-00-10"])
def test_a_date_without_a_python_class_is_a_str(text: str) -> None:
    column = Column("c", Type.DATE)
    assert value_of(text.encode(), column) == text
    assert read_binary_row(binary_row([text], [column]), [column]) == [text]


def test_parameters_are_read() -> None:
    # As mysql-connector-python sends (7, "O'Hara", None, Decimal("1.50"), a date, b"\xff").
    body = bytes.fromhex(
        "010000000001000000" "0401" "0180fe0006000000" "0a00fe00"
        "07" "064f2748617261" "04312e3530" "04ea070b1d" "01ff"
    )  # fmt: skip
    found = read_execute(body, 6)
    assert found.values == [7, "O'Hara", None, Decimal("1.50"), date(2026, 11, 29), b"\xff"]
    assert not found.has_cursor
    again = read_execute(body[:10] + b"\0" + body[23:], 6, found.types)
    assert again.values == found.values


def test_parameters_that_came_before_are_used() -> None:
    body = bytes.fromhex("010000000001000000" "0001" "fc00")  # fmt: skip
    assert read_execute(body, 1, long_data={0: b"long"}).values == [b"long"]


@given(st.binary(max_size=60))
def test_bytes_that_are_no_row_are_malformed_and_nothing_else(data: bytes) -> None:
    for read in (
        lambda: read_binary_row(data, COLUMNS),
        lambda: read_execute(data, 3),
    ):
        with contextlib.suppress(Malformed):
            read()
