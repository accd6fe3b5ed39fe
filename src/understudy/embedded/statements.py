"""Where the statements of an SQL text begin.

PostgreSQL names a position for syntax errors and unknown names, but none for what fails as it
runs ("relation already exists"). There the number of statements that were completed leads to the
one that was not.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""
      (?P<space>\s+ | --[^\n]*)
    | (?P<comment>/\*)
    | (?P<word>[eEuU]&?(?=['"]) | [^\W\d][\w$]*)
    | (?P<dollar>\$(?P<tag>(?:[^\W\d]\w*)?)\$)
    | (?P<quote>['"])
    | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def statement_starts(text: str) -> list[int]:
    """The offset of the first character of each statement, empty ones left out."""
    starts: list[int] = []
    offset = depth = body = 0
    inside = False
    word = ""
    while token := _TOKEN.match(text, offset):
        kind = token.lastgroup
        offset = token.end()
        if kind == "space":
            continue
        if kind == "comment":
            offset = _after_comment(text, offset)
            continue
        mark = token["mark"]
        if mark == ";" and depth == 0 and body == 0:
            inside = False
            continue
        if not inside:
            starts.append(token.start())
            inside = True
        if mark in ("(", ")"):
            depth = max(0, depth + (1 if mark == "(" else -1))
        elif token["word"]:
            body = _body_depth(body, word, token["word"].lower())
        elif token["quote"]:
            offset = _after_quote(text, offset, token["quote"], escapes=word == "e")
        elif token["dollar"]:
            end = text.find(token["dollar"], offset)
            offset = len(text) if end < 0 else end + len(token["dollar"])
        word = (token["word"] or "").lower()
    return starts


def _body_depth(body: int, previous: str, word: str) -> int:
    """How many ends are due, where a function's body is BEGIN ATOMIC ...; ...; END."""
    if word == "atomic" and previous == "begin":
        return body + 1
    if body and word == "case":
        return body + 1
    if body and word == "end":
        return body - 1
    return body


def _after_comment(text: str, offset: int) -> int:
    """The end of a block comment, which may hold others."""
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(text, offset)):
        depth += 1 if edge[0] == "/*" else -1
        offset = edge.end()
    return len(text) if depth else offset


def _after_quote(text: str, offset: int, quote: str, *, escapes: bool) -> int:
    """The end of a quoted string or name. A doubled quote simply opens the next one."""
    pattern = rf"(?:\\.|[^\\{quote}])*{quote}" if escapes else f"[^{quote}]*{quote}"
    end = re.compile(pattern, re.DOTALL).match(text, offset)
    return end.end() if end else len(text)
