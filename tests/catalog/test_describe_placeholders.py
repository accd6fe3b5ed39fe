from __future__ import annotations

from collections.abc import Callable, Iterator

import psqlpy
import psycopg
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from psycopg._queries import _query2pg

from understudy.catalog.placeholders import BadPlaceholder, Numbered, to_numbered
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


@given(_SQL)
def test_psycopg_itself_would_send_the_same(statement: str) -> None:
    assume("%é" not in statement)  # psycopg fails over the text of its own error there
    assert _outcome(lambda: to_numbered(statement, "psycopg").text) == _outcome(
        lambda: _query2pg(statement.encode(), "utf-8")[0].decode()
    )


def _outcome(rewrite: Callable[[], str]) -> str:
    try:
        return rewrite()
    except (BadPlaceholder, psycopg.ProgrammingError) as error:
        return f"refused: {error}"


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

    numbered = to_numbered(statement, "psqlpy")

    literal = numbered.text.partition(", '")[2].partition("'")[0]
    assert found == [{"x": 1, "y": literal}]


@pytest.fixture(scope="module")
def embedded_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("schema")
    (folder / "empty.sql").write_text("SELECT 1")
    with TestDatabases(["empty.sql"], folder) as databases:
        yield databases.new()[1]


def test_names_are_in_the_order_of_their_numbers() -> None:
    assert to_numbered("%(b)s %(a)s %(b)s", "psycopg").text == "$1 $2 $1"
    assert to_numbered("%(b)s %(a)s %(b)s", "psycopg").names == ("b", "a")
    assert to_numbered("%s %s", "psycopg").names == (None, None)
    assert to_numbered("$(b)p $(a)p $(b)p", "psqlpy").text == "$1 $2 $3"
    assert to_numbered("$(b)p $(a)p $(b)p", "psqlpy").names == ("b", "a", "b")


def test_a_numbered_statement_is_left_alone() -> None:
    assert to_numbered("SELECT $1, '%s', '$(a)p'", "numbered") == Numbered(
        "SELECT $1, '%s', '$(a)p'"
    )


@given(_SQL, st.sampled_from(["psqlpy", "numbered"]))
def test_a_position_leads_back_to_the_same_character(statement: str, style: str) -> None:
    numbered = to_numbered(statement, style)  # type: ignore[arg-type] # one of the styles

    for position, character in enumerate(numbered.text, 1):
        origin = numbered.original_position(position)
        assert 1 <= origin <= len(statement)
        # A placeholder's number is wherever the placeholder begins.
        assert statement[origin - 1] == character or statement[origin - 1] == "$"


def test_a_position_behind_placeholders_leads_back() -> None:
    statement = "SELECT %(one)s, 5 %% %s, nmae".replace("%s", "%(two)s")
    numbered = to_numbered(statement, "psycopg")

    assert numbered.text == "SELECT $1, 5 % $2, nmae"
    for word in ("nmae", "5", "SELECT"):
        position = numbered.text.index(word) + 1
        assert numbered.original_position(position) == statement.index(word) + 1
    assert numbered.original_position(numbered.text.index("$2") + 2) == (
        statement.index("%(two)s") + 1
    )
    assert numbered.original_position(len(numbered.text) + 1) == len(statement) + 1
