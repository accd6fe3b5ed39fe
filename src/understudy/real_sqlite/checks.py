"""What SQLite says of a statement without running it.

EXPLAIN prepares a statement and returns its program.

A statement that SQLite runs is checked by SQLite itself. Checked here are the statements that a
script answers, and what SQLite accepts without a word: a name in double quotes that is no column is
a text (https://sqlite.org/quirks.html).
"""

from __future__ import annotations

import difflib
import re
import sqlite3
import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from understudy.catalog import levels, report
from understudy.catalog.answer_checks import Difference
from understudy.catalog.errors import (
    AnswerImpossible,
    ParametersRefused,
    StatementRefused,
    UncheckedWarning,
)
from understudy.catalog.levels import Levels
from understudy.pg import sql
from understudy.real_sqlite.statements import is_checked, words
from understudy.script import expectations
from understudy.script.answers import Error, Outcome, Rows, Value
from understudy.script.calls import Call
from understudy.script.failures import Failure
from understudy.script.request_blocks import tables

# Set by the plugin.
configured = Levels()
# Errors that say nothing about the statement.
_PASSING = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_INTERRUPT", "SQLITE_AUTH")
_DATATYPE = 3091  # SQLITE_CONSTRAINT_DATATYPE, of STRICT tables; sqlite3 does not name it
# Violated whatever rows there are.
_CERTAIN = (
    *(sqlite3.SQLITE_CONSTRAINT_NOTNULL, sqlite3.SQLITE_CONSTRAINT_CHECK, _DATATYPE),
    sqlite3.SQLITE_MISMATCH,
)
_NO_COLUMN = re.compile(r"no such column: (.*)", re.DOTALL)
_lock = threading.Lock()  # of the template


def check_scripted(
    connection: sqlite3.Connection, template: sqlite3.Connection, call: Call, outcome: Outcome
) -> None:
    """Check a statement that the script answers, its parameters, and the answer.

    Raises:
        StatementRefused: SQLite refuses the statement.
        ParametersRefused: it refuses the parameters.
        AnswerImpossible: the statement could not return this, or not succeed.
    """
    __tracebackhide__ = True
    if call.rule is None or call.rule.is_unchecked or not is_checked(call.statement):
        return
    given = call.parameters or ()
    try:
        program = _explain(connection, call.statement, given)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "").startswith(_PASSING):
            return
        _refuse(call, error)
        return
    check_strings(connection, call)
    if not isinstance(outcome, Error):
        names = columns_of(connection, call)
        count = next((step[2 + 1] for step in program if step[1] == "ResultRow"), 0)
        _check_columns(call, outcome, count, names)
        _check_success(template, call, given)


def check_strings(connection: sqlite3.Connection, call: Call) -> None:
    """Find a name in double quotes that is no column, and so a text.

    In other quotes it is always a name, and SQLite says that there is no such column.
    """
    __tracebackhide__ = True
    level = _level("statements")
    if level == "off" or not is_checked(call.statement):
        return
    text = call.statement
    for piece in reversed(sql.pieces(text)):
        if piece.text.startswith('"') and "`" not in piece.text:
            name = piece.text[1:-1].replace('""', '"')
            text = f"{text[: piece.start]}`{name}`{text[piece.end :]}"
    given = call.parameters or ()
    try:
        first = next(iter(given), ()) if call.method == "execute_many" else given
        _explain(connection, text, first)
    except sqlite3.Error as error:
        found = _NO_COLUMN.fullmatch(str(error))
        if found is not None:
            _report(StatementRefused(_taken_for_text(connection, call, found[1])), level)


def columns_of(connection: sqlite3.Connection, call: Call) -> Sequence[str] | None:
    """Return the names of the columns of a query; None if it is none, or SQLite refuses it."""
    if words(call.statement)[:1] not in (("SELECT",), ("VALUES",), ("WITH",)):
        return None
    query = f"SELECT * FROM (\n{call.statement.rstrip().rstrip(';')}\n) LIMIT 0"
    try:
        cursor = _cursor(connection).execute(query, call.parameters or ())
    except sqlite3.Error:
        return None
    # Of columns with the same name, all but the first get a number.
    return [re.sub(r":\d+\Z", "", column[0]) for column in cursor.description]


def _explain(connection: sqlite3.Connection, statement: str, given: Any) -> list[Any]:
    return _cursor(connection).execute(f"EXPLAIN {statement}", given).fetchall()


