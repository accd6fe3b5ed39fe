"""Fakes that know their lines: testing async Python backends with databases.

Every public name is imported when it is first used, so that a test run pays only for what its
tests touch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from unittest.mock import ANY as ANY

    from understudy.catalog.errors import AnswerImpossible as AnswerImpossible
    from understudy.catalog.errors import ErrorImpossible as ErrorImpossible
    from understudy.catalog.errors import ParametersRefused as ParametersRefused
    from understudy.catalog.errors import StatementRefused as StatementRefused
    from understudy.catalog.errors import StatementUnknown as StatementUnknown
    from understudy.catalog.errors import UncheckedWarning as UncheckedWarning
    from understudy.fakes import FakeConnection as FakeConnection
    from understudy.fakes import FakePool as FakePool
    from understudy.fakes import FakeRecord as FakeRecord
    from understudy.fakes import FakeTransaction as FakeTransaction
    from understudy.fakes import FakeTransactionContext as FakeTransactionContext
    from understudy.fakes import dummy as dummy
    from understudy.script import CallNotFound as CallNotFound
    from understudy.script import ConnectionNotReturned as ConnectionNotReturned
    from understudy.script import Failure as Failure
    from understudy.script import PoolExhausted as PoolExhausted
    from understudy.script import PredicateFailed as PredicateFailed
    from understudy.script import ScriptError as ScriptError
    from understudy.script import TransactionLeftOpen as TransactionLeftOpen
    from understudy.script import UnexpectedCall as UnexpectedCall
    from understudy.script import UnexpectedStatement as UnexpectedStatement
    from understudy.script import UnusedAnswers as UnusedAnswers
    from understudy.script import WrongArguments as WrongArguments
    from understudy.script.database_errors import db_error as db_error

__all__ = [
    "ANY",
    "AnswerImpossible",
    "CallNotFound",
    "ConnectionNotReturned",
    "ErrorImpossible",
    "Failure",
    "FakeConnection",
    "FakePool",
    "FakeRecord",
    "FakeTransaction",
    "FakeTransactionContext",
    "ParametersRefused",
    "PoolExhausted",
    "PredicateFailed",
    "ScriptError",
    "StatementRefused",
    "StatementUnknown",
    "TransactionLeftOpen",
    "UncheckedWarning",
    "UnexpectedCall",
    "UnexpectedStatement",
    "UnusedAnswers",
    "WrongArguments",
    "db_error",
    "dummy",
]

_HOMES = {
    "ANY": "unittest.mock",
    "AnswerImpossible": "understudy.catalog.errors",
    "CallNotFound": "understudy.script",
    "ConnectionNotReturned": "understudy.script",
    "ErrorImpossible": "understudy.catalog.errors",
    "Failure": "understudy.script",
    "FakeConnection": "understudy.fakes",
    "FakePool": "understudy.fakes",
    "FakeRecord": "understudy.fakes",
    "FakeTransaction": "understudy.fakes",
    "FakeTransactionContext": "understudy.fakes",
    "ParametersRefused": "understudy.catalog.errors",
    "PoolExhausted": "understudy.script",
    "PredicateFailed": "understudy.script",
    "ScriptError": "understudy.script",
    "StatementRefused": "understudy.catalog.errors",
    "StatementUnknown": "understudy.catalog.errors",
    "TransactionLeftOpen": "understudy.script",
    "UncheckedWarning": "understudy.catalog.errors",
    "UnexpectedCall": "understudy.script",
    "UnexpectedStatement": "understudy.script",
    "UnusedAnswers": "understudy.script",
    "WrongArguments": "understudy.script",
    "db_error": "understudy.script.database_errors",
    "dummy": "understudy.fakes",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'understudy' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names before any of them was imported."""
    return [*__all__, "__version__"]
