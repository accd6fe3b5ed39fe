"""Fakes in plain classes, with plain attributes only.

This file replaces the backend's tests/fakes.py. Tests that need more fail with it, and are left out
on both sides.
"""

from typing import Any


class FakeRecord:
    def __init__(self, data: Any, rowcount: int | None = None) -> None:
        self._data = data
        default = data if isinstance(data, int) else 1
        self.rowcount = default if rowcount is None else rowcount

    def result(self) -> Any:
        return self._data


class FakeConnection:
    def __init__(self) -> None:
        self.execute_return: Any = None
        self.fetch_return: Any = None
        self.fetch_row_return: Any = None
        self.fetch_val_return: Any = None
        self.execute_calls: list[tuple[str, Any]] = []
        self.fetch_calls: list[tuple[str, Any]] = []
        self.fetch_val_calls: list[tuple[str, Any]] = []

    def transaction(self) -> "FakeTransaction":
        return FakeTransaction(self)

    async def __aenter__(self) -> "FakeConnection":
        return self

    async def __aexit__(self, *exception: object) -> bool:
        return False

    async def execute(self, stmt: str, parameters: Any = None) -> FakeRecord:
        self.execute_calls.append((stmt, parameters))
        answer = _raised(self.execute_return)
        if isinstance(answer, list) and answer and all(isinstance(rows, list) for rows in answer):
            return FakeRecord(answer.pop(0))
        return FakeRecord(answer)

    async def execute_many(self, stmt: str, parameters_list: Any = None) -> FakeRecord:
        rows = parameters_list or []
        self.execute_calls.append((stmt, rows))
        _raised(self.execute_return)
        return FakeRecord(len(rows))

    async def fetch(self, stmt: str, parameters: Any = None) -> FakeRecord:
        self.fetch_calls.append((stmt, parameters))
        return FakeRecord(_raised(self.fetch_return))

    async def fetch_row(self, stmt: str, parameters: Any = None) -> Any:
        self.fetch_calls.append((stmt, parameters))
        if _raised(self.fetch_row_return) is not None:
            return self.fetch_row_return
        rows = self.fetch_return
        return FakeRecord(rows.pop(0) if isinstance(rows, list) and rows else rows)

    async def fetch_val(self, stmt: str, parameters: Any = None) -> Any:
        self.fetch_val_calls.append((stmt, parameters))
        return _raised(self.fetch_val_return)


class FakeTransaction:
    def __init__(self, connection: FakeConnection) -> None:
        self.connection = connection
        self.execute = connection.execute
        self.execute_many = connection.execute_many
        self.fetch = connection.fetch
        self.fetch_row = connection.fetch_row
        self.fetch_val = connection.fetch_val

    async def __aenter__(self) -> "FakeTransaction":
        return self

    async def __aexit__(self, *exception: object) -> bool:
        return False


FakeTransactionContext = FakeTransaction


def _raised(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


def __getattr__(name: str) -> Any:
    """Let any other name be imported and called; its result fails the test that uses it."""
    if name.startswith("__"):
        raise AttributeError(name)
    return lambda *args, **kwargs: NotImplementedError(name)
