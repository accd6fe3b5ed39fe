"""What to answer, and what was asked: the same for every lane. Imports nothing of ours."""

from understudy.script.calls import Call, CallLog
from understudy.script.failures import (
    CallNotFound,
    ConnectionNotReturned,
    Failure,
    PoolExhausted,
    PredicateFailed,
    ScriptError,
    TransactionLeftOpen,
    UnexpectedCall,
    UnexpectedStatement,
    UnusedAnswers,
    WrongArguments,
)
from understudy.script.rules import Rule, StatementRule
from understudy.script.script import Script
from understudy.script.transactions import Transaction

__all__ = [
    "Call",
    "CallLog",
    "CallNotFound",
    "ConnectionNotReturned",
    "Failure",
    "PoolExhausted",
    "PredicateFailed",
    "Rule",
    "Script",
    "ScriptError",
    "StatementRule",
    "Transaction",
    "TransactionLeftOpen",
    "UnexpectedCall",
    "UnexpectedStatement",
    "UnusedAnswers",
    "WrongArguments",
]
