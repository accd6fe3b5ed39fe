"""Python values as source: what the source means, and what it needs."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from understudy.pg.codecs.json_documents import JsonText
from understudy.project.python_values import Names, NoSource, source_of

VALUES: list[Any] = [
    None, True, 7, -3, 1.5, "Ana", "it's", 'say "hi"', "two\nlines", "caf\u00e9",
    b"\x00\xff", b'"', b"it's", Decimal("3.10"), Decimal("NaN"), UUID(int=7),
    dt.date(2026, 1, 2), dt.datetime(2026, 1, 2), dt.datetime(2026, 1, 2, 3, 4, 5, 6),
    dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC), dt.time(3, 4), dt.time(3, 4, 0, 9),
    dt.time(3, tzinfo=dt.timezone(dt.timedelta(hours=-2))), JsonText('{"a": 9.50}'),
    dt.timedelta(days=-1, seconds=5), dt.timedelta(0),
    [], [1, [None]], (), (1,), (1, "a"), {}, {"a": [1, {"b": None}]}, math.inf, -math.inf,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_the_source_of_a_value_is_the_value(value: Any) -> None:
    names = Names("")
    source = source_of(value, names)
    known: dict[str, Any] = {}
    exec("\n".join(names.imports), known)
    made = eval(source, known)

    assert type(made) is type(value)
    assert repr(made) == repr(value)


def test_a_moment_of_another_zone_is_written_in_utc() -> None:
    value = dt.datetime(2026, 1, 2, 3, tzinfo=dt.timezone(dt.timedelta(hours=2)))

    assert source_of(value, Names("")) == "datetime(2026, 1, 2, 1, 0, tzinfo=UTC)"


@pytest.mark.parametrize(
    ("text", "source", "imports"),
    [
        ("", "UUID", ["from uuid import UUID"]),
        ("from uuid import UUID", "UUID", []),
        ("from uuid import UUID as Id", "Id", []),
        ("import uuid", "uuid.UUID", []),
        ("import uuid as u", "u.UUID", []),
        ("class UUID: ...", "uuid.UUID", ["import uuid"]),
        ("def test():\n    UUID = 1", "uuid.UUID", ["import uuid"]),
    ],
)
def test_a_class_has_the_name_that_the_file_knows(
    text: str, source: str, imports: list[str]
) -> None:
    names = Names(text)

    assert source_of(UUID(int=0), names).partition("(")[0] == source
    assert names.imports == imports


def test_several_names_of_a_module_are_one_import() -> None:
    names = Names("")
    source_of([dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.date(2026, 1, 1)], names)

    assert names.imports == ["from datetime import UTC, date, datetime"]


def test_a_name_that_is_taken_twice_is_refused() -> None:
    with pytest.raises(NoSource) as raised:
        source_of(UUID(int=0), Names("def f(uuid, UUID): ..."))

    assert str(raised.value) == "the file has another UUID than that of uuid"


def test_a_value_of_another_class_is_refused() -> None:
    with pytest.raises(NoSource) as raised:
        source_of(1j, Names(""))

    assert str(raised.value) == "a complex has no source: 1j"
