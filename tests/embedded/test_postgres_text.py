"""Finding statements in a text, and showing a place in it."""

from __future__ import annotations

import pytest

from understudy.pg import sql
from understudy.script.excerpt import line_and_column, line_with_caret


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("", 0),
        ("  -- only; a comment\n /* and; /* nested; */ one */ ;;", 0),
        ("SELECT 1", 1),
        ("SELECT 1; SELECT 2;", 2),
        ("SELECT ';'; SELECT 'it''s;'; SELECT \"a;b\"", 3),
        (r"SELECT E'\';'; SELECT '\'; SELECT 3", 3),
        ("SELECT $$;$$; SELECT $a$ $$;$b$ $a$; SELECT a$b$c FROM t", 3),
        ("SELECT $1; SELECT 2", 2),
        ("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3", 2),
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC "
            "SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3",
            2,
        ),
        ("BEGIN; SELECT 1; END; SELECT 2", 4),
        ("SELECT 'never ended; SELECT 2", 1),
        ("SELECT $$ never ended; SELECT 2", 1),
        ("SELECT 1 /* never ended; SELECT 2", 1),
        ("SELECT 1); SELECT 2", 2),
        ("SELECT U&'a;' ; SELECT 2", 2),
    ],
)
def test_statements_begin(text: str, statements: int) -> None:
    starts = sql.starts(text)
    assert len(starts) == statements
    assert all(text[start:].startswith(("SELECT", "CREATE", "BEGIN", "END")) for start in starts)


@pytest.mark.parametrize(
    ("offset", "place"), [(0, (1, 1)), (2, (1, 3)), (3, (2, 1)), (4, (3, 1)), (6, (3, 3))]
)
def test_a_place_is_counted_from_one(offset: int, place: tuple[int, int]) -> None:
    assert line_and_column("ab\n\ncde", offset) == place


@pytest.mark.parametrize(
    ("text", "offset", "shown"),
    [
        ("ab\ncde\nf", 5, ["cde", "  ^"]),
        ("ab\r\ncd", 1, ["ab", " ^"]),
        ("\tx y", 3, ["\tx y", "\t  ^"]),
        ("日本 x", 3, ["日本 x", "     ^"]),
        ("e\u0301 x", 3, ["e\u0301 x", "  ^"]),
        ("abc", 3, ["abc", "   ^"]),
        ("a" * 150 + "!" + "b" * 150, 150, ["…" + "a" * 50 + "!" + "b" * 49 + "…", " " * 51 + "^"]),
        ("!" + "b" * 150, 0, ["!" + "b" * 99 + "…", "^"]),
        ("b" * 150 + "!", 150, ["…" + "b" * 99 + "!", " " * 100 + "^"]),
    ],
)
def test_a_caret_stands_under_the_place(text: str, offset: int, shown: list[str]) -> None:
    assert line_with_caret(text, offset) == shown
