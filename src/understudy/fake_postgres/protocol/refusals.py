"""The errors of the protocol and of a session, with PostgreSQL's SQLSTATE and words."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.fake_postgres.protocol import messages
from understudy.pg.errors import ErrorFields, ServerError


def error(
    sqlstate: str,
    message: str,
    *,
    severity: str = "ERROR",
    detail: str | None = None,
    hint: str | None = None,
) -> ServerError:
    """Make an error, or with another severity what it says."""
    fields = ErrorFields(sqlstate, message, severity=severity, detail=detail, hint=hint)
    return ServerError(fields)


def fatal(sqlstate: str, message: str, *, detail: str | None = None) -> ServerError:
    """Make an error that ends the connection."""
    return error(sqlstate, message, severity="FATAL", detail=detail)


def warning(sqlstate: str, message: str) -> ServerError:
    """Make a warning, to be sent as a notice."""
    return error(sqlstate, message, severity="WARNING")


# The shape of messages


def invalid_string() -> ServerError:
    """Refuse a message with a string that has no end."""
    return error("08P01", messages.invalid_string())


def insufficient_data() -> ServerError:
    """Refuse a message that is shorter than what it announces."""
    return error("08P01", messages.insufficient_data())


def no_data() -> ServerError:
    """Refuse a message that lacks its first byte."""
    return error("08P01", messages.no_data())


def invalid_format() -> ServerError:
    """Refuse a message that is longer than what it announces."""
    return error("08P01", messages.invalid_format())


def bad_encoding(data: bytes) -> ServerError:
    """Refuse a text that is no UTF-8; `data` is the sequence that is wrong."""
    return error("22021", messages.bad_encoding(data))


def unknown_subtype(message: str, kind: str) -> ServerError:
    """Refuse a Describe or Close of something else than a statement or a portal."""
    return error("08P01", messages.unknown_subtype(message, kind))


# Statements, portals, parameters


def aborted() -> ServerError:
    """Refuse everything in a transaction in which a statement failed."""
    return error("25P02", messages.ABORTED)


def several_commands() -> ServerError:
    """Refuse to prepare more than one statement at once."""
    return error("42601", messages.several_commands())


def syntax_error(sql: str, start: int) -> ServerError:
    """Refuse what does not belong where it stands.

    Args:
        sql: it, from its first word on.
        start: where it stands in the statement, from 0.
    """
    refused = error("42601", messages.syntax_error(sql.split(None, 1)[0]))
    refused.position = start + 1
    return refused


def statement_exists(name: str) -> ServerError:
    """Refuse a second prepared statement of one name."""
    return error("42P05", messages.statement_exists(name))


def no_statement(name: str) -> ServerError:
    """Say that there is no prepared statement of this name."""
    return error("26000", messages.no_statement(name))


def no_portal(name: str) -> ServerError:
    """Say that there is no portal of this name."""
    return error("34000", messages.no_portal(name))


def no_cursor(name: str) -> ServerError:
    """Say that there is no cursor of this name."""
    return error("34000", messages.no_cursor(name))


def cursor_exists(name: str) -> ServerError:
    """Refuse a second cursor or portal of one name."""
    return error("42P03", messages.cursor_exists(name))


def cannot_be_run(name: str) -> ServerError:
    """Refuse to run a portal again."""
    return error("55000", messages.cannot_be_run(name))


def forward_only() -> ServerError:
    """Refuse to go back in a cursor that does not scroll."""
    return error("55000", messages.forward_only(), hint=messages.scroll_hint())


def parameters_in_bind(given: int, name: str, needed: int) -> ServerError:
    """Refuse a Bind with too many or too few parameters."""
    return error("08P01", messages.parameters_in_bind(given, name, needed))


def parameter_formats(formats: int, parameters: int) -> ServerError:
    """Refuse a Bind with another number of formats than of parameters."""
    return error("08P01", messages.parameter_formats(formats, parameters))


def result_formats(formats: int, columns: int) -> ServerError:
    """Refuse a Bind with another number of formats than of columns."""
    return error("08P01", messages.result_formats(formats, columns))


def unknown_format(code: int) -> ServerError:
    """Refuse a format that is neither text nor binary."""
    return error("22023", messages.unknown_format(code))


def in_parameter(
    refused: ServerError, portal: str, number: int, *, with_value: bool = False
) -> ServerError:
    """Add the parameter of a Bind that caused an error to the error's context.

    Args:
        refused: the error.
        portal: the portal's name.
        number: the parameter's number, from 1.
        with_value: whether the value is text, and so shown, shortened.
    """
    refused.context = messages.bound_parameter(portal, number, with_value=with_value)
    return refused


def trailing_bytes(number: int) -> ServerError:
    """Refuse a parameter in binary form that has more bytes than its value."""
    return error("22P03", messages.trailing_bytes(number))


def wrong_arguments(name: str, needed: int, given: int) -> ServerError:
    """Refuse an EXECUTE with too many or too few arguments."""
    detail = messages.wrong_arguments_detail(needed, given)
    return error("42601", messages.wrong_arguments(name), detail=detail)


# Transactions


def needs_block(command: str) -> ServerError:
    """Refuse a command outside a transaction block."""
    return error("25P01", messages.needs_block(command))


def not_in_block(command: str) -> ServerError:
    """Refuse a command inside a transaction block."""
    return error("25001", messages.not_in_block(command))


def no_savepoint(name: str) -> ServerError:
    """Say that there is no savepoint of this name."""
    return error("3B001", messages.no_savepoint(name))


def prepared_transactions_off() -> ServerError:
    """Refuse a two-phase commit, as a server does that is not set up for it."""
    hint = messages.prepared_transactions_hint()
    return error("55000", messages.prepared_transactions_off(), hint=hint)


# Settings


def unknown_parameter(name: str) -> ServerError:
    """Say that there is no such run-time parameter."""
    return error("42704", messages.unknown_parameter(name))


def invalid_value(
    name: str, value: str, *, detail: str | None = None, hint: str | None = None
) -> ServerError:
    """Refuse a value of a run-time parameter."""
    return error("22023", messages.invalid_value(name, value), detail=detail, hint=hint)


def not_among(name: str, value: str, values: Sequence[str]) -> ServerError:
    """Refuse a value that is none of those there are."""
    return invalid_value(name, value, hint=messages.available_values(values))
