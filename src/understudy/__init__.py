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
    from understudy.fake_mysql.fixture import FakeMysql as FakeMysql
    from understudy.fake_postgres.fixture import FakePostgres as FakePostgres
    from understudy.fakes import FakeConnection as FakeConnection
    from understudy.fakes import FakePool as FakePool
    from understudy.fakes import FakeRecord as FakeRecord
    from understudy.fakes import FakeTransaction as FakeTransaction
    from understudy.fakes import FakeTransactionContext as FakeTransactionContext
    from understudy.fakes import dummy as dummy
    from understudy.pg.codecs.json_documents import JsonText as JsonText
    from understudy.plugin.leak_checks.categories import NeverAwaitedWarning as NeverAwaitedWarning
    from understudy.plugin.leak_checks.categories import UnderstudyWarning as UnderstudyWarning
    from understudy.real_mysql.fixture import RealMysql as RealMysql
    from understudy.real_postgres.fixture import RealPostgres as RealPostgres
    from understudy.real_sqlite.fixture import RealSqlite as RealSqlite
    from understudy.script.database_errors import db_error as db_error
    from understudy.script.failures import CallNotFound as CallNotFound
    from understudy.script.failures import ConnectionNotReturned as ConnectionNotReturned
    from understudy.script.failures import Failure as Failure
    from understudy.script.failures import NotRecorded as NotRecorded
    from understudy.script.failures import NotSupported as NotSupported
    from understudy.script.failures import PoolExhausted as PoolExhausted
    from understudy.script.failures import PredicateFailed as PredicateFailed
    from understudy.script.failures import ScriptError as ScriptError
    from understudy.script.failures import ServerBroke as ServerBroke
    from understudy.script.failures import TooManyStatements as TooManyStatements
    from understudy.script.failures import TransactionLeftOpen as TransactionLeftOpen
    from understudy.script.failures import UnexpectedCall as UnexpectedCall
    from understudy.script.failures import UnexpectedStatement as UnexpectedStatement
    from understudy.script.failures import UnusedAnswers as UnusedAnswers
    from understudy.script.failures import WrongArguments as WrongArguments
    from understudy.script.failures import WrongEventLoop as WrongEventLoop

__all__ = [
    "ANY",
    "AnswerImpossible",
    "CallNotFound",
    "ConnectionNotReturned",
    "ErrorImpossible",
    "Failure",
    "FakeConnection",
    "FakeMysql",
    "FakePool",
    "FakePostgres",
    "FakeRecord",
    "FakeTransaction",
    "FakeTransactionContext",
    "JsonText",
    "NeverAwaitedWarning",
    "NotRecorded",
    "NotSupported",
    "ParametersRefused",
    "PoolExhausted",
    "PredicateFailed",
    "RealMysql",
    "RealPostgres",
    "RealSqlite",
    "ScriptError",
    "ServerBroke",
    "StatementRefused",
    "StatementUnknown",
    "TooManyStatements",
    "TransactionLeftOpen",
    "UncheckedWarning",
    "UnderstudyWarning",
    "UnexpectedCall",
    "UnexpectedStatement",
    "UnusedAnswers",
    "WrongArguments",
    "WrongEventLoop",
    "db_error",
    "dummy",
]

_HOMES = {
    "ANY": "unittest.mock",
    "AnswerImpossible": "understudy.catalog.errors",
    "CallNotFound": "understudy.script.failures",
    "ConnectionNotReturned": "understudy.script.failures",
    "ErrorImpossible": "understudy.catalog.errors",
    "Failure": "understudy.script.failures",
    "FakeConnection": "understudy.fakes",
    "FakeMysql": "understudy.fake_mysql.fixture",
    "FakePool": "understudy.fakes",
    "FakePostgres": "understudy.fake_postgres.fixture",
    "FakeRecord": "understudy.fakes",
    "FakeTransaction": "understudy.fakes",
    "FakeTransactionContext": "understudy.fakes",
    "JsonText": "understudy.pg.codecs.json_documents",
    "NeverAwaitedWarning": "understudy.plugin.leak_checks.categories",
    "NotRecorded": "understudy.script.failures",
    "NotSupported": "understudy.script.failures",
    "ParametersRefused": "understudy.catalog.errors",
    "PoolExhausted": "understudy.script.failures",
    "PredicateFailed": "understudy.script.failures",
    "RealMysql": "understudy.real_mysql.fixture",
    "RealPostgres": "understudy.real_postgres.fixture",
    "RealSqlite": "understudy.real_sqlite.fixture",
    "ScriptError": "understudy.script.failures",
    "ServerBroke": "understudy.script.failures",
    "StatementRefused": "understudy.catalog.errors",
    "StatementUnknown": "understudy.catalog.errors",
    "TooManyStatements": "understudy.script.failures",
    "TransactionLeftOpen": "understudy.script.failures",
    "UncheckedWarning": "understudy.catalog.errors",
    "UnderstudyWarning": "understudy.plugin.leak_checks.categories",
    "UnexpectedCall": "understudy.script.failures",
    "UnexpectedStatement": "understudy.script.failures",
    "UnusedAnswers": "understudy.script.failures",
    "WrongArguments": "understudy.script.failures",
    "WrongEventLoop": "understudy.script.failures",
    "db_error": "understudy.script.database_errors",
    "dummy": "understudy.fakes",
}


if not TYPE_CHECKING:  # a type checker shall report a name that is not in __all__

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
