"""What psqlpy raises in each situation, as its own exceptions where psqlpy is installed.

The classes and texts were read off psqlpy 0.13 against PostgreSQL 18; tests/conformance holds them
against the real ones.
"""

from __future__ import annotations

from understudy.script.database_errors import ErrorFields, fields_of
from understudy.script.sqlstates import STATES

_RETURNED = "Underlying connection is returned to the pool"
_LOST = "connection closed"


class DriverError(Exception):
    """Stands for psqlpy's exceptions where psqlpy is not installed."""


def psqlpy_error(name: str, text: str) -> Exception:
    """Return psqlpy's exception `name` with `text`, or a DriverError without psqlpy."""
    try:
        from psqlpy import exceptions
    except ImportError:
        return DriverError(text)
    error: Exception = getattr(exceptions, name)(text)
    return error


def connection_closed() -> Exception:
    """Use of a connection that was closed or given back."""
    return psqlpy_error("ConnectionClosedError", _RETURNED)


def transaction_closed() -> Exception:
    """Use of a transaction that was committed or rolled back."""
    return psqlpy_error("TransactionClosedError", _RETURNED)


def pool_closed() -> Exception:
    """Use of a pool that was closed."""
    text = "Database engine pool exception: Pool has been closed"
    return psqlpy_error("BaseConnectionPoolError", text)


def wrong_row_count() -> Exception:
    """`fetch_row` and `fetch_val` where there is not exactly one row."""
    return psqlpy_error("ConnectionExecuteError", "query returned an unexpected number of rows")


def connection_lost(method: str) -> Exception:
    """Use of a connection that the server has closed."""
    if method == "begin":
        text = f"Transaction begin error: Cannot start transaction due to - {_LOST}"
        return psqlpy_error("TransactionBeginError", text)
    return _by_method(method, _LOST, in_parse=True)


def aborted(method: str) -> Exception:
    """A statement in a transaction in which an earlier one failed.

    psqlpy meets this while it prepares a statement that is new to the connection.
    """
    fields = ErrorFields("25P02", STATES["25P02"].text)
    return _by_method(method, f"db error: {fields.text}", in_parse=True)


def no_savepoint(name: str) -> Exception:
    """A savepoint that was never made, or is gone."""
    fields = ErrorFields("3B001", f'savepoint "{name}" does not exist')
    return psqlpy_error("DatabaseError", f"db error: {fields.text}")


def as_raised_by(method: str, error: BaseException) -> BaseException:
    """Return `error` as `method` of a psqlpy connection raises it.

    psqlpy words the same server error differently by method. Errors not made by `db_error`, and
    those of another driver, are the test's own business and stay as they are.
    """
    fields = fields_of(error)
    if fields is None or type(error).__module__.partition(".")[0] != "psqlpy":
        return error
    # What PostgreSQL finds while it reads the statement, before it runs: psqlpy then fails to
    # prepare it. Privileges (42501) are checked when it runs.
    in_parse = fields.sqlstate.startswith("42") and fields.sqlstate != "42501"
    worded = _by_method(method, f"db error: {fields.text}", in_parse)
    worded.__understudy_fields__ = fields  # type: ignore[attr-defined]  # as db_error sets it
    return worded


def _by_method(method: str, text: str, in_parse: bool) -> Exception:
    if method == "execute_many" and in_parse:
        text = f"Cannot build statement in execute_many: {text}"
    elif method == "execute_many":
        text = f"Error occurred in `execute_many` statement: {text}"
    elif method == "commit":
        text = f"Transaction commit error: Cannot execute COMMIT statement, error - {text}"
        return psqlpy_error("TransactionCommitError", text)
    elif method in ("execute_batch", "begin", "rollback", "savepoint") or in_parse:
        return psqlpy_error("DatabaseError", text)
    elif method not in ("fetch_row", "fetch_val"):
        text = f"Cannot execute query, error - {text}"
    return psqlpy_error("ConnectionExecuteError", text)


def savepoint_outside(statement: str) -> Exception:
    """SAVEPOINT and its kin where no transaction is open."""
    command = statement.rpartition(" ")[0]
    fields = ErrorFields("25P01", f"{command} can only be used in transaction blocks")
    return psqlpy_error("DatabaseError", f"db error: {fields.text}")
