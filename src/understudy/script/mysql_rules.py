"""Rules for statements of MySQL: a placeholder stands for one literal of the text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Self, TypeAlias

from understudy.mysql import sql
from understudy.mysql.shapes import PLACEHOLDER
from understudy.mysql.templates import Parameter, Template, spelled, template
from understudy.pg.sql import ELLIPSIS, Pattern, Tokens, diff
from understudy.script import answers
from understudy.script.calls import Call
from understudy.script.failures import ScriptError
from understudy.script.formatting import counted, typed
from understudy.script.mysql_calls import MysqlCall
from understudy.script.parameter_matching import Given
from understudy.script.statement_rules import StatementRule

# The literals of a statement.
_Literals: TypeAlias = Sequence[Any]
# What a rule wants of them, for each run of its pattern: values and placeholders.
_Wanted: TypeAlias = Sequence[_Literals]


@dataclass(slots=True)
class Affected(answers.Rows):
    """An answer without rows: how many rows a statement has changed.

    Attributes:
        last_insert_id: the AUTO_INCREMENT value of the first row that was inserted.
    """

    last_insert_id: int = 0


class MysqlRule(StatementRule):
    """A rule for statements of MySQL.

    Drivers paste values into the text. `%s`, `?` and `%(name)s` of the rule each stand for a
    literal, and are compared with the expected parameters in order or by name. Any other literal of
    the rule must be equal. In a rule without placeholders the parameters are all values of the
    statement.
    """

    @staticmethod
    def _one_line(statement: str) -> str:
        return sql.readable(statement)

    def _pattern(self, statement: str) -> Pattern:
        read = template(statement)
        runs: list[list[str]] = [[]]
        for token in read.tokens:
            if token == ELLIPSIS:
                runs.append([])
            else:
                # The code under test doubles a percent sign for its driver.
                runs[-1].append("%" if token == "%%" else token)
        # The literals of each run. A rule for an INSERT of several rows may be written with one.
        self._rows = [_by_runs(literals, runs) for literals in _rows_of(read)]
        literals = [literal for row in _rows_of(read) for literal in row]
        placeholders = list(_placeholders(literals))
        self._has_names = any(placeholder.name for placeholder in placeholders)
        self._count = len(placeholders)
        are_all = all(isinstance(literal, Parameter) for literal in literals)
        self._is_plain = len(runs) == 1 and are_all and not self._has_names
        self._check_count()
        return Pattern(tuple(map(tuple, runs)))

    def _check_count(self) -> None:
        expected = self.parameters.expected
        if not expected or not self._count or any(map(_is_row, expected)):
            return
        if self._count != len(expected):
            raise ScriptError(
                f"{self.shown}: the statement has {counted(self._count, 'placeholder')}, and "
                f"{counted(len(expected), 'parameter')} given"
            )

    # Answers -------------------------------------------------------------------------------------

    def affected(self, rows: int, *, last_insert_id: int = 0) -> Self:
        """Answer without rows.

        Args:
            rows: how many rows the statement has changed.
            last_insert_id: the AUTO_INCREMENT value of the first row that it inserted.

        Raises:
            ScriptError: a number is not a whole one from 0.
        """
        for name, number in (("rows", rows), ("last_insert_id", last_insert_id)):
            if type(number) is not int or number < 0:
                raise ScriptError(
                    f"affected() takes {name} as a whole number from 0, got {typed(number)}"
                )
        return self._add(Affected(tag=str(rows), last_insert_id=last_insert_id))

    def tag(self, tag: str) -> Self:
        """Refuse: MySQL has no command tags."""
        raise ScriptError(
            f"tag({tag!r}): MySQL has no command tags; write .affected(1), "
            "or .affected(1, last_insert_id=7)"
        )

    def _drop(self, drop: answers.Drop) -> Self:
        return self._add(drop)

    # Comparison ----------------------------------------------------------------------------------

    def matches_parameters(self, call: Call) -> bool:
        """Return whether the literals of a call are those of the rule and of its parameters.

        Raises:
            PredicateFailed: a predicate raised.
        """
        found = self._given(call)
        return found is not None and self.parameters.match(found)

    def _given(self, call: Call) -> list[Any] | Mapping[str, Any] | None:
        """Return what stands at the rule's placeholders; None if other literals differ.

        Without placeholders it is all values of the call.
        """
        assert isinstance(call, MysqlCall), "a server of MySQL makes these"
        read = call.template
        if self.regex is not None:
            return _list(call.parameters)
        pairs = self._pairs(read)
        found = [self._captured(read.tokens, row, wanted) for row, wanted in pairs]
        captured = [row for row in found if row is not None]
        if not pairs or len(captured) < len(found):
            return None
        if not self._count:
            return _list(call.parameters)
        if len(self._rows) > 1 and not any(map(_is_row, self.parameters.expected)):
            return [value for row in captured for value in row]
        if read.is_bulk or self._is_one_row(read):
            return list(captured)
        return captured[0]

    def _pairs(self, read: Template) -> list[tuple[_Literals, _Wanted]]:
        """Return each row of a call with what the rule wants; nothing if it wants more or fewer."""
        rows = _rows_of(read)
        if len(self._rows) == 1:
            return [(row, self._rows[0]) for row in rows]
        return list(zip(rows, self._rows, strict=True)) if len(rows) == len(self._rows) else []

    def _is_one_row(self, read: Template) -> bool:
        """Return whether the rule expects rows, and the call is an INSERT of one.

        `executemany` with one row sends the same as `execute`.
        """
        expected = self.parameters.expected
        is_insert = read.tokens[:1] and read.tokens[0].upper() in ("INSERT", "REPLACE")
        is_row = len(expected) == 1 and isinstance(expected[0], list | tuple)
        return bool(is_insert) and is_row

    def _captured(
        self, tokens: Tokens, literals: _Literals, wanted: _Wanted
    ) -> list[Any] | dict[str, Any] | None:
        """Return the values at the placeholders; None if other literals differ."""
        if self._is_plain:
            return list(literals)
        places = self._places(tokens, literals, wanted)
        if isinstance(places, int):
            return None
        captured = [
            pair
            for wants, place in zip(wanted, places, strict=True)
            for want, given in zip(wants, literals[place:], strict=False)
            for pair in _captured_by(want, given)
        ]
        if self._has_names:
            return {name: value for name, value in captured if name is not None}
        return [value for _, value in captured]

    def _places(self, tokens: Tokens, literals: _Literals, wanted: _Wanted) -> list[int] | int:
        """Return the place of each run's first literal; or the number of the first missing run.

        As in `Pattern`, the earliest place of a run leaves the most room to the others.
        """
        runs = self.pattern.runs
        if len(runs) == 1:
            is_there = tokens == runs[0] and all(map(_is_equal, wanted[0], literals))
            return [0] if is_there else 0
        before = [0, *accumulate(token == PLACEHOLDER for token in tokens)]
        found: list[int] = []
        start = 0
        for number, (run, wants) in enumerate(zip(runs, wanted, strict=True)):
            last = len(tokens) - len(run)
            first = last if 0 < number == len(runs) - 1 else start
            if number == 0:
                last = 0
            for place in range(max(first, start), last + 1):
                if tokens[place : place + len(run)] == run and all(
                    map(_is_equal, wants, literals[before[place] :])
                ):
                    break
            else:
                return number
            found.append(before[place])
            start = place + len(run)
        return found

    def _statement_difference(self, call: Call) -> str | None:
        found = super()._statement_difference(call)
        if found is not None or self.regex is not None or self._given(call) is not None:
            return found
        assert isinstance(call, MysqlCall), "as above"
        read = call.template
        pairs = self._pairs(read)
        if not pairs:
            rows = counted(len(_rows_of(read)), "row")
            return f"inserts {rows}, and the rule is for {len(self._rows)}"
        row, wanted = next(pair for pair in pairs if self._captured(read.tokens, *pair) is None)
        if not self.pattern.exact:
            missing = self._places(read.tokens, row, wanted)
            assert isinstance(missing, int), "the row is one that does not match"
            return Pattern(tuple(map(_shown, self.pattern.runs, wanted))).lacks(missing)
        # Where the rule has a placeholder both show the value of the call.
        equal = [
            given if _is_equal(want, given) else want
            for want, given in zip(wanted[0], row, strict=True)
        ]
        return diff(_shown(read.tokens, equal), _shown(read.tokens, row))

    def _parameter_differences(self, call: Call) -> list[str]:
        if self.regex is None and not self.pattern.matches(call.tokens):
            return []  # it is not known which literals are meant
        found = self._given(call)
        return [] if found is None else self.parameters.differences(found)


def _rows_of(read: Template) -> list[tuple[Any, ...]]:
    """Return the literals of each row of a bulk INSERT; of another statement one row."""
    return read.literals if isinstance(read.literals, list) else [read.literals]


def _by_runs(literals: _Literals, runs: list[list[str]]) -> _Wanted:
    left = iter(literals)
    return [[next(left) for token in run if token == PLACEHOLDER] for run in runs]


def _list(parameters: Given) -> list[Any]:
    return list(parameters or ())


def _is_row(value: Any) -> bool:
    return isinstance(value, list | tuple | Mapping)


def _placeholders(literals: _Literals) -> Iterator[Parameter]:
    for literal in literals:
        if isinstance(literal, Parameter):
            yield literal
        elif isinstance(literal, tuple):
            yield from _placeholders(literal)


def _is_equal(wanted: Any, given: Any) -> bool:
    """Return whether a literal of a rule stands for one of a statement."""
    if isinstance(wanted, Parameter):
        return True
    if isinstance(wanted, tuple):
        if not isinstance(given, tuple):
            return False
        is_any_list = len(wanted) == 1 and isinstance(wanted[0], Parameter)
        return is_any_list or (len(wanted) == len(given) and all(map(_is_equal, wanted, given)))
    if isinstance(wanted, str) and isinstance(given, str):
        return wanted == given or wanted.replace("%%", "%") == given
    return type(wanted) is type(given) and bool(wanted == given)


def _captured_by(wanted: Any, given: Any) -> Iterator[tuple[str | None, Any]]:
    """Yield the name of each placeholder and what stands there."""
    if isinstance(wanted, Parameter):
        yield wanted.name, given
    elif isinstance(wanted, tuple) and isinstance(given, tuple):
        if len(wanted) == 1 != len(given):
            given = (given,)  # IN (%s) stands for any list
        for want, got in zip(wanted, given, strict=True):
            yield from _captured_by(want, got)


def _shown(tokens: Tokens, literals: _Literals) -> Tokens:
    """Return tokens with their literals."""
    left = iter(literals)
    return tuple(spelled(next(left)) if token == PLACEHOLDER else token for token in tokens)
