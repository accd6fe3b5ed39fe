"""Mutants of SQL: is the verdict of the catalog the server's?

    python -m tests.mysql_catalog.mutants 1500

The server runs each mutant on the rows of `shop`, in a transaction that is rolled back. The catalog
sees its text, and a script that agrees with the server: the rows that it has returned, or how many
it has changed; one if it has failed. Errors that depend on the rows that are there (a duplicate
key, a foreign key), or on a value that the statement computes, are no verdict on it.
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pymysql

from tests.mysql_catalog.shop import ROWS, SCHEMA, STATEMENTS
from tests.mysql_places import new_database, own_server
from understudy.catalog.errors import ParametersRefused
from understudy.catalog.levels import Levels
from understudy.catalog.run_catalog import Catalog
from understudy.mysql import sql
from understudy.mysql_catalog.checks import MysqlChecker
from understudy.mysql_catalog.describer import MysqlDescriber
from understudy.mysql_server.address import Address
from understudy.mysql_server.admin import Admin
from understudy.script.answers import Rows
from understudy.script.expectations import opened
from understudy.script.failures import Failure
from understudy.script.mysql_calls import MysqlCall
from understudy.script.mysql_rules import Affected

_OF_ROWS = (1062, 1451, 1452, 1213, 1205, 1690, 1969, 1242)
_FUNCTION = re.compile(
    r"\b(COUNT|SUM|AVG|MAX|NOW|CURDATE|COALESCE|UPPER|DATE_FORMAT|row_number|json_value) \("
)
_TRUNCATED = 1292
# Columns that are compared as they are, with a text.
_TEXTS = ("slug", "title", "email", "name", "sku", "state", "token", "label", "actor", "method")
# The columns of the CHECK constraints.
_CHECKED = {"CONSTRAINT `adult`": "Column `age`", "CONSTRAINT `CONSTRAINT_1`": "Column `stars`"}
_ONE = Affected(tag="1")
_OF_VALUES = (1048, 1264, 1265, 1292, 1366, 1406, 4025)
_CAST = re.compile(r"[Tt]runcated incorrect \w+ value: '(.*)'\Z", re.DOTALL)
_COLUMN = re.compile(r"(?:for column|Column) (?:`[^`]*`\.)*['`]([^'`]+)['`]")
_VALUES = (
    *("NULL", "'abc'", "''", "99999999999", "-1", "0", "1.5", "TRUE", "'12abc'", "'7'", "70000"),
    *(f"'{'x' * 61}'", "'not-a-date'", "'2024-13-40'", "'2024-02-30 10:00:00'", "'900:00:00'"),
    *("'{bad'", "'unknown'", "'1e5'", "12345678.9", "'2024-05-06'"),
)
_KEYWORDS: tuple[str, ...] = (
    "SELECT",
    "FROM",
    "WHERE",
    "JOIN",
    "ON",
    "AND",
    "ORDER",
    "BY",
    "GROUP",
    "LIMIT",
    "AS",
)
_KEYWORDS += ("VALUES", "SET", "INTO", "IN", "BETWEEN", "HAVING", "UNION", "DISTINCT")
_OPERATORS = ("=", "<", ">", "<=", "<>", "+", "LIKE", "==", "IN", "=>")


class Verdict(NamedTuple):
    """What is said of a mutant.

    Attributes:
        kind: "accepted", "refused" or "cast".
        reason: why.
    """

    kind: str
    reason: str = ""


def mutant(statement: str, columns: Sequence[str], random: random.Random) -> str:
    """Return a statement with one change."""
    pieces = list(sql.pieces(statement))
    at = random.randrange(len(pieces))
    texts = [piece.text for piece in pieces]
    literals = [n for n, piece in enumerate(pieces) if piece.kind in ("text", "number")]
    names = [
        n
        for n, piece in enumerate(pieces)
        if piece.kind == "word" and piece.text == piece.text.lower()
    ]
    kind = random.randrange(10)
    if kind <= 2 and literals:
        texts[random.choice(literals)] = random.choice(_VALUES)
    elif kind <= 4 and names:
        texts[random.choice(names)] = random.choice(columns)
    elif kind == 5 and names:
        name = random.choice(names)
        texts[name] = _misspelled(texts[name], random)
    elif kind == 6:
        del texts[at]
    elif kind == 7:
        other = random.randrange(len(texts))
        texts[at], texts[other] = texts[other], texts[at]
    elif kind == 8:
        texts[at] = random.choice((*_KEYWORDS, *_OPERATORS, texts[at] + texts[at]))
    else:
        texts = _without_item(texts, random)
    # MySQL takes a name for a function of its own only if the bracket follows at once.
    return _FUNCTION.sub(r"\1(", " ".join(texts))


def _misspelled(name: str, random: random.Random) -> str:
    at = random.randrange(len(name))
    return random.choice((name[:at] + name[at + 1 :], name[:at] + "x" + name[at:], name.upper()))


def _without_item(texts: list[str], random: random.Random) -> list[str]:
    """Remove an item of a list: from an INSERT with or without its value."""
    commas = [n for n, text in enumerate(texts) if text == ","]
    if not commas:
        return texts[:-1]
    comma = random.choice(commas)
    if texts[0] == "INSERT" and "VALUES" in texts and random.random() < 0.7:
        end, values = texts.index(")") if ")" in texts else 0, texts.index("VALUES")
        columns, row = texts[texts.index("(") + 1 : end], texts[values + 2 : -1]
        is_flat = "(" not in row and columns.count(",") == row.count(",") and end < values
        if is_flat and columns:
            item = random.randrange(0, len(columns), 2)
            kept = [n for n in range(len(columns)) if n not in (item, item + 1)]
            if item == len(columns) - 1:
                kept = kept[:-1]
            head = [columns[n] for n in kept]
            tail = [row[n] for n in kept]
            return [*texts[: texts.index("(") + 1], *head, ")", "VALUES", "(", *tail, ")"]
    return texts[:comma] + texts[comma + 2 :]


class Judges:
    """The server and the catalog."""

    def __init__(self, address: Address) -> None:
        self.database = address.database
        self._address = address
        self._connection = self.connect()
        cursor = self._connection.cursor()
        for statement in sql.script_statements(SCHEMA + ROWS):
            cursor.execute(statement.text)
        cursor.execute("SET SESSION max_statement_time = 2, innodb_lock_wait_timeout = 2")
        describer = MysqlDescriber(self.connect)
        self.catalog = Catalog(None, str, lambda: describer)
        self.checker = MysqlChecker(self.catalog, Levels())
        schema = describer.schema
        self.columns = sorted(
            {column.name for table in schema.tables.values() for column in table.columns.values()}
            | set(schema.tables)
        )

    def connect(self) -> pymysql.Connection[Any]:
        """Open a connection with the server's own settings."""
        return Admin(self._address, server_settings=True).connection

    def close(self) -> None:
        """Close both connections."""
        self._connection.close()
        self.catalog.close()

    def server(self, statement: str) -> tuple[Verdict, Rows | None]:
        """Return the server's verdict, and its answer; None if that depends on the rows."""
        cursor = self._connection.cursor()
        self._connection.begin()
        try:
            count = cursor.execute(statement)
            answer: Rows = Affected(tag=str(count))
            if cursor.description is not None:
                columns = tuple(column[0] for column in cursor.description)
                answer = Rows(tuple(cursor.fetchall()), columns=columns)
            for _, code, text in self._connection.show_warnings():
                if code == _TRUNCATED and _is_cast(statement, text):
                    return Verdict("cast", text), answer
            return Verdict("accepted"), answer
        except pymysql.MySQLError as error:
            code, text = error.args[0], str(error.args[1])
            if code in _OF_ROWS or _is_computed(statement, code, text):
                return Verdict("accepted", f"{code} {text}"), None
            if code == _TRUNCATED and _is_cast(statement, text):
                return Verdict("cast", text), _ONE
            return Verdict("refused", f"{code} {text}"), _ONE
        finally:
            self._connection.rollback()

    def says(self, statement: str, answer: Rows | None) -> Verdict:
        """Return the catalog's verdict."""
        call = MysqlCall(statement)
        try:
            with opened():
                self._check(call, answer)
        except ParametersRefused as failure:
            is_cast = "without an error" in str(failure)
            return Verdict("cast" if is_cast else "refused", str(failure))
        except Failure as failure:
            return Verdict("refused", str(failure))
        return Verdict("accepted")

    def _check(self, call: MysqlCall, answer: Rows | None) -> None:
        description = self.checker.describe(call)
        if description is not None:
            if answer is not None:
                self.checker.check_answer(call, description, answer)
            self.checker.check_success(call, description, answer)


