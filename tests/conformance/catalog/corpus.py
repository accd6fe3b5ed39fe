"""The corpus: statements in files, and their mutants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent

_NEWEST = 18  # what folder since_18 is for
_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<string>[EeBbXx]?'(?:[^']|'')*' | \$\$.*?\$\$)
    | (?P<parameter>\$\d+)
    | (?P<number>\d+(?:\.\d+)?(?:e\d+)? | \.\d+)
    | (?P<name>(?:[^\W\d]\w*|"(?:[^"]|"")*")(?:\.(?:[^\W\d]\w*|"(?:[^"]|"")*"))*)
    | (?P<mark>::|<=|>=|<>|\|\||->>|->|[-+*/%<>=~!@\#&|?^]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS = frozenset(
    """
    all and any array as asc between by case cast collate conflict constraint cross default delete
    desc distinct do else end escape except exists false fetch filter first following for from full
    group having in inner insert intersect into is join last lateral left like limit materialized
    merge natural not nothing null nulls offset on only or order outer over partition preceding
    range recursive returning right rows select set some symmetric table then true union update
    using values when where window with within
    """.split()  # noqa: SIM905 # a list of words reads better as a text
)
_GROUP_BY = re.compile(r"\sGROUP BY\s.*?(?=\s(?:HAVING|ORDER BY|LIMIT|WINDOW)\s|\)|$)", re.DOTALL)
# Of each kind, what a token is replaced by; "" leaves it out.
_REPLACEMENTS = {
    "string": ("1", "NULL", "'not a value'", ""),
    "parameter": ("$9", "'x'", "1.5", "NULL", ""),
    "number": ("'abc'", "$8", "true", ""),
}
_MARKS = {
    ",": ("", ",,"),
    "(": ("",),
    ")": ("", "))"),
    "=": ("<", "||", "==="),
    "::": ("", ":"),
    "->": ("->>", "+"),
    "->>": ("->",),
    "*": ("", "nope"),
}


def statements(major: int) -> list[str]:
    """Every statement of the corpus that a version knows, in the order of its files."""
    pattern = "**/*.sql" if major >= _NEWEST else "*.sql"
    return [
        statement
        for file in sorted((HERE / "statements").glob(pattern))
        for statement in _statements_in(file)
    ]


def outcomes() -> list[str]:
    """Statements that return or change a known number of rows, or fail for some values."""
    return _statements_in(HERE / "outcomes.sql")


def conditions() -> list[str]:
    """Statements with nested conditions."""
    return _statements_in(HERE / "conditions.sql")


def _statements_in(file: Path) -> list[str]:
    return file.read_text().strip().removesuffix(";").split(";\n")


def mutants(statement: str) -> Iterator[str]:
    """Yield the statement with one token changed, removed or doubled."""
    tokens = [(match[0], match.lastgroup or "") for match in _TOKEN.finditer(statement)]
    for place, (text, kind) in enumerate(tokens):
        for replacement in _replacements(text, kind):
            parts = [part for part, _ in tokens]
            parts[place] = replacement
            yield "".join(parts)
    for match in _GROUP_BY.finditer(statement):
        yield statement[: match.start()] + statement[match.end() :]


def _replacements(text: str, kind: str) -> tuple[str, ...]:
    if kind == "name":
        if text.lower() in _KEYWORDS:
            return "", f"{text}x"
        return _misnamed(text)
    if kind == "mark":
        return _MARKS.get(text, ("",))
    return _REPLACEMENTS.get(kind, ())


def _misnamed(name: str) -> tuple[str, ...]:
    head, dot, last = name.rpartition(".")
    wrong = last[:-1] + '_x"' if last.endswith('"') else f"{last}_x"
    if not dot:
        return wrong, "id", "customers", "name", ""
    # Without its table a column may be ambiguous, or another's.
    return f"{head}.{wrong}", last, f"{head}_x.{last}", f"{head}.id", ""
