"""What Understudy raises, or holds against a test."""

from __future__ import annotations


class ScriptError(ValueError):
    """The script itself is wrong: an answer that makes no sense, a rule that cannot be read.

    Raised on the line that wrote it, before anything is asked.
    """


class Failure(AssertionError):
    """A test that departs from its script: it fails even where the code under test catches this.

    The message is complete: what was expected, what happened, where, and the line to paste.
    """


class UnexpectedStatement(Failure):
    """A strict fake was given a statement for which no rule has an answer left."""


class UnexpectedCall(Failure):
    """A dummy was given a call for which no rule has an answer left."""


class WrongArguments(Failure, TypeError):
    """A dummy was called with arguments that the original would refuse."""


class UnusedAnswers(Failure):
    """The script holds answers that nothing asked for."""


class TransactionLeftOpen(Failure):
    """A transaction was begun and neither committed nor rolled back."""


class ConnectionNotReturned(Failure):
    """A connection was taken from a pool and never given back."""


class PoolExhausted(Failure):
    """Every connection of a pool was taken and none came back in time."""


class CallNotFound(Failure):
    """An assertion on the calls found none, or not as many, as it asked for."""


class PredicateFailed(Failure):
    """A predicate of the script raised instead of answering yes or no."""