def _is_cast(statement: str, message: str) -> bool:
    """Return whether a literal of the statement is compared as another value.

    A value of a row, or of a computation, is none.
    """
    found = _CAST.search(message)
    if found is None:
        return False
    text = rf"'{re.escape(found[1])}'(?: [,)]| AND| OR|\Z)"
    listed = rf"IN \([^)]*{text}"
    compared = rf"(?:=|<|>|<>|>=|<=|BETWEEN|BETWEEN \S+ AND) {text}"
    column = r"(?:WHERE|AND|OR|ON) (?:[a-z]+ \. )?([a-z_]+)"
    place = re.search(rf"{column} (?:{listed}|{compared})", statement)
    return place is not None and (place[1] not in _TEXTS or " IN " in place[0])


def _is_computed(statement: str, code: int, message: str) -> bool:
    """Return whether an error is about a value that a statement computes, or that a row has."""
    if code == _TRUNCATED and _CAST.search(message):
        return not _is_cast(statement, message)
    column = _COLUMN.search(_CHECKED.get(message.partition(" failed")[0], message))
    if code not in _OF_VALUES or column is None or "SELECT" in statement:
        return code in _OF_VALUES and "SELECT" in statement
    assigned = re.search(rf"\b{column[1]} = (-? ?[^' ]+|'[^']*')(?: ,| WHERE|\Z)", statement)
    return " SET " in statement and assigned is None


