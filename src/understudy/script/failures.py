"""What Understudy raises, or holds against a test."""

from __future__ import annotations


class ScriptError(ValueError):
    """The script itself is wrong: an answer that makes no sense, a rule that cannot be read.

    Raised on the line that wrote it, before anything is asked.
    """

    __module__ = "understudy"  # where it is imported from, and so how a traceback names it


class Failure(AssertionError):
    """A test that departs from its script: it fails even where the code under test catches this.

    The message is complete: what was expected, what happened, where, and the line to paste.
    """

    __module__ = "understudy"


class UnexpectedStatement(Failure):
    """A strict fake was given a statement for which no rule has an answer left."""

    __module__ = "understudy"


class UnexpectedCall(Failure):
    """A dummy was given a call for which no rule has an answer left."""

    __module__ = "understudy"


class WrongArguments(Failure, TypeError):
    """A dummy was called with arguments that the original would refuse."""

    __module__ = "understudy"


class UnusedAnswers(Failure):
    """The script holds answers that nothing asked for."""

    __module__ = "understudy"


class TransactionLeftOpen(Failure):
    """A transaction was begun and neither committed nor rolled back."""

    __module__ = "understudy"


class ConnectionNotReturned(Failure):
    """A connection was taken from a pool and never given back."""

    __module__ = "understudy"


class PoolExhausted(Failure):
    """Every connection of a pool was taken and none came back in time."""

    __module__ = "understudy"


class CallNotFound(Failure):
    """An assertion on the calls found none, or not as many, as it asked for."""

    __module__ = "understudy"


class PredicateFailed(Failure):
    """A predicate of the script raised instead of answering yes or no."""

    __module__ = "understudy"


class ServerBroke(Failure):
    """fake_postgres itself failed: a fault of Understudy, and not of the test."""

    __module__ = "understudy"
