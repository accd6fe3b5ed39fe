"""The fakes have psqlpy's methods, with its signatures; what departs is listed with its reason."""

from __future__ import annotations

import inspect
from typing import Any

import psqlpy
import pytest
from psqlpy import _internal as real

from understudy import FakeConnection, FakePool, FakeRecord, FakeTransaction
from understudy.fakes import FakeCursor, FakePreparedStatement
from understudy.fakes.pool import PoolStatus
from understudy.fakes.record import Record

CAST: dict[str, tuple[type[Any], type[Any]]] = {
    "Connection": (real.Connection, FakeConnection),
    "Transaction": (real.Transaction, FakeTransaction),
    "ConnectionPool": (psqlpy.ConnectionPool, FakePool),
    "Cursor": (real.Cursor, FakeCursor),
    "PreparedStatement": (real.PreparedStatement, FakePreparedStatement),
    "QueryResult": (real.QueryResult, FakeRecord),
    "SingleQueryResult": (real.SingleQueryResult, FakeRecord),
    "Record": (real.Record, Record),
    "ConnectionPoolStatus": (real.ConnectionPoolStatus, PoolStatus),
}
SPECIAL = {
    *("__aenter__", "__aexit__", "__aiter__", "__anext__", "__await__"),
    *("__enter__", "__exit__", "__iter__", "__len__", "__getitem__"),
}

HOW_IT_IS_CONNECTED = {"conn_dbname", "host_addrs", "hosts", "options", "ports", "user"}
# What psqlpy has and the fakes have not.
LEFT_OUT = {
    # A fake is connected to nothing. Code that reads these can be given them: `conn.user = "ana"`.
    "Connection": HOW_IT_IS_CONNECTED,
    # They return an object that Python then refuses to await or to iterate over.
    "Transaction": HOW_IT_IS_CONNECTED | {"__await__", "__aiter__"},
    "Cursor": HOW_IT_IS_CONNECTED | {"__await__"},
    # `listener` opens a connection of its own for LISTEN; `__iter__` gives no iterator.
    "ConnectionPool": {"listener", "__iter__"},
    # The types of a statement's columns are the database's to tell.
    "PreparedStatement": {"columns"},
}
# What the fakes have and psqlpy has not, beside attributes that a test sets and reads.
ADDED = {
    "FakeConnection": {
        *("on", "calls", "assert_called", "transactions"),
        *("execute_return", "fetch_return", "fetch_row_return", "fetch_val_return"),
        *("execute_calls", "fetch_calls", "fetch_val_calls"),
    },
    "FakeTransaction": {"connection", "state"},
    # `release` is for a test that gives a connection back in the place of the code under test.
    "FakePool": {"on", "calls", "assert_called", "transactions", "release"},
    "FakeCursor": set(),
    "FakePreparedStatement": set(),
    # `records` is missing from psqlpy's result of a single row, which is a FakeRecord too.
    "FakeRecord": {"rowcount", "records"},
    "Record": set(),
    "PoolStatus": {"count", "index", "__getitem__", "__iter__", "__len__"},  # of any tuple
}
# The fakes' own names come first; psqlpy's are accepted by keyword.
RENAMED = {"stmt": "querystring", "parameters_list": "parameters"}
STATEMENTS = ("execute", "execute_many", "fetch", "fetch_row", "fetch_val")


def names(cls: type[Any]) -> set[str]:
    found = {name for name in dir(cls) if not name.startswith("_")}
    inherited = set(dir(object))
    return found | {name for name in SPECIAL - inherited if hasattr(cls, name)}


def fake_names(fake: type[Any]) -> set[str]:
    """Of the class and of an instance, whose attributes are set when it is made."""
    instances = {
        FakeConnection: lambda: FakeConnection(),
        FakeTransaction: lambda: FakeTransaction(FakeConnection()),
        FakeCursor: lambda: FakeConnection().cursor("SELECT 1"),
        FakeRecord: lambda: FakeRecord(1),
    }
    made = instances.get(fake, lambda: fake)()
    return names(fake) | {name for name in vars(made) if not name.startswith("_")}


@pytest.mark.parametrize("name", CAST)
def test_the_same_methods(name: str) -> None:
    theirs, ours = CAST[name]
    assert names(theirs) - fake_names(ours) == LEFT_OUT.get(name, set())
    added = fake_names(ours) - names(theirs)
    assert added <= ADDED[ours.__name__], added - ADDED[ours.__name__]


METHODS = [
    (name, method)
    for name, (theirs, ours) in CAST.items()
    for method in sorted(names(theirs) & names(ours))
    if callable(getattr(theirs, method)) and method not in SPECIAL
]


@pytest.mark.parametrize(("name", "method"), METHODS)
def test_the_same_signature(name: str, method: str) -> None:
    theirs, ours = CAST[name]
    expected = parameters(getattr(theirs, method))
    found = parameters(getattr(ours, method))
    if method in STATEMENTS and name in ("Connection", "Transaction"):
        # A statement may be given under either name, so that none is required by the signature.
        assert found.pop("querystring") is None
        if method == "execute_many":
            assert found.pop("parameters") is None
        found = {RENAMED.get(item, item): default for item, default in found.items()}
        expected["querystring"] = None
    assert found == expected
    if method == "execute_many" and name == "Transaction":
        return  # its order: statement, parameters_list, parameters
    assert [*found] == [*expected]


def parameters(method: Any) -> dict[str, object]:
    signature = list(inspect.signature(method).parameters.values())[1:]
    return {
        item.name: "required" if item.default is inspect.Parameter.empty else item.default
        for item in signature
    }
