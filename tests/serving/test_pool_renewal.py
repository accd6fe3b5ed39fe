"""Pools connect again if their connection was ended, and only then."""

from __future__ import annotations

import pytest
from sqlalchemy.pool import QueuePool

from understudy.serving import pool_renewal


class Connection:
    """What SQLAlchemy's pool keeps, with the number that a server has given it."""

    def __init__(self, number: int) -> None:
        self._number = number

    def thread_id(self) -> int:
        return self._number

    def rollback(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture(autouse=True)
def _no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_renewal, "_ended", set[int]())


class Postgres(Connection):
    """The same, with the id of a process."""

    def get_backend_pid(self) -> int:
        return self._number


def opened(*numbers: int, kind: type[Connection] = Connection) -> list[int]:
    """The connections that a pool opens, one at a time, of which it keeps the last."""
    made: list[int] = []

    def creator() -> Connection:
        made.append(numbers[len(made)])
        return kind(made[-1])

    pool = QueuePool(creator)  # type: ignore[arg-type] # it has what the pool calls
    pool.connect().close()
    pool_renewal.renew([7, pool_renewal.FIRST_NUMBER])
    for _ in range(2):
        pool.connect().close()
    return made


def test_an_ended_connection_is_replaced() -> None:
    first = pool_renewal.FIRST_NUMBER
    assert opened(first, first + 1) == [first, first + 1]


def test_a_number_of_a_mysql_of_its_own_is_not_that_of_an_ended_process() -> None:
    assert opened(7) == [7]


def test_a_new_connection_may_have_the_number_of_an_ended_one() -> None:
    assert opened(7, 7, kind=Postgres) == [7, 7]