class Outcome(NamedTuple):
    """A mutant, and both verdicts on it."""

    statement: str
    server: Verdict
    catalog: Verdict

    @property
    def has_number(self) -> bool:
        """Whether both refuse it with an error of the same number."""
        number = self.server.reason.partition(" ")[0]
        return (
            self.is_equal and self.server.kind == "refused" and f"({number} " in self.catalog.reason
        )

    @property
    def is_equal(self) -> bool:
        """Whether both say the same.

        A server does not warn of a comparison for which it reads no row.
        """
        kinds = self.server.kind, self.catalog.kind
        return kinds[0] == kinds[1] or kinds == ("accepted", "cast")


def outcomes(judges: Judges, count: int, seed: int = 1) -> Iterator[Outcome]:
    """Yield what both say of so many different mutants."""
    chooser = random.Random(seed)
    seen: set[str] = set(STATEMENTS)
    while count:
        statement = mutant(chooser.choice(STATEMENTS), judges.columns, chooser)
        if statement in seen or not sql.pieces(statement):
            continue
        seen.add(statement)
        verdict, rows = judges.server(statement)
        yield Outcome(statement, verdict, judges.says(statement, rows))
        count -= 1


def main(count: int, seed: int) -> int:
    """Compare the verdicts, and print the figures and each difference."""
    with own_server() as server, new_database(server.address, "mutants") as address:
        judges = Judges(address)
        found = list(outcomes(judges, count, seed))
        judges.close()
    for outcome in found:
        if not outcome.is_equal:
            print(f"{outcome.statement}\n  server:  {outcome.server}\n  catalog: {outcome.catalog}")  # noqa: T201 # a script
    kinds = Counter(outcome.server.kind for outcome in found)
    equal = sum(outcome.is_equal for outcome in found)
    numbers = sum(outcome.has_number for outcome in found)
    figures = f"by the server: {dict(kinds)}; equal verdicts: {equal}, {numbers} with its number"
    print(f"{len(found)} mutants, {figures}")  # noqa: T201 # a script
    return 0 if equal == len(found) else 1


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*given, *(1500, 1)[len(given) :]))
