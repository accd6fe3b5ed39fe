"""The shape of a statement: its tokens, in which a mark stands for each literal.

It tells which literals a prepared statement may have as parameters. The others are part of the
statement: MySQL names a column after them (`SELECT 1`), or its grammar has no `?` at their place.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from understudy.mysql.sql import Piece, scan
from understudy.pg.sql import Tokens

# They stand for a literal; Unicode assigns nothing to these characters.
STRING, NUMBER, NULL, TRUE, FALSE, PARAMETER = MARKS = "\ue000\ue001\ue002\ue003\ue004\ue005"
_CONSTANTS = {NULL: "NULL", TRUE: "TRUE", FALSE: "FALSE"}
PLACEHOLDER = "?"
_NEEDLESSLY_QUOTED = re.compile(r"`[A-Za-z_]\w*`")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TEMPLATED = _words("SELECT INSERT REPLACE UPDATE DELETE WITH VALUES CALL DO SET")
_NAMES_COLUMNS = frozenset(["SELECT", "WITH", "VALUES"])
# After these a string is a value and a minus is a sign. After any other word the string is an
# alias, or what the grammar demands: SEPARATOR ','.
_BEFORE_VALUE = _words(
    """
    SELECT DISTINCT DISTINCTROW ALL SQL_CALC_FOUND_ROWS SQL_NO_CACHE SQL_CACHE HIGH_PRIORITY
    STRAIGHT_JOIN LIKE RLIKE REGEXP AND OR XOR NOT BETWEEN IN IS WHEN THEN ELSE CASE BY LIMIT
    OFFSET WHERE HAVING ON SET INTERVAL BINARY DIV MOD FROM FOR USING RETURN RETURNING VALUES
    VALUE ROW LEADING TRAILING BOTH DO EXISTS ANY SOME OF
    """
)
_BEFORE_CONSTANT_NUMBER = frozenset(["FIRST", "NEXT", "WAIT"])
_AFTER_CONSTANT = frozenset(["PRECEDING", "FOLLOWING", "COLUMNS"])
_AFTER_LIST = _words("FROM WHERE GROUP HAVING ORDER LIMIT INTO UNION EXCEPT INTERSECT WINDOW FOR")
_ENDS_BY = _words("LIMIT HAVING WINDOW ROWS RANGE SEPARATOR FOR INTO UNION SELECT WITH")
# Their argument is the number of digits of a second: NOW(6).
_CLOCKS = _words(
    """NOW SYSDATE CURTIME CURRENT_TIME CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP UTC_TIME
    UTC_TIMESTAMP"""
)
# INTO OUTFILE ... FIELDS TERMINATED BY ','
_FILE_FORMAT = frozenset(["TERMINATED", "ENCLOSED", "ESCAPED", "STARTING"])
_DATES = frozenset(["DATE", "TIME", "TIMESTAMP"])


class Negative(NamedTuple):
    """A number after a minus that is its sign.

    Attributes:
        literal: the place of the number among the literals.
    """

    literal: int


# A tuple is a list of literals after IN.
Slot: TypeAlias = "int | Negative | tuple[int | Negative, ...]"


class Shape(NamedTuple):
    """What is known of all statements with the same marks.

    Attributes:
        tokens: with `?` for each literal, and one for a list of literals after IN; backquotes
            that change nothing are left out.
        slots: which literals stand at each `?` of the tokens.
        parts: the text, in which `?` stands for the literals that may be parameters; a number is
            the place of a literal that stays.
        is_value: for each slot, whether the text has a `?` for it.
        is_plain: whether every literal is a value, in order.
    """

    tokens: Tokens
    slots: tuple[Slot, ...]
    parts: tuple[str | int, ...]
    is_value: tuple[bool, ...]
    is_plain: bool


@lru_cache(maxsize=4096)
def shape_of(marked: str) -> Shape:
    """Read the text of a statement that has marks instead of literals."""
    return _Reader(list(scan(marked))).read()


class _Level:
    """What is known at one depth of brackets.

    Attributes:
        names_columns: whether an expression here names a column of the result.
        base: the same for a query that begins here.
        function: the word before the bracket.
        start: the numbers of tokens, slots and parts at its beginning.
    """

    def __init__(
        self, *, base: bool, names_columns: bool, function: str = "", start: tuple[int, ...] = ()
    ) -> None:
        self.base = base
        self.names_columns = names_columns
        self.function = function
        self.start = start
        self.is_query = False
        self.is_by = False
        self.is_type = False


class _Reader:
    def __init__(self, pieces: list[Piece]) -> None:
        while pieces and pieces[-1].text == ";":
            pieces.pop()
        self._pieces = pieces
        self._tokens: list[str] = []
        self._slots: list[Slot] = []
        self._is_value: list[bool] = []
        self._parts: list[tuple[str, str | int]] = []
        self._literals = 0
        first = next((piece.word for piece in pieces if piece.text != "("), "")
        self._is_whole = first not in _TEMPLATED
        names_columns = first in _NAMES_COLUMNS
        self._levels = [_Level(base=names_columns, names_columns=first == "VALUES")]

    def read(self) -> Shape:
        for at, piece in enumerate(self._pieces):
            level = self._levels[-1]
            if piece.text in MARKS:
                self._literal(at, piece, level)
                continue
            if piece.kind == "word":
                self._word(piece.word, level)
            if piece.text == ")" and len(self._levels) > 1:
                self._close()
            is_needless = piece.kind == "name" and _NEEDLESSLY_QUOTED.fullmatch(piece.text)
            self._add(piece, piece.text[1:-1] if is_needless else piece.text, piece.text)
            if piece.text == "(":
                self._open(at, level)
        is_plain = all(self._is_value) and self._slots == list(range(self._literals))
        tokens, slots, is_value = tuple(self._tokens), tuple(self._slots), tuple(self._is_value)
        return Shape(tokens, slots, self._joined(), is_value, is_plain)

    def _joined(self) -> tuple[str | int, ...]:
        joined: list[str | int] = []
        text = ""
        for space, part in self._parts:
            text += space
            if isinstance(part, str):
                text += part
            else:
                joined += [text, part]
                text = ""
        first, *rest = [*joined, text]
        return (str(first).lstrip(), *rest)

    def _add(self, piece: Piece, token: str, part: str | int | None = None) -> None:
        self._tokens.append(token)
        self._parts.append((" " * piece.is_spaced, token if part is None else part))

    def _word_at(self, at: int) -> str:
        return self._pieces[at].word if 0 <= at < len(self._pieces) else ""

    def _word(self, word: str, level: _Level) -> None:
        if word == "SELECT":
            level.is_query = True
            level.names_columns = level.base
        elif word in _AFTER_LIST and level.is_query:
            level.names_columns = False
        if word == "BY":
            level.is_by = True
        elif word in _ENDS_BY:
            level.is_by = False

    # Brackets ------------------------------------------------------------------------------------

    def _open(self, at: int, level: _Level) -> None:
        function, before = self._word_at(at - 1), self._word_at(at - 2)
        names_columns = level.names_columns or function == "COLUMNS"
        # At the beginning it is a bracket around a query: (SELECT 1) UNION (SELECT 2).
        base = names_columns or (len(self._levels) == 1 and at == 0 and level.base)
        if function in ("UNION", "ALL", "EXCEPT", "INTERSECT") and len(self._levels) == 1:
            base = level.base
        start = (len(self._tokens), len(self._slots), len(self._parts))
        opened = _Level(base=base, names_columns=names_columns, function=function, start=start)
        opened.is_type = before == "AS" or (before == "," and level.function == "CONVERT")
        self._levels.append(opened)

    def _close(self) -> None:
        level = self._levels.pop()
        tokens, slots, parts = level.start
        found = self._slots[slots:]
        literals = [PLACEHOLDER, ","] * len(found)
        if level.function == "IN" and found and self._tokens[tokens:] == literals[:-1]:
            self._slots[slots:] = [tuple(slot for slot in found if not isinstance(slot, tuple))]
            self._tokens[tokens:] = [PLACEHOLDER]
            if all(self._is_value[slots:]):
                self._parts[parts:] = [(self._parts[parts][0], PLACEHOLDER)]
            self._is_value[slots:] = [all(self._is_value[slots:])]

    # Literals ------------------------------------------------------------------------------------

    def _literal(self, at: int, piece: Piece, level: _Level) -> None:
        mark, index = piece.text, self._literals
        self._literals += 1
        previous = self._word_at(at - 1)
        is_tested = previous == "IS" or (previous == "NOT" and self._word_at(at - 2) == "IS")
        if mark in _CONSTANTS and is_tested:
            self._add(piece, _CONSTANTS[mark])
            return
        slot: Slot = index
        is_value = mark == PARAMETER or not (self._is_whole or self._stays(at, mark, level))
        if mark == STRING and previous in _DATES and is_value:
            self._tokens.pop()
            piece = piece._replace(is_spaced=self._parts.pop()[0] == " ")
        if mark == NUMBER and previous == "-" and not self._is_operand(at - 2):
            slot = Negative(index)
            self._tokens.pop()
            if is_value:
                piece = piece._replace(is_spaced=self._parts.pop()[0] == " ")
        if mark == PARAMETER and previous == "IN":
            self._whole_list(piece, index)
            return
        self._slots.append(slot)
        self._is_value.append(is_value)
        self._add(piece, PLACEHOLDER, None if is_value else index)

    def _whole_list(self, piece: Piece, index: int) -> None:
        """Read `IN %s`, for which a driver writes the brackets."""
        self._slots.append(index)
        self._is_value.append(True)
        self._tokens += ["(", PLACEHOLDER, ")"]
        self._parts.append((" " * piece.is_spaced, f"({PLACEHOLDER})"))

    def _stays(self, at: int, mark: str, level: _Level) -> bool:
        """Return whether the literal is part of the statement."""
        previous, following = self._word_at(at - 1), self._word_at(at + 1)
        if level.names_columns or level.is_type or level.function in _CLOCKS:
            return True
        if previous in ("->", "->>") or self._word_at(at - 2) in _FILE_FORMAT:
            return True
        if following in _AFTER_CONSTANT or previous in _BEFORE_CONSTANT_NUMBER:
            return True
        if mark == STRING:
            return self._is_operand(at - 1) and previous not in _DATES
        return mark == NUMBER and level.is_by and previous in ("BY", ",")

    def _is_operand(self, at: int) -> bool:
        """Return whether the piece ends an expression, so that an operator follows."""
        if at < 0:
            return False
        piece = self._pieces[at]
        if piece.kind == "symbol":
            return piece.text == ")" or piece.text in MARKS
        return piece.kind != "word" or piece.word not in _BEFORE_VALUE
