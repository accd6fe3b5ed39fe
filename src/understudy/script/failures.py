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
    """

    __module__ = "understudy"


class UnexpectedStatement(Failure):
    """A strict fake received a statement for which no rule has an answer left."""

    __module__ = "understudy"


class UnexpectedCall(Failure):
    """A dummy received a call for which no rule has an answer left."""

    __module__ = "understudy"


class WrongArguments(Failure, TypeError):
    """A dummy was called with arguments that the original does not accept."""

    __module__ = "understudy"


class UnusedAnswers(Failure):
    """Answers of the script were not used."""

    __module__ = "understudy"


class TransactionLeftOpen(Failure):
    """A transaction was begun and neither committed nor rolled back."""

    __module__ = "understudy"


class ConnectionNotReturned(Failure):
    """A connection was taken from a pool and never given back."""

    __module__ = "understudy"


class PoolExhausted(Failure):
    """Every connection of a pool was in use, and none was returned in time."""

    __module__ = "understudy"


class CallNotFound(Failure):
    """An assertion on the call log found no matching call, or not as many as expected."""

    __module__ = "understudy"


class PredicateFailed(Failure):
    """A predicate of the script raised instead of returning a bool."""

    __module__ = "understudy"


class ServerBroke(Failure):
    """fake_postgres itself failed: a bug in Understudy, not in the test."""

    __module__ = "understudy"
