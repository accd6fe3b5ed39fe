"""How the functions of a module share the time for trying them."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from understudy.write import budget
from understudy.write.budget import PATIENCE, Budget


class Time:
    """A time that passes only when a test says so."""

    def __init__(self) -> None:
        self.cpu = 0.0
        self.clock = 0.0

    def work(self, seconds: float) -> None:
        """Let a process work on a machine that does nothing else."""
        self.cpu += seconds
        self.clock += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The time of the budgets."""
    time = Time()
    clocks = SimpleNamespace(process_time=lambda: time.cpu, monotonic=lambda: time.clock)
    monkeypatch.setattr(budget, "time", clocks)
    return time


class Work:
    """Work whose steps take a second each."""

    def __init__(self, time: Time, steps: int, *, may_stop: bool = True) -> None:
        self.done = 0
        self._time = time
        self._steps = steps
        self._may_stop = may_stop

    def run(self) -> Iterator[bool]:
        """Yield after each step whether the work may stop there."""
        for _ in range(self._steps):
            self._time.work(1)
            self.done += 1
            yield self._may_stop


def test_cpu_time_is_spent(time: Time) -> None:
    spent = Budget(60)
    time.work(20)

    assert spent.spent() == 20


def test_waiting_is_spent_at_a_lower_rate(time: Time) -> None:
    spent = Budget(60)
    time.clock += 40

    assert spent.spent() == 40 / PATIENCE


def test_a_busy_machine_costs_nothing(time: Time) -> None:
    spent = Budget(60)
    time.cpu += 20
    time.clock += 20 * PATIENCE

    assert spent.spent() == 20


def test_each_has_an_equal_share(time: Time) -> None:
    first, second = Work(time, 100), Work(time, 100)

    Budget(60).share([first.run(), second.run()], 60)

    assert abs(first.done - second.done) <= 1
    assert first.done + second.done in (60, 61)


def test_what_one_leaves_is_for_those_before_it_too(time: Time) -> None:
    long, short = Work(time, 50), Work(time, 5)

    Budget(60).share([long.run(), short.run()], 60)

    assert (long.done, short.done) == (50, 5)


def test_each_takes_a_step_without_time(time: Time) -> None:
    spent = Budget(60)
    time.work(90)
    works = [Work(time, 10), Work(time, 10)]

    spent.share([work.run() for work in works], 60)

    assert [work.done for work in works] == [1, 1]


def test_what_must_not_stop_goes_on_for_a_while(time: Time) -> None:
    work = Work(time, 100, may_stop=False)

    Budget(10).share([work.run()], 10)

    assert 20 <= work.done <= 22