def _cursor(connection: sqlite3.Connection) -> sqlite3.Cursor:
    """Return a cursor that tells nobody, and returns tuples."""
    cursor = sqlite3.Connection.cursor(connection, sqlite3.Cursor)
    cursor.row_factory = None
    return cursor


def _check_columns(call: Call, outcome: Outcome, count: int, names: Sequence[str] | None) -> None:
    """Compare the columns of scripted rows with those of the statement."""
    level = _level("answers")
    if level == "off":
        return
    if isinstance(outcome, Value):
        scripted: Sequence[str] | int = 1
    elif isinstance(outcome, Rows) and outcome.rows:
        first = outcome.rows[0]
        scripted = list(first) if isinstance(first, Mapping) else outcome.columns or len(first)
    else:
        return
    number = scripted if isinstance(scripted, int) else len(scripted)
    if number != count:
        reason = f"the rows have {number} columns, and the statement returns {count}"
    elif names is not None and not isinstance(scripted, int) and sorted(names) != sorted(scripted):
        reason = "the rows have other columns than the statement"
    else:
        return
    lines = [] if isinstance(scripted, int) else [f"  scripted: {', '.join(scripted)}"]
    lines += [f"  SQLite:   {', '.join(names)}"] if names else []
    difference = Difference("\n".join([reason, *lines]), remedy=(_switch_off("answers"),))
    _report(AnswerImpossible(report.answer_impossible(call, difference)), level, is_raised=True)


def _check_success(template: sqlite3.Connection, call: Call, given: Any) -> None:
    """Run an INSERT of values on a database without rows, to see which constraint it violates."""
    found = words(call.statement)
    level = _level("answers")
    if level == "off" or found[0] not in ("INSERT", "REPLACE") or "SELECT" in found:
        return
    with _lock:
        try:
            template.execute("SAVEPOINT tried")
            template.execute(call.statement, given).fetchall()
            return
        except sqlite3.Error as error:
            if error.sqlite_errorcode not in _CERTAIN:
                return  # a table or a function that only the connection of the app knows
            reason = f"SQLite refuses the row\n  {error}"
        finally:
            if template.in_transaction:
                template.execute("ROLLBACK")
    difference = Difference(reason, remedy=(_switch_off("answers"),))
    _report(AnswerImpossible(report.answer_impossible(call, difference)), level, is_raised=True)


def _refuse(call: Call, error: sqlite3.Error) -> None:
    is_parameters = isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError)
    check = "parameters" if is_parameters else "statements"
    what = "these parameters" if is_parameters else "this statement"
    lines = [f"SQLite refuses {what}: {error}", *call.facts, _switch_off(check)]
    failure = ParametersRefused if is_parameters else StatementRefused
    _report(failure("\n".join(lines)), _level(check), is_raised=True)


def _taken_for_text(connection: sqlite3.Connection, call: Call, name: str) -> str:
    near = difflib.get_close_matches(name.rpartition(".")[2], _columns(connection, call), n=1)
    hint = f'Did you mean "{near[0]}"? ' if near else ""
    text = name.replace("'", "''")
    return "\n".join(
        [
            f"SQLite takes \"{name}\" for the text '{text}': there is no such column",
            *call.facts,
            f"{hint}If a text is meant, write it in single quotes: '{text}'.",
            _switch_off("statements", with_rule=False),
        ]
    )


def _columns(connection: sqlite3.Connection, call: Call) -> list[str]:
    query = "SELECT name FROM pragma_table_info(?)"
    names = [_cursor(connection).execute(query, (table,)) for table in tables(call.statement)]
    return [name for rows in names for (name,) in rows.fetchall()]


def _switch_off(check: str, *, with_rule: bool = True) -> str:
    return report.how_to_switch_off(check, with_rule=with_rule)


def _level(check: str) -> levels.Level:
    found: levels.Level = levels.marked.get(check, getattr(configured, check))
    return found


def _report(failure: Failure, level: levels.Level, *, is_raised: bool = False) -> None:
    """Fail the test, and if `is_raised` the call too; or warn."""
    __tracebackhide__ = True
    if level == "warn":
        warnings.warn(UncheckedWarning(str(failure)), stacklevel=2)
    elif level == "error":
        expectations.record_failure(failure)
        if is_raised:
            raise failure from None
