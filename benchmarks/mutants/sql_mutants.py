"""Mutants of a statement: a token is changed or removed, or an item or clause is removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from benchmarks.mutants.mutant import Mutant
from benchmarks.mutants.sources import Statement
from benchmarks.mutants.tokens import KEYWORDS, Items, Token, lists_of, tokens_of

# (kind, start, end, replacement); start and end are offsets in the statement.
Change = tuple[str, int, int, str]
Tables = Mapping[str, Sequence[str]]

_OTHER_FUNCTION = {
    "coalesce": "concat",
    "count": "max",
    "lower": "length",
    "now": "current_user",
    "strpos": "starts_with",
}
_OTHER_OPERATOR = {
    "=": ("<>", "||"),
    "<>": ("=",),
    ">": ("<",),
    "+": ("-", "||"),
    "*": ("",),
    "::": ("",),
}
_OTHER_KEYWORD = {
    "and": "OR",
    "or": "AND",
    "desc": "ASC",
    "any": "ALL",
    "all": "",
    "distinct": "",
    "recursive": "",
    "join": "LEFT JOIN",
    "not": "",
}


def mutants_of(statement: Statement, tables: Tables) -> Iterator[Mutant]:
    """Yield every mutant of a statement.

    Args:
        statement: the statement in the source.
        tables: the columns of each table of the schema, in order.
    """
    text = statement.text
    tokens = tokens_of(text)
    changes = [
        *(change for place in range(len(tokens)) for change in _of_token(tokens, place, tables)),
        *(change for items in lists_of(tokens) for change in _of_list(tokens, items)),
        *_clauses(tokens),
    ]
    seen = {text}
    for kind, start, end, replacement in changes:
        changed = text[:start] + replacement + text[end:]
        if changed not in seen:
            seen.add(changed)
            place = statement.start
            edit = (place + start, place + end, replacement)
            yield Mutant(statement.method, "SQL", kind, (edit,))
    for kind, one, other in _swaps(tokens):
        place = statement.start
        edits = (
            (place + one.start, place + one.end, other.text),
            (place + other.start, place + other.end, one.text),
        )
        yield Mutant(statement.method, "SQL", kind, edits)


def _of_token(tokens: Sequence[Token], place: int, tables: Tables) -> Iterator[Change]:
    token = tokens[place]
    text = token.text

    def to(kind: str, replacement: str) -> Change:
        return kind, token.start, token.end, replacement

    if text.startswith("$"):
        yield to("another placeholder", f"${int(text[1:]) % _highest(tokens) + 1}")
        yield to("placeholder too many", f"${_highest(tokens) + 1}")
        yield to("placeholder dropped", "")
    elif text == ",":
        yield to("comma dropped", "")
    elif text in "()":
        yield to("bracket dropped", "")
    elif text.startswith("'"):
        yield to("literal changed", f"'{_misspelled(text[1:-1])}'")
        yield to("literal of another type", "0")
    elif text.isdigit():
        yield to("literal changed", str(int(text) + 1))
        yield to("literal of another type", "'x'")
    elif text in _OTHER_OPERATOR:
        for other in _OTHER_OPERATOR[text]:
            yield to("operator changed" if other else "operator dropped", other)
    elif text.lower() in KEYWORDS:
        yield to("keyword misspelled", _misspelled(text))
        if text.lower() in _OTHER_KEYWORD:
            other = _OTHER_KEYWORD[text.lower()]
            yield to("keyword changed" if other else "keyword dropped", other)
    elif token.is_name:
        yield from _of_name(tokens, place, tables)


def _of_name(tokens: Sequence[Token], place: int, tables: Tables) -> Iterator[Change]:
    token = tokens[place]
    before = tokens[place - 1].word if place else ""
    after = tokens[place + 1].text if place + 1 < len(tokens) else ""
    here = [other.text for other in tokens if other.text in tables]
    kind, others = "name", []
    if before == "::":
        kind, others = "type", ["integer"]
    elif after == ".":
        kind, others = "alias", [other for other in _qualifiers(tokens) if other != token.text]
    elif before == "AS":
        kind = "result column"
    elif token.text in tables and before != ".":
        kind, others = "table", [_next(list(tables), token.text)]
    elif after == "(" and token.text.lower() in _OTHER_FUNCTION:
        kind, others = "function", [_OTHER_FUNCTION[token.text.lower()]]
    elif owners := [table for table in here if token.text in tables[table]]:
        kind, others = "column", [_next(tables[owners[0]], token.text)]
    yield f"{kind} misspelled", token.start, token.end, _misspelled(token.text)
    for other in others[:1]:
        yield f"another {kind}", token.start, token.end, other


def _of_list(tokens: Sequence[Token], found: Items) -> Iterator[Change]:
    conditions = found.clause in ("WHERE", "ON")
    kind = f"{'condition' if conditions else 'item'} of {found.clause} dropped"
    items = found.items
    if len(items) == 1 and found.clause in ("ORDER BY", "WHERE", "RETURNING"):
        return  # _clauses drops the whole clause
    for number, (first, after) in enumerate(items):
        start, end = tokens[first].start, tokens[after - 1].end
        if number + 1 < len(items):
            end = tokens[items[number + 1][0]].start  # with the separator after it
        elif number:
            start = tokens[items[number - 1][1]].start  # with the separator before it
        yield kind, start, end, ""
    if found.clause == "ORDER BY":
        for _, after in items:
            if tokens[after - 1].word not in ("ASC", "DESC"):
                end = tokens[after - 1].end
                yield "sorted the other way", end, end, " DESC"


def _clauses(tokens: Sequence[Token]) -> Iterator[Change]:
    """Yield a change for each clause to drop: WHERE, ORDER BY, RETURNING, LIMIT and OFFSET."""
    for found in lists_of(tokens):
        if found.clause in ("WHERE", "ORDER BY", "RETURNING"):
            start, end = tokens[found.begin].start, tokens[found.end - 1].end
            yield f"{found.clause} dropped", start, end, ""
    for place, token in enumerate(tokens):
        if token.word in ("LIMIT", "OFFSET"):
            yield f"{token.word} dropped", token.start, tokens[place + 1].end, ""


def _swaps(tokens: Sequence[Token]) -> Iterator[tuple[str, Token, Token]]:
    placeholders = [token for token in tokens if token.text.startswith("$")]
    for one, other in pairwise(placeholders):
        if one.text != other.text:
            yield "placeholders swapped", one, other


def _highest(tokens: Sequence[Token]) -> int:
    return max(int(token.text[1:]) for token in tokens if token.text.startswith("$"))


def _qualifiers(tokens: Sequence[Token]) -> list[str]:
    """Return the names before a dot in the statement."""
    pairs = pairwise(tokens)
    return list(dict.fromkeys(one.text for one, other in pairs if other.text == "."))


def _next(names: Sequence[str], name: str) -> str:
    return names[(list(names).index(name) + 1) % len(names)]


def _misspelled(word: str) -> str:
    """Swap two neighboring letters, or double the last one if a swap changes nothing."""
    for place in range(min(1, len(word) - 2), len(word) - 1):
        if place >= 0 and word[place] != word[place + 1]:
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return word + (word[-1:] or "x")
