"""What psqlpy raises in each situation, as its own exceptions if psqlpy is installed.

The classes and texts were read off psqlpy 0.13 against PostgreSQL 18; tests/conformance holds them
against the real ones.
"""

from __future__ import annotations

from understudy.pg.errors import ErrorFields
from understudy.pg.sqlstates import STATES

_RETURNED = "Underlying connection is returned to the pool"
_LOST = "connection closed"


class DriverError(Exception):
    """Stands for psqlpy's exceptions if psqlpy is not installed."""


def psqlpy_error(name: str, text: str) -> Exception:
    """Return psqlpy's exception `name` with `text`, or a DriverError without psqlpy."""
    try:
        from psqlpy import exceptions
    except ImportError:
        return DriverError(text)
    error: Exception = getattr(exceptions, name)(text)
    return error


def connection_closed() -> Exception:
    """Return the error for using a connection that was closed or given back."""
    return psqlpy_error("ConnectionClosedError", _RETURNED)


def transaction_closed() -> Exception:
    """Return the error for using a transaction that has ended."""
    return psqlpy_error("TransactionClosedError", _RETURNED)


def server_refused(text: str) -> Exception:
    """Return an error of the server to which psqlpy adds nothing."""
    return psqlpy_error("DatabaseError", f"db error: ERROR: {text}")


def equal_names(name: str) -> Exception:
    """Return the error for `records()` of a result with two columns of one name."""
    text = f"Duplicate column name '{name}' in result set; use positional indexing or aliases"
    return psqlpy_error("ConnectionExecuteError", text)


def connection_lost(method: str, *, in_parse: bool) -> Exception:
    """Return the error for using a connection that the server has closed."""
    return _by_method(method, _LOST, in_parse, wraps=True)


def aborted(method: str, *, in_parse: bool) -> Exception:
    """Return the error for a statement in a transaction in which an earlier one failed."""
    return _by_method(method, f"db error: ERROR: {STATES['25P02'].text}", in_parse, wraps=True)


def is_found_in_parse(fields: ErrorFields) -> bool:
    """Whether PostgreSQL finds this error while it reads a statement, before it runs it.

    psqlpy then fails to prepare the statement. Privileges (42501) are checked when it runs.
    """
    return fields.sqlstate.startswith("42") and fields.sqlstate != "42501"


def as_raised_by(
    method: str, error: BaseException, fields: ErrorFields, *, in_parse: bool
) -> BaseException:
    """Return `error`, which `db_error` made of `fields`, as `method` of psqlpy raises it.

    psqlpy words the same server error differently by method. The errors of another driver are the
    test's own business and stay as they are.
    """
    if type(error).__module__.partition(".")[0] != "psqlpy":
        return error
    worded = _by_method(method, f"db error: {fields.text}", in_parse)
    worded.__understudy_fields__ = fields  # type: ignore[attr-defined]  # as db_error sets it
    return worded


_ENDS = {
    "begin": ("TransactionBeginError", "Transaction begin error: Cannot start transaction due to"),
    "commit": (
        "TransactionCommitError",
        "Transaction commit error: Cannot execute COMMIT statement, error",
    ),
    "rollback": (
        "TransactionRollbackError",
        "Transaction rollback error: Cannot execute ROLLBACK statement, error",
    ),
}


def _by_method(method: str, text: str, in_parse: bool, *, wraps: bool = False) -> Exception:
    """Return psqlpy's exception for an error of the server.

    Args:
        method: the connection's method that raises it.
        text: the server's text.
        in_parse: whether it comes up while the statement is prepared.
        wraps: whether it comes up when `execute_many` opens its savepoint, before it runs.
    """
    if method in _ENDS:
        name, what = _ENDS[method]
        return psqlpy_error(name, f"{what} - {text}")
    if method == "execute_many":
        if in_parse:
            what = "Cannot build statement in execute_many"
        elif wraps:
            what = "Cannot open transaction wrap in execute_many"
        else:
            what = "Error occurred in `execute_many` statement"
        return psqlpy_error("ConnectionExecuteError", f"{what}: {text}")
    if in_parse or method not in ("execute", "fetch", "fetch_row", "fetch_val"):
        return psqlpy_error("DatabaseError", text)
    if method in ("execute", "fetch"):
        text = f"Cannot execute query, error - {text}"
    return psqlpy_error("ConnectionExecuteError", text)
