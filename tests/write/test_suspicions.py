"""What looks like a bug is not blessed: the test asserts what should be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.write.kept import changes, kept, row, target
from understudy.pg.errors import ErrorFields
from understudy.write.assertions import act
from understudy.write.trials import Argument, Expression, Kept

CALL = "await JobDAO(conn).find()"


class Failed(Exception):
    """An exception of an application."""

    status_code = 500


def event(**fields: Any) -> Any:
    """Return a call to the database."""
    given: dict[str, Any] = {
        "kind": "statement",
        "id": SimpleNamespace(kind="statement", statement="UPDATE jobs SET n = ?"),
        "call": SimpleNamespace(statement="UPDATE jobs SET n = 1", transaction=None),
        "tag": None,
        "error": None,
        "is_lost": False,
    }
    return SimpleNamespace(**given | fields)


def deleting(*keys: int, given: str) -> Kept:
    return kept(
        [None],
        changed=[changes(deleted={"jobs": [{"id": key} for key in keys]})],
        of=target(arguments=(Argument("job_id", int),)),
        arguments={"job_id": Expression(given)},
        rows=(row("jobs", id=101), row("jobs", id=102)),
    )


def test_a_write_to_every_row_although_a_key_is_given() -> None:
    one = deleting(101, 102, given="101")

    assert one.suspicion == "JobDAO.find deletes every row of jobs, not only that with id 101"
    assert one.assertions == ('assert [row["id"] for row in changes.deleted["jobs"]] == [101]',)


@pytest.mark.parametrize("one", [deleting(101, given="101"), deleting(101, 102, given="7")])
def test_a_write_to_the_rows_that_were_meant(one: Kept) -> None:
    assert one.suspicion == ""


def test_a_server_error_without_a_fault() -> None:
    one = kept(raised=[Failed()])

    assert one.suspicion == "JobDAO.find raises a 500 for what is no fault of the server"
    assert one.assertions == ("assert raised.value.status_code < 500",)
    assert act(one) == ["with pytest.raises(Failed) as raised:", f"    {CALL}"]
    assert kept(raised=[Failed()], purpose="fault").suspicion == ""


def test_a_mistake_of_the_code_is_not_what_it_should_raise() -> None:
    one = kept(raised=[AttributeError("'NoneType' object has no attribute 'id'")])

    assert one.suspicion == (
        "JobDAO.find raises AttributeError: 'NoneType' object has no attribute 'id'"
    )
    assert act(one) == [CALL]


def test_a_failure_of_the_database_that_nobody_hears_of() -> None:
    lost = event(error=ErrorFields("40001", "could not serialize access"))
    one = kept([None], events=[lost], purpose="fault")

    assert one.suspicion == "JobDAO.find succeeds although the database refused its UPDATE jobs SET"
    assert act(one) == ["with pytest.raises(Exception):", f"    {CALL}"]
    assert kept([None], events=[lost, event(tag="UPDATE 1")], purpose="fault").suspicion == ""
    taken = event(error=ErrorFields("23505", "duplicate key"))
    assert kept([False], events=[taken], purpose="fault").suspicion == ""


def test_a_write_that_stays_although_the_call_has_raised() -> None:
    inserted = changes(inserted={"jobs": [{"id": 1}]})
    one = kept(raised=[LookupError()], changed=[inserted], events=[event(tag="INSERT 0 1")])

    assert one.suspicion == "JobDAO.find raises LookupError and keeps what it wrote to jobs"
    assert one.assertions == ("assert not changes",)
    assert kept(raised=[LookupError()], changed=[inserted]).suspicion == ""


def test_wrong_sql_is_no_behaviour_even_if_the_code_hides_it() -> None:
    refused = event(error=ErrorFields("42703", 'column "tilte" does not exist'))

    one = kept([None], events=[refused])

    assert one.suspicion == (
        'JobDAO.find sends SQL that PostgreSQL refuses: column "tilte" does not exist'
    )
    assert act(one) == ["with pytest.raises(Exception):", f"    {CALL}"]
