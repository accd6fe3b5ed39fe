"""COM_QUERY, and how a statement is executed."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any, Final

from understudy.fake_mysql.protocol import own_questions
from understudy.fake_mysql.protocol.backend import Backend, Work, settled
from understudy.fake_mysql.protocol.commands import End, control_of
from understudy.fake_mysql.protocol.statements import AS_TEXT, Execution, Statement
from understudy.mysql.error_fields import server_error
from understudy.mysql.handshake import Capability
from understudy.mysql.results import Result
from understudy.mysql.sql import command_of, pieces, statements
from understudy.pg.errors import ServerError

_LOCAL: Final = re.compile(r"\W*LOAD\s+(?:DATA|XML)\s+(?:\w+\s+)?LOCAL\b", re.IGNORECASE)
Execute = Generator[Any, Any, Result]


def query(backend: Backend, body: bytes) -> Work:
    """Answer COM_QUERY: one statement, or several if the client may send them."""
    text = body.decode(backend.connection.codec, "surrogateescape")
    if not pieces(text) or not (texts := [text] if ";" not in text else _split(text)):
        if (
            text.strip(" ;") and backend.connection.product == "MariaDB"
        ):  # for which a comment is a statement
            backend.answer(Result(), "")
            return
        raise empty_query()
    if not backend.connection.capabilities & Capability.MULTI_STATEMENTS:
        check_single(backend, text)
    for number, sql in enumerate(texts, start=1):
        result = yield from executed(backend, Statement(sql), AS_TEXT)
        backend.answer(result, command_of(sql), more=number < len(texts))


def empty_query() -> ServerError:
    """Return the error for a statement without words."""
    return server_error(1065, "42000", "Query was empty")


def _split(text: str) -> list[str]:
    found = [statement.text for statement in statements(text)]
    return found if len(found) != 1 else [text]


def check_single(backend: Backend, text: str) -> None:
    """Refuse a second statement where only one is allowed.

    Raises:
        ServerError: there are several.
    """
    found = statements(text) if ";" in text else ()
    if len(found) < 2:
        return
    product = backend.connection.product
    start = found[1].start
    raise server_error(
        *(1064, "42000"),
        "You have an error in your SQL syntax; check the manual that corresponds to your "
        f"{product} server version for the right syntax to use near '{text[start:][:80]}' "
        f"at line {text.count(chr(10), 0, start) + 1}",
    )


def executed(backend: Backend, statement: Statement, execution: Execution) -> Execute:
    """Execute one statement; return its result.

    Raises:
        ServerError: it fails.
    """
    sql, connection = statement.sql, backend.connection
    own = own_answer(backend, sql)
    if own is None:
        if _LOCAL.match(sql):
            raise server_error(
                *(1148, "42000"),
                f"{backend.name} reads no local files, so LOAD DATA LOCAL is refused: "
                "send the rows with INSERT",
            )
        backend.state.begin_statement(sql)
        result = yield from settled(backend.responder.execute(statement, execution, connection))
    else:
        control = control_of(sql)
        effect = None if control is None else backend.state.effect_of(control)
        result = (yield from settled(backend.responder.control(sql, connection))) or own
        if effect is not None and result.error is None:
            effect()
            if isinstance(control, End) and control.release:
                backend.is_closing = True
    assert isinstance(result, Result), "a responder returns a Result, perhaps later"
    if own is None or result.warnings:  # what uses no table leaves the warnings before it
        connection.warnings = () if isinstance(result.warnings, int) else result.warnings
    if not own_questions.is_about_latest(sql):
        _note(backend, result)
    return result


def own_answer(backend: Backend, sql: str) -> Result | None:
    """Return the session's own answer to a statement; None if its responder answers it."""
    control = control_of(sql)
    if control is not None and backend.state.effect_of(control) is not None:
        return Result()
    return own_questions.answer(sql, backend.connection)


def _note(backend: Backend, result: Result) -> None:
    """Note what functions tell of the latest statement."""
    connection = backend.connection
    connection.row_count = -1 if result.columns is not None else result.affected
    if result.columns is not None:
        connection.found_rows = len(result.rows)
    if result.last_insert_id:
        connection.last_insert_id = result.last_insert_id
