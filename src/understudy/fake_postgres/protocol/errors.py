"""The errors that several modules of the protocol raise, worded exactly as PostgreSQL does."""

from __future__ import annotations

from understudy.pg.errors import ErrorFields, ServerError
from understudy.script import expectations
from understudy.script.failures import NotSupported


def error(
    sqlstate: str,
    message: str,
    *,
    severity: str = "ERROR",
    detail: str | None = None,
    hint: str | None = None,
) -> ServerError:
    """Make an error, or a notice of another severity."""
    fields = ErrorFields(sqlstate, message, severity=severity, detail=detail, hint=hint)
    return ServerError(fields)


def fatal(
    sqlstate: str, message: str, *, detail: str | None = None, hint: str | None = None
) -> ServerError:
    """Make an error that ends the connection."""
    return error(sqlstate, message, severity="FATAL", detail=detail, hint=hint)


def warning(sqlstate: str, message: str) -> ServerError:
    """Make a warning, to be sent as a notice."""
    return error(sqlstate, message, severity="WARNING")


def unsupported(message: str, *, severity: str = "ERROR") -> ServerError:
    """Refuse what PostgreSQL could do: the test fails, even if the client gets over it."""
    failure = expectations.record_failure(NotSupported(message))
    failure.sent = message
    return error("0A000", message, severity=severity)


def unknown_message(kind: int) -> ServerError:
    """Refuse a message of an unknown kind, and end the connection."""
    return fatal("08P01", f"invalid frontend message type {kind}")


def insufficient_data() -> ServerError:
    """Refuse a message that is shorter than what it announces."""
    return error("08P01", "insufficient data left in message")


def invalid_format() -> ServerError:
    """Refuse a message that is longer than what it announces."""
    return error("08P01", "invalid message format")


def unknown_subtype(message: str, kind: str) -> ServerError:
    """Refuse a Describe or Close of anything but a statement or a portal."""
    return error("08P01", f"invalid {message} message subtype {ord(kind)}")


def statement_exists(name: str) -> ServerError:
    """Refuse a second prepared statement of the same name."""
    return error("42P05", f'prepared statement "{name}" already exists')


def no_statement(name: str) -> ServerError:
    """Refuse the name of an unknown prepared statement; "" is the unnamed one."""
    return error(
        "26000",
        f'prepared statement "{name}" does not exist'
        if name
        else "unnamed prepared statement does not exist",
    )


def cannot_be_run(name: str) -> ServerError:
    """Refuse to run a portal again."""
    return error("55000", f'portal "{name}" cannot be run')


def unknown_format(code: int) -> ServerError:
    """Refuse a format that is neither text nor binary."""
    return error("22023", f"unsupported format code: {code}")


def in_parameter(
    refused: ServerError, portal: str, number: int, *, with_value: bool = False
) -> ServerError:
    """Add the parameter of a Bind that caused an error to the error's context.

    Args:
        refused: the error.
        portal: the portal's name.
        number: the parameter's number, from 1.
        with_value: whether the value is text, so that PostgreSQL shows it.
    """
    where = f'portal "{portal}"' if portal else "unnamed portal"
    refused.context = f"{where} parameter ${number}" + (" = '...'" if with_value else "")
    return refused


def needs_block(command: str, *, severity: str = "ERROR") -> ServerError:
    """Refuse a command outside a transaction block, or warn of it."""
    text = f"{command} can only be used in transaction blocks"
    return error("25P01", text, severity=severity)


def not_in_block(command: str) -> ServerError:
    """Refuse a command inside a transaction block."""
    return error("25001", f"{command} cannot run inside a transaction block")


def unknown_parameter(name: str) -> ServerError:
    """Refuse the name of an unknown run-time parameter."""
    return error("42704", f'unrecognized configuration parameter "{name}"')


def invalid_value(
    name: str, value: str, *, detail: str | None = None, hint: str | None = None
) -> ServerError:
    """Refuse a value of a run-time parameter."""
    return error(
        "22023", f'invalid value for parameter "{name}": "{value}"', detail=detail, hint=hint
    )
