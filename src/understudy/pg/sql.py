"""SQL as a sequence of tokens: what two spellings of one statement have in common.

White space, comments and a final semicolon carry no meaning between tokens, so a scripted
statement is compared with the executed one token by token. Letter case is kept: it matters
inside literals and quoted names, and a test that spells a keyword differently from the code is
better told so than silently matched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

ELLIPSIS = "..."

# The lexical rules are PostgreSQL's (manual, section 4.1): nested comments are handled apart,
# since no regular expression can count them, and so are the ends of $tag$...$tag$: looking for each
# of many that are not closed would take quadratic time.
_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\n\r\f\v]+) | (?P<line>--[^\r\n]*)
    | (?P<comment>/\*)
    | (?P<literal>
          [eE]'(?:[^'\\]++|''|\\.)*+'           # E'...' knows backslash escapes
        | (?:[bBxXnN]|[uU]&)?'(?:[^']++|'')*+'  # '...'
        | (?:[uU]&)?"(?:[^"]++|"")*+"           # "name"
      )
    | (?P<dollar>\$(?:[^\W\d]\w*)?\$)        # the beginning of $tag$...$tag$
    | (?P<ellipsis>\.\.\.)
    | (?P<word>
          \$\d+ | \$\(\w+\)p | %\(\w+\)s | %s | :[^\W\d]\w*  # a parameter, as drivers spell it
        | [^\W\d][\w$]*
        | \d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)? | \.\d+
      )
    | (?P<operator>::|:=|(?:(?!--|/\*)[+\-*/<>=~!@\#%^&|`?])+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_TAG = re.compile(r"(?=(\$(?:[^\W\d]\w*)?\$))")
_BETWEEN = frozenset(["space", "line", "comment"])
# What opens a literal; the lexer returns it alone only if nothing closes the literal.
_OPENING = frozenset(["'", '"', "$"])
_UNCLOSED = re.compile(r"""['"]|\$(?:[^\W\d]\w*)?\$""")
_NEEDLESSLY_QUOTED = re.compile(r'"[a-z_][a-z0-9_]*"')
_NO_SPACE_BEFORE = frozenset([",", ")", "[", "]", ".", ";", "::", "("])
_NO_SPACE_AFTER = frozenset(["(", "[", ".", "::"])
# Words after which an opening bracket follows a space: not a function's name.
_SPACED_WORDS = re.compile(
    "ALL|AND|ANY|AS|BY|EXISTS|FILTER|FROM|IN|INTO|NOT|ON|OR|OVER|SELECT|USING|VALUES|WHERE", re.I
)
Tokens = tuple[str, ...]


@lru_cache(maxsize=4096)
def tokens(statement: str) -> Tokens:
    """Split `statement` into its tokens, without white space, comments and the final semicolon.

    Never fails: invalid SQL (an unclosed quote) becomes tokens too, so that a broken
    statement can be compared and reported like any other.
    """
    return tuple(token for token, _ in _lex(statement))


@lru_cache(maxsize=4096)
def comparable(statement: str) -> Tokens:
    """Return the tokens of `statement` as rules compare them.

    Drivers write a COPY themselves, and quote every name in it: quotes that change nothing are
    left out there.
    """
    found = tokens(statement)
    if found[:1] not in (("COPY",), ("copy",)):
        return found
    return tuple(token[1:-1] if _NEEDLESSLY_QUOTED.fullmatch(token) else token for token in found)


@lru_cache(maxsize=4096)
def one_line(statement: str) -> str:
    """Return `statement` as it was written, but on one line and without comments."""
    return "".join(f" {token}" if spaced else token for token, spaced in _lex(statement)).strip()


def _lex(statement: str) -> list[tuple[str, bool]]:
    """Return each token of `statement`, and whether anything stood between it and the last."""
    found: list[tuple[str, bool]] = []
    spaced = False
    for kind, start, end in _scan(statement):
        if kind in _BETWEEN:
            spaced = True
        else:
            found.append((statement[start:end], spaced))
            spaced = False
    while found and found[-1][0] == ";":
        found.pop()
    return found


def first_tokens(statement: str) -> Iterator[str]:
    """Yield the tokens one by one: of a megabyte of SQL most callers need the first ones alone."""
    return (statement[start:end] for kind, start, end in _scan(statement) if kind not in _BETWEEN)


def _scan(statement: str, position: int = 0) -> Iterator[tuple[str, int, int]]:
    """Yield every piece of `statement`: its kind, a group of `_TOKEN`, its start and its end."""
    last: dict[str, int] | None = None
    while match := _TOKEN.match(statement, position):
        position = match.end()
        kind = match.lastgroup or ""
        if kind == "comment":
            position = _end_of_comment(statement, position)
        elif kind == "dollar":
            tag = match[0]
            end = -1
            if last is None or last.get(tag, -1) >= position:
                end = statement.find(tag, position)
            if end >= 0:
                kind, position = "literal", end + len(tag)
            else:
                last = _last_tags(statement) if last is None else last
                kind, position = "other", match.start() + 1
        yield kind, match.start(), position


def _last_tags(statement: str) -> dict[str, int]:
    """Return every `$tag$` and the last position at which it stands."""
    return {match[1]: match.start() for match in _TAG.finditer(statement)}


def _end_of_comment(statement: str, position: int) -> int:
    """Return the position after the comment that was opened before `position`."""
    depth = 1
    while depth and (mark := _COMMENT_EDGE.search(statement, position)):
        depth += 1 if mark[0] == "/*" else -1
        position = mark.end()
    return len(statement) if depth else position


@lru_cache(maxsize=4096)
def tidy(statement: str) -> str:
    """Return `statement` with every run of white space as one space or one line break.

    Literals, quoted names and comments are kept as they are. A run with a line break keeps one: it
    ends a comment and continues a string literal (manual, 4.1.2.1), so that what is returned means
    to PostgreSQL what `statement` means.
    """
    parts: list[str] = []
    for kind, start, end in _scan(statement):
        text = statement[start:end]
        if kind == "space":
            text = "\n" if "\n" in text or "\r" in text else " "
        parts.append(text)
    return "".join(parts).strip(" \n")


def is_several(statement: str) -> bool:
    """Return whether there is more than one statement in `statement`."""
    return ";" in tokens(statement)


class Piece(NamedTuple):
    """A token, and where it begins."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset after it."""
        return self.start + len(self.text)


def pieces(statement: str) -> list[Piece]:
    """Return the tokens of `statement` with their places, semicolons among them."""
    return list(pieces_from(statement, 0))


def pieces_from(statement: str, position: int) -> Iterator[Piece]:
    """Yield the tokens from a position, which must not be inside of a token."""
    for kind, start, end in _scan(statement, position):
        if kind in _BETWEEN:
            continue
        text = statement[start:end]
        if text in _OPENING and _UNCLOSED.match(statement, start):
            yield Piece(statement[start:], start)
            return
        yield Piece(text, start)


class StatementEnds:
    """Finds the semicolons that end a statement; one in brackets or a body of SQL does not."""

    def __init__(self) -> None:
        self._brackets = self._bodies = 0
        self._previous = ""

    def is_end(self, token: str) -> bool:
        """Return whether a token, given in order, ends the statement."""
        word = token.upper()
        if word == ";" and not self._brackets and not self._bodies:
            self._previous = ""
            return True
        self._brackets = max(0, self._brackets + (word == "(") - (word == ")"))
        if (word == "ATOMIC" and self._previous == "BEGIN") or (self._bodies and word == "CASE"):
            self._bodies += 1
        elif self._bodies and word == "END":
            self._bodies -= 1
        self._previous = word
        return False


def split(statement: str) -> list[Piece]:
    """Return the statements that are joined by semicolons, each as it was written, and its place.

    Semicolons in brackets, and in a body of `BEGIN ATOMIC ... END`, join nothing. What is empty is
    left out.
    """
    if ";" not in statement:
        return [Piece(statement, 0)] if tokens(statement) else []
    return [Piece(statement[start:end], start) for start, end in _spans(statement)]


def starts(statement: str) -> list[int]:
    """Return the offset of the first token of each statement; see `split`."""
    return [start for start, _ in _spans(statement)]


def _spans(statement: str) -> Iterator[tuple[int, int]]:
    start: int | None = None
    end = 0
    ends = StatementEnds()
    for text, place in pieces(statement):
        if not ends.is_end(text):
            start = place if start is None else start
            end = place + len(text)
        elif start is not None:
            yield start, end
            start = None
    if start is not None:
        yield start, end


def spell(parts: Tokens | list[str]) -> str:
    """Join tokens as a person would write them."""
    text = ""
    previous = before = ""
    for part in parts:
        glued = (
            not text
            or previous in _NO_SPACE_AFTER
            or (part in _NO_SPACE_BEFORE and not (part == "(" and _wants_space(before, previous)))
        )
        text += part if glued else f" {part}"
        before, previous = previous, part
    return text


@lru_cache(maxsize=4096)
def spelled(statement: str) -> str:
    """Return a statement in one layout, without comments: the name of what it says."""
    return spell(tokens(statement))


def _wants_space(before: str, previous: str) -> bool:
    if before.upper() == "INTO":  # INSERT INTO users (...): no function either
        return True
    return _SPACED_WORDS.fullmatch(previous) is not None or not (
        previous[-1:].isalnum() or previous[-1:] == '"'
    )


class Pattern(NamedTuple):
    """A scripted statement: runs of tokens, with anything allowed between two runs.

    `("SELECT", "1")` alone is an exact statement; every `...` of the text opens a new run.
    """

    runs: tuple[Tokens, ...]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read a statement in which `...` stands for any tokens, none included."""
        runs: list[list[str]] = [[]]
        for token in comparable(text):
            if token == ELLIPSIS:
                runs.append([])
            else:
                runs[-1].append(token)
        return cls(tuple(tuple(run) for run in runs))

    @property
    def exact(self) -> bool:
        """Whether the pattern has no wildcard."""
        return len(self.runs) == 1

    def matches(self, statement: Tokens) -> bool:
        """Return whether `statement` is one that this pattern stands for."""
        return self._first_missing(statement) is None

    def difference(self, statement: Tokens) -> str | None:
        """Describe, for a message, where `statement` departs from the pattern; None if nowhere."""
        if self.exact:
            return None if statement == self.runs[0] else diff(self.runs[0], statement)
        missing = self._first_missing(statement)
        return None if missing is None else self.lacks(missing)

    def lacks(self, missing: int) -> str:
        """Describe, for a message, that a statement lacks the run with this number."""
        run = spell(self.runs[missing])
        if missing == 0:
            return f"does not begin with {run!r}"
        if missing == len(self.runs) - 1:
            return f"does not end with {run!r}"
        return f"has no {run!r} after {spell(self.runs[missing - 1])!r}"

    def _first_missing(self, statement: Tokens) -> int | None:
        """Return the number of the first run that `statement` lacks, None if it has them all.

        Taking each run at its earliest place is enough: it leaves the most room to the others.
        """
        first, *rest = self.runs
        if self.exact:
            return None if statement == first else 0
        if statement[: len(first)] != first:
            return 0
        start = len(first)
        for number, run in enumerate(rest[:-1], 1):
            found = _find(statement, run, start)
            if found is None:
                return number
            start = found + len(run)
        last = rest[-1]
        if len(statement) - len(last) < start or statement[len(statement) - len(last) :] != last:
            return len(rest)
        return None


def _find(statement: Tokens, run: Tokens, start: int) -> int | None:
    for position in range(start, len(statement) - len(run) + 1):
        if statement[position : position + len(run)] == run:
            return position
    return None


def similarity(one: Tokens, other: Tokens) -> float:
    """Return how alike two statements are, from 0.0 (nothing) to 1.0 (equal)."""
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def diff(expected: Tokens, actual: Tokens, context: int = 3) -> str:
    """Mark what differs as `[-expected-]{+actual+}`, with `context` tokens around it."""
    pieces: list[str] = []
    matcher = SequenceMatcher(None, expected, actual, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            at_end = i2 == len(expected) and j2 == len(actual)
            pieces.extend(_shortened(expected[i1:i2], i1 == j1 == 0, at_end, context))
            continue
        removed = f"[-{spell(expected[i1:i2])}-]" if i2 > i1 else ""
        added = f"{{+{spell(actual[j1:j2])}+}}" if j2 > j1 else ""
        pieces.append(removed + added)
    return spell(pieces)


def _shortened(same: Tokens, at_start: bool, at_end: bool, context: int) -> list[str]:
    head = [] if at_start else list(same[:context])
    tail = [] if at_end else list(same[-context:])
    if len(head) + len(tail) >= len(same) - 1:
        return list(same)
    return [*head, ELLIPSIS, *tail]
