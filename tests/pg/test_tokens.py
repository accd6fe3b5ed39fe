"""SQL as tokens: what carries meaning and what does not."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from understudy.pg import sql

WORDS = st.sampled_from(
    [
        *["SELECT", "id", "FROM", "users", "WHERE", "=", "$1", "%s", "%(name)s", ":name", "$(x)p"],
        *["'it''s'", "E'a\\'b'", '"Name"', "$$a b$$", "$q$ $$ ; $q$", "::", "text", "1.5e-3"],
        *["(", ")", ",", ".", ";", "->>", "@>", "?", "U&'x'", "[", "]", ":=", "..."],
    ]
)
GAPS = st.sampled_from([" ", "\n", "\t ", " -- a comment\n", "/* a /* nested */ one */", " \r\n"])


@given(st.text())
@example("'never closed")
@example("$tag$ never closed $tg$")
@example("/* never /* closed */")
@example("E'\\")
@example("\x00 ? ; ;")
def test_any_text_has_tokens(text: str) -> None:
    found = sql.tokens(text)
    assert all(isinstance(token, str) and token for token in found)
    letters = re.compile(r"\w")
    assert not letters.search("".join(found)) or letters.search(text)


@given(st.lists(WORDS, min_size=1), st.data())
def test_white_space_and_comments_mean_nothing(words: list[str], data: st.DataObject) -> None:
    gaps = [data.draw(GAPS) for _ in words]
    spaced = "".join(gap + word for gap, word in zip(gaps, words, strict=True)) + data.draw(GAPS)
    assert sql.tokens(spaced) == sql.tokens(" ".join(words))


@given(st.lists(WORDS))
def test_one_line_keeps_the_tokens(words: list[str]) -> None:
    text = " \n".join(words)
    assert "\n" not in sql.one_line(text)
    assert sql.tokens(sql.one_line(text)) == sql.tokens(text)


@given(st.lists(WORDS))
def test_a_final_semicolon_means_nothing(words: list[str]) -> None:
    assert sql.tokens(" ".join([*words, ";"])) == sql.tokens(" ".join(words))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("SELECT 'it''s -- no comment'", ("SELECT", "'it''s -- no comment'")),
        (r"SELECT E'it\'s', e'\\'", ("SELECT", r"E'it\'s'", ",", r"e'\\'")),
        (r"SELECT '\', 1", ("SELECT", r"'\'", ",", "1")),
        ("SELECT U&'d\\0061t', b'01', N'x'", ("SELECT", "U&'d\\0061t'", ",", "b'01'", ",", "N'x'")),
        ('SELECT "a ""b"" c", U&"x"', ("SELECT", '"a ""b"" c"', ",", 'U&"x"')),
        ("SELECT $$it's$$", ("SELECT", "$$it's$$")),
        ("SELECT $a$ $b$ $$ $a$", ("SELECT", "$a$ $b$ $$ $a$")),
        ("SELECT $1, $12", ("SELECT", "$1", ",", "$12")),
        ("SELECT %s, %(id)s, :id, ?", ("SELECT", "%s", ",", "%(id)s", ",", ":id", ",", "?")),
        ("SELECT $(id)p", ("SELECT", "$(id)p")),
        ("SELECT id::text, a:=1", ("SELECT", "id", "::", "text", ",", "a", ":=", "1")),
        ("SELECT a->>'b'", ("SELECT", "a", "->>", "'b'")),
        ("SELECT 5%2", ("SELECT", "5", "%", "2")),
        ("SELECT 1.5e-3, .5, 1_000", ("SELECT", "1.5e-3", ",", ".5", ",", "1_000")),
        ("SELECT a--b\n-c", ("SELECT", "a", "-", "c")),
        ("SELECT a*/**/b", ("SELECT", "a", "*", "b")),
        ("SELECT /* a /* b */ c */ 1", ("SELECT", "1")),
        ("SELECT /* never closed", ("SELECT",)),
        ("SELECT -- to the end", ("SELECT",)),
        ("SELECT 'never closed", ("SELECT", "'", "never", "closed")),
        ("SELECT a FROM b;;", ("SELECT", "a", "FROM", "b")),
        ("SELECT ação, _x$1", ("SELECT", "ação", ",", "_x$1")),
        ("a[1:2]", ("a", "[", "1", ":", "2", "]")),
        ("...", ("...",)),
        ("", ()),
        (" -- nothing\n", ()),
    ],
)
def test_tokens(text: str, tokens: tuple[str, ...]) -> None:
    assert sql.tokens(text) == tokens


def test_letter_case_is_kept() -> None:
    assert sql.tokens("select 'A'") != sql.tokens("SELECT 'A'")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (" SELECT  id,\n  name -- both\n FROM users ;\n", "SELECT id, name FROM users"),
        ("SELECT count( * )", "SELECT count( * )"),
        ("SELECT 'a\n b'", "SELECT 'a\n b'"),
        ("/* hello */SELECT/* */1", "SELECT 1"),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert sql.one_line(text) == line


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        (" SELECT  id,\n  name\t FROM users \n", "SELECT id,\nname FROM users"),
        ("SELECT 'a  b' -- why  so\n FROM x", "SELECT 'a  b' -- why  so\nFROM x"),
        ("SELECT /*  a  /* b */ */  1", "SELECT /*  a  /* b */ */ 1"),
        ("SELECT 'a'\r\n'b'", "SELECT 'a'\n'b'"),
    ],
)
def test_tidy(text: str, tidied: str) -> None:
    assert sql.tidy(text) == tidied


@given(st.lists(WORDS), st.data())
def test_tidy_keeps_the_tokens(words: list[str], data: st.DataObject) -> None:
    text = "".join(word + data.draw(GAPS) for word in words)
    assert sql.tokens(sql.tidy(text)) == sql.tokens(text)
    assert sql.tidy(sql.tidy(text)) == sql.tidy(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id, name FROM users WHERE id = $1 AND name IN ('a', 'b')",
        "INSERT INTO users (id, name) VALUES ($1, $2) RETURNING id",
        "SELECT count(*), max(u.id)::text FROM users AS u WHERE (a OR b) AND NOT (c)",
        'SELECT "count"(1), tags[1] FROM a.b',
        "SELECT a + (b)",
    ],
)
def test_spelt_as_a_person_would(text: str) -> None:
    assert sql.spell(sql.tokens(text)) == text


@pytest.mark.parametrize(
    ("text", "several"),
    [
        ("SELECT 1", False),
        ("SELECT 1;", False),
        ("SELECT ';'", False),
        ("SELECT 1; SELECT 2", True),
    ],
)
def test_several_statements(text: str, several: bool) -> None:
    assert sql.is_several(text) is several
