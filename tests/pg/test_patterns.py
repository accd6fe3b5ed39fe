"""Patterns with `...`, and how a difference is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.pg import sql
from understudy.pg.sql import Pattern

LETTERS = st.sampled_from(["a", "b", "c"])
TEXTS = st.lists(LETTERS, max_size=8)
PATTERNS = st.lists(st.one_of(LETTERS, st.just("...")), max_size=8)


def slow_match(pattern: list[str], text: list[str]) -> bool:
    """What `...` means, by trying everything."""
    if not pattern:
        return not text
    if pattern[0] == "...":
        return any(slow_match(pattern[1:], text[skip:]) for skip in range(len(text) + 1))
    return bool(text) and pattern[0] == text[0] and slow_match(pattern[1:], text[1:])


@given(PATTERNS, TEXTS)
def test_a_pattern_agrees_with_the_slow_matcher(pattern: list[str], text: list[str]) -> None:
    read = Pattern.parse(" ".join(pattern))
    tokens = sql.tokens(" ".join(text))
    assert read.matches(tokens) == slow_match(pattern, text)
    assert (read.difference(tokens) is None) == read.matches(tokens)
    assert read.exact == ("..." not in pattern)


@given(TEXTS, TEXTS)
def test_only_what_differs_is_marked(one: list[str], other: list[str]) -> None:
    marked = sql.diff(tuple(one), tuple(other))
    assert ("[-" in marked or "{+" in marked) == (one != other)
    assert (sql.similarity(tuple(one), tuple(other)) == 1.0) == (one == other)


@pytest.mark.parametrize(
    ("pattern", "statement", "difference"),
    [
        (
            "SELECT id, name FROM users WHERE id = $1",
            "SELECT id, name FROM users WHERE email = $1",
            "... FROM users WHERE [-id-]{+email+} = $1",
        ),
        ("SELECT 1", "SELECT 1, 2", "SELECT 1 {+, 2+}"),
        ("SELECT 1, 2", "SELECT 1", "SELECT 1 [-, 2-]"),
        (
            "SELECT a, b, c, d, e, f FROM t",
            "SELECT x, b, c, d, e, y FROM t",
            "SELECT [-a-]{+x+}, b, ..., e, [-f-]{+y+} FROM t",
        ),
        ("SELECT ... FROM users", "INSERT INTO users", "does not begin with 'SELECT'"),
        ("SELECT ... FROM users", "SELECT 1 FROM roles", "does not end with 'FROM users'"),
        (
            "SELECT ... FROM users ... LIMIT $1",
            "SELECT 1 FROM roles LIMIT $1",
            "has no 'FROM users' after 'SELECT'",
        ),
        ("... users", "SELECT 1", "does not end with 'users'"),
    ],
)
def test_the_difference(pattern: str, statement: str, difference: str) -> None:
    assert Pattern.parse(pattern).difference(sql.tokens(statement)) == difference
