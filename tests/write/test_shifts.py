"""The shift of what a test must not depend on."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from understudy import FakePostgres
from understudy.plugin.fixtures import name_of_test
from understudy.write import expected, fingerprint
from understudy.write.shifts import later, other_values, shift
from understudy.write.trials import Observation

_OF_DATES = """
import datetime as dt
from datetime import date, datetime


def days():
    return [date.today(), datetime.now().date(), dt.date.today(), dt.datetime.now(dt.UTC).date()]


def is_known(value):
    return isinstance(value, date), isinstance(value, dt.datetime), type(datetime(2026, 1, 2))
"""


def test_no_rule_for_a_commit_answers_it(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("DO ...")

    shift(fake_postgres)

    assert [call.statement.split()[0] for call in fake_postgres.calls] == ["DO"]


def test_generated_values_are_others_for_a_while(request: pytest.FixtureRequest) -> None:
    """They depend on the test's name, which is another one in the written file."""
    item = request.node
    before = name_of_test(item)

    with other_values(item):
        during = name_of_test(item)

    assert during != before
    assert name_of_test(item) == before


def test_it_is_later_for_the_code_of_the_project_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("shop_days")
    exec(_OF_DATES, vars(module))
    monkeypatch.setitem(sys.modules, "shop_days", module)
    today = datetime.date.today()

    with later("shop_days.inner", tmp_path):
        found = [day - today for day in module.days()]
        kinds = module.is_known(today)
        known = datetime.date.today()

    # The day may end while this runs, and UTC may have another one.
    assert {36, 37, 38, 39} >= {one.days for one in found}
    assert (known - today).days in (0, 1)
    assert kinds == (True, False, datetime.datetime)
    assert module.date is datetime.date


@pytest.mark.parametrize("made", [lambda day: day, "on {}".format])
def test_the_day_of_the_run_varies(made: Callable[[datetime.date], object]) -> None:
    value = made(datetime.date.today())
    runs = [Observation(answer=value), Observation(answer=value)]

    assert fingerprint.stable(runs)["answer"] is fingerprint.VARIES
    assert isinstance(expected.expected([value, value]), expected.Varying)


@pytest.mark.parametrize(
    ("value", "has_dates"),
    [
        ({"a": [datetime.date(2026, 1, 2)]}, True),
        (fingerprint.Unordered(("until 2026-01-02",)), True),
        ([1, "2026", None], False),
    ],
)
def test_what_has_dates_is_tried_on_another_day(value: object, *, has_dates: bool) -> None:
    assert fingerprint.has_dates(value) is has_dates
