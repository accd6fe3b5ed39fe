"""The wording of what goes wrong where a PostgreSQL is asked about statements."""

from __future__ import annotations

_SHOWN = 200
_NO_VERDICT = "This says nothing about the statement, so nothing was learned of it."


def cannot_connect(reason: str) -> str:
    """There is no connecting to the server that is to be asked."""
    return f"PostgreSQL could not be asked about a statement: no connection: {reason}"


def connection_lost(statement: str, reason: str) -> str:
    """The connection was lost at a statement, opened again, and lost at the same statement."""
    return (
        "PostgreSQL was lost twice as it was asked about this statement:\n"
        f"  {shortened(statement)}\n{reason}\n{_NO_VERDICT}\n"
        "Where it happens again, leave the statement out: its server may not survive it."
    )


def lock_timeout(statement: str, message: str, seconds: float) -> str:
    """Somebody else holds a lock on what the statement names."""
    return (
        f"PostgreSQL waited {seconds:g} s for a lock as it was asked about this statement:\n"
        f"  {shortened(statement)}\n{message} (SQLSTATE 55P03)\n{_NO_VERDICT}\n"
        "Another connection changes the schema and has not committed: let it end, and ask again."
    )


def no_verdict(statement: str, message: str, sqlstate: str) -> str:
    """The server was busy, full or going down."""
    return (
        "PostgreSQL could not look at this statement:\n"
        f"  {shortened(statement)}\n{message} (SQLSTATE {sqlstate})\n{_NO_VERDICT}\n"
        "Ask again once the server has recovered."
    )


def shortened(statement: str) -> str:
    """A statement on one line of a message."""
    line = " ".join(statement[: 4 * _SHOWN].split())
    if len(line) <= _SHOWN and len(statement) <= 4 * _SHOWN:
        return line.encode(errors="backslashreplace").decode()
    return line[:_SHOWN].encode(errors="backslashreplace").decode() + " …"
