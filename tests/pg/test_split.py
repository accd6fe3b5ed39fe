from __future__ import annotations

import pytest

from understudy.pg.sql import split

FUNCTION = """CREATE FUNCTION f() RETURNS int BEGIN ATOMIC
  SELECT CASE WHEN true THEN 1 END; SELECT 2; END"""


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("", []),
        (" ; -- nothing\n ; /* ; */", []),
        ("SELECT 1", ["SELECT 1"]),
        (" SELECT 1 ", [" SELECT 1 "]),
        ("SELECT 1;", ["SELECT 1"]),
        ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';'; SELECT \";\"", ["SELECT ';'", 'SELECT ";"']),
        ("SELECT $$;$$; SELECT $a$;$$;$a$", ["SELECT $$;$$", "SELECT $a$;$$;$a$"]),
        ("SELECT 1 -- ;\n; /* ; /* ; */ */ SELECT 2", ["SELECT 1", "SELECT 2"]),
        (
            "CREATE RULE r AS DO (SELECT 1; SELECT 2); SELECT 3;;",
            ["CREATE RULE r AS DO (SELECT 1; SELECT 2)", "SELECT 3"],
        ),
        (f"{FUNCTION}; SELECT 3", [FUNCTION, "SELECT 3"]),
        ("BEGIN; SELECT 1; END; SELECT 2", ["BEGIN", "SELECT 1", "END", "SELECT 2"]),
        ("SELECT 1; SELECT 'open; SELECT 2", ["SELECT 1", "SELECT 'open; SELECT 2"]),
        ('SELECT 1; SELECT "open; SELECT 2', ["SELECT 1", 'SELECT "open; SELECT 2']),
        ("SELECT 1; SELECT $a$open; SELECT 2", ["SELECT 1", "SELECT $a$open; SELECT 2"]),
        ("SELECT 1; SELECT (2; SELECT 3", ["SELECT 1", "SELECT (2; SELECT 3"]),
        ("SELECT 1); SELECT 2", ["SELECT 1)", "SELECT 2"]),
        ("SELECT $ ; SELECT 2", ["SELECT $", "SELECT 2"]),
        ("SELECT 1; /* open ; SELECT 2", ["SELECT 1"]),
    ],
)
def test_a_text_is_split_into_its_statements(text: str, statements: list[str]) -> None:
    found = split(text)
    assert [statement for statement, _ in found] == statements
    for statement, start in found:
        assert text[start : start + len(statement)] == statement


def test_what_opens_and_never_closes_takes_no_longer_than_its_length() -> None:
    hostile = "; " + " ".join(f"$a{number}$" for number in range(30_000))
    assert len(split(hostile)) == 1
