"""The exceptions of Understudy: errors in a script, and failures of a test."""

from __future__ import annotations


class ScriptError(ValueError):
    """The script itself is wrong: an answer that makes no sense, or a rule that cannot be read.

    Raised on the line that wrote it.
    """

    __module__ = "understudy"  # the public import path, shown in tracebacks


class Failure(AssertionError):
    """A test departs from its script. The test fails even if the code under test catches this.

    The message is complete: what was expected, what happened, where, and the line to paste.

    Attributes:
        sent: the message of the server's error that told the client of it, if one did.
    """

    __module__ = "understudy"
    sent = ""

    def __init_subclass__(cls) -> None:
        """Show the public import path of Understudy's own failures, as above."""
        if cls.__module__.startswith("understudy."):
            cls.__module__ = "understudy"


class UnexpectedStatement(Failure):
    """A strict fake received a statement for which no rule has an answer left."""


class UnexpectedCall(Failure):
    """A dummy received a call for which no rule has an answer left."""


class WrongArguments(Failure, TypeError):
    """A dummy was called with arguments that the original does not accept."""


class UnusedAnswers(Failure):
    """Answers of the script were not used."""


class TransactionLeftOpen(Failure):
    """A transaction was begun and neither committed nor rolled back."""


class ConnectionNotReturned(Failure):
    """A connection was taken from a pool and never given back."""


class PoolExhausted(Failure):
    """Every connection of a pool was in use, and none was returned in time."""


class CallNotFound(Failure):
    """An assertion on the call log found no matching call, or not as many as expected."""


class TooManyStatements(Failure):
    """More statements were sent than `at_most` or `max_statements` allows."""


class PredicateFailed(Failure):
    """A predicate of the script raised instead of returning a bool."""


class NotRecorded(Failure):
    """A test has `fake_postgres.record()` in the place of its script, and nothing was recorded."""


class NotSupported(Failure):
    """The code under test asked for something that PostgreSQL can do and Understudy cannot."""


class ServerBroke(Failure):
    """fake_postgres itself failed: a bug in Understudy, not in the test."""


class WrongEventLoop(Failure, RuntimeError):
    """A connection or pool was used in another event loop than the one it belongs to.

    A RuntimeError, because asyncio raises one.
    """
