from __future__ import annotations

from collections.abc import Iterator

import psqlpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.catalog.placeholders import Numbered, to_numbered
from understudy.embedded import TestDatabases

_SQL = st.lists(
    st.sampled_from(
        [
            "%s",
            "%%",
            "%(a)s",
            "%(b)b",
            "%t",
            "%",
            "(",
            ")s",
            " ",
            "\n",
            "a",
            "'",
            "é",
            "%(",
            "$1",
            "$(a)p",
            "$(b c)p",
            "$(",
            ")p",
            "$",
        ]
    ),
    max_size=8,
).map("".join)


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        ("SELECT $(a)p::int4 AS x, '$(a)p $(ab)p $(a)p' AS y", {"a": 1, "ab": 2}),
        ("SELECT $(a b)p::int4 AS x, '$()p $(a)x' AS y", {"a b": 1}),
        ("SELECT $(é)p::int4 AS x, '' AS y -- $(é)p", {"é": 1}),
        ("SELECT $(é)p::int4 AS x, '' AS y", [1]),
    ],
)
async def test_psqlpy_itself_sends_the_same(
    statement: str, parameters: dict[str, int] | list[int], embedded_dsn: str
) -> None:
    connection = await psqlpy.connect(embedded_dsn)
    found = (await connection.fetch(statement, parameters)).result()

    numbered = to_numbered(statement)

    literal = numbered.text.partition(", '")[2].partition("'")[0]
    assert found == [{"x": 1, "y": literal}]


@pytest.fixture(scope="module")
def embedded_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("schema")
    (folder / "empty.sql").write_text("SELECT 1")
    with TestDatabases(["empty.sql"], folder) as databases:
        yield databases.new()[1]


def test_names_are_in_the_order_of_their_numbers() -> None:
    assert to_numbered("$(b)p $(a)p $(b)p").text == "$1 $2 $3"
    assert to_numbered("$(b)p $(a)p $(b)p").names == ("b", "a", "b")


def test_a_numbered_statement_is_left_alone() -> None:
    assert to_numbered("SELECT $1, '%s', $(a) p") == Numbered("SELECT $1, '%s', $(a) p")


@given(_SQL)
def test_a_position_leads_back_to_the_same_character(statement: str) -> None:
    numbered = to_numbered(statement)

    for position, character in enumerate(numbered.text, 1):
        origin = numbered.original_position(position)
        assert 1 <= origin <= len(statement)
        # A placeholder's number is wherever the placeholder begins.
        assert statement[origin - 1] == character or statement[origin - 1] == "$"


def test_a_position_behind_placeholders_leads_back() -> None:
    statement = "SELECT $(one)p, 5 % $(two)p, nmae"
    numbered = to_numbered(statement)

    assert numbered.text == "SELECT $1, 5 % $2, nmae"
    for word in ("nmae", "5", "SELECT"):
        position = numbered.text.index(word) + 1
        assert numbered.original_position(position) == statement.index(word) + 1
    assert numbered.original_position(numbered.text.index("$2") + 2) == (
        statement.index("$(two)p") + 1
    )
    assert numbered.original_position(len(numbered.text) + 1) == len(statement) + 1
