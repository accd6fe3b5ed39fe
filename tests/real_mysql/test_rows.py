"""Rows that `real_mysql.insert` makes up."""

from __future__ import annotations

import enum
import re
import uuid
from decimal import Decimal
from typing import Any

import pytest

from understudy.real_mysql.fixture import RealMysql
from understudy.real_mysql.rows import MysqlRows
from understudy.rows import RowsError


class State(enum.Enum):
    A = "a"


def test_each_kind_of_column_gets_a_value_of_its_kind(real: RealMysql) -> None:
    row = real.insert("kinds")

    required = {name: value for name, value in dict(row).items() if name not in ("note", "twice")}
    assert None not in required.values()
    assert isinstance(row.money, Decimal)
    assert row.twice == row.small * 2
    assert row.state in ("a", "it's")
    assert len(uuid.UUID(row.token).bytes) == 16
    assert len(row.code) <= 3
    assert row.note is None


def test_a_geometry_is_of_the_type_of_its_column(real: RealMysql) -> None:
    real.insert("kinds")
    names = ("spot", "spots", "way", "area", "ways", "areas", "shape", "shapes")
    cursor = real.pymysql.connect(autocommit=True).cursor()
    cursor.execute(f"SELECT {', '.join(f'ST_AsText({name})' for name in names)} FROM kinds")

    found = [re.sub(r"\d+", "1", text) for text in cursor.fetchall()[0]]
    assert found == [
        "POINT(1 1)",
        "MULTIPOINT(1 1)",
        "LINESTRING(1 1,1 1)",
        "POLYGON((1 1,1 1,1 1,1 1))",
        "MULTILINESTRING((1 1,1 1))",
        "MULTIPOLYGON(((1 1,1 1,1 1,1 1)))",
        "POINT(1 1)",
        "GEOMETRYCOLLECTION(POINT(1 1))",
    ]
    cursor.execute("SELECT ST_Area(area), ST_Area(areas), ST_Length(way) FROM kinds")
    assert cursor.fetchall() == ((0.5, 0.5, 1.0),)


@pytest.mark.parametrize("values", [{"code": "long"}, {"small": "x"}, {"day": None}])
def test_a_wrong_value_is_not_tried_again_with_others(
    real: RealMysql, monkeypatch: pytest.MonkeyPatch, values: dict[str, object]
) -> None:
    tried = []
    insert = MysqlRows._inserted

    def inserted(rows: MysqlRows, table: Any, values: Any) -> object:
        tried.append(values)
        return insert(rows, table, values)

    monkeypatch.setattr(MysqlRows, "_inserted", inserted)
    with pytest.raises(RowsError):
        real.insert("kinds", **values)
    assert len(tried) == 1


def test_values_are_written_as_the_driver_takes_them(real: RealMysql) -> None:
    token = uuid.UUID(int=7)
    row = real.insert("kinds", state=State.A, document={"a": [1]}, token=token)

    assert (row.state, row.token) == ("a", str(token))
    assert "1" in row.document


@pytest.mark.parametrize(
    ("table", "values", "said"),
    [
        ("kind", {}, "There is no table 'kind'. Did you mean 'kinds'?"),
        ("emails", {}, "emails is a view, which cannot be inserted into."),
        ("kinds", {"colour": 1}, "colour"),
        ("kinds", {"code": "long"}, "Data too long for column 'code'"),
        ("kinds", {"twice": 1}, "twice"),
    ],
)
def test_what_cannot_be_inserted(
    real: RealMysql, table: str, values: dict[str, object], said: str
) -> None:
    with pytest.raises(RowsError) as refused:
        real.insert(table, **values)
    assert said in str(refused.value)
