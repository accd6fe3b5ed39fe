"""What is asserted of what trials did, and what is not because it varies."""

from __future__ import annotations

import enum
from collections import namedtuple
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tests.write.kept import Job, Record, changes, kept, lines, often, target
from understudy.write.assertions import act, asserted


class Mood(enum.Enum):
    """A value of an application."""

    HAPPY = "happy"


class User(BaseModel):
    """A model of an application."""

    id: int
    name: str
    note: str | None = None
    created_at: datetime | None = None


class Normalized(BaseModel):
    """A model that changes its input."""

    name: str

    def __init__(self, **values: Any) -> None:
        super().__init__(name=values["name"] + "!")


class Refused(Exception):
    """An exception of an application."""

    def __init__(self, status_code: int, detail: str) -> None:
        super().__init__(detail)
        self.status_code, self.detail = status_code, detail


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, "assert result == 7"),
        (None, "assert result is None"),
        (True, "assert result is True"),
        ("Ana", 'assert result == "Ana"'),
        (Decimal("1.50"), 'assert result == Decimal("1.50")'),
        (UUID(int=101), "assert result == UUID(int=101)"),
        (
            datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
            "assert result == datetime(2026, 1, 2, 3, 4, tzinfo=UTC)",
        ),
        (Mood.HAPPY, "assert result == Mood.HAPPY"),
        ([], "assert result == []"),
        ((), "assert result == ()"),
        ({2, 1}, "assert result == {1, 2}"),
        ([3, 1], "assert result == [3, 1]"),
        ({"a": [1]}, 'assert result == {"a": [1]}'),
        (Point(1, 2), "assert result == (1, 2)"),
        (User(id=1, name="Ana"), 'assert result == User(id=1, name="Ana")'),
        ([Job(1, "a")], 'assert result == [Job(id=1, title="a")]'),
        (Record(id=1, a="b"), 'assert dict(result) == {"id": 1, "a": "b"}'),
        ([Record(id=1)], 'assert [dict(row) for row in result] == [{"id": 1}]'),
        (Normalized(name="Ana"), 'assert result.name == "Ana!"'),
    ],
)
def test_a_value_that_is_always_the_same_is_asserted_whole(value: Any, expected: str) -> None:
    def find() -> Any:
        """Return anything."""

    assert lines(kept(often(value), of=target(find))) == [expected]


def test_of_a_long_text_its_length_and_its_beginning_are_asserted() -> None:
    text = "0123456789" * 20
    assert lines(kept(often(text))) == [
        "assert len(result) == 200",
        "assert result.startswith('0123456789012345678901234567890123456789')",
    ]


def test_what_varies_is_left_out_or_asserted_by_its_type() -> None:
    moments = [datetime(2026, 1, day) for day in (1, 2, 3)]

    assert lines(kept(moments)) == ["assert isinstance(result, datetime)"]
    assert lines(kept([User(id=1, name="Ana", created_at=moment) for moment in moments])) == [
        'assert (result.id, result.name, result.note) == (1, "Ana", None)'
    ]
    assert lines(kept([[Job(1, "a", at), Job(2, "b", at)] for at in moments])) == [
        'assert [(item.id, item.title) for item in result] == [(1, "a"), (2, "b")]'
    ]
    assert lines(kept([[{"id": 1, "at": at}] for at in moments])) == [
        'assert [row["id"] for row in result] == [1]'
    ]


def test_an_order_that_varies_is_not_asserted() -> None:
    assert lines(kept([[1, 2], [2, 1], [1, 2]])) == ["assert sorted(result) == [1, 2]"]
    jobs = [{"id": 2, "title": "b"}, {"id": 1, "title": "a"}]
    assert lines(kept([jobs, jobs[::-1], jobs])) == [
        'assert sorted((row["id"], row["title"]) for row in result) == [(1, "a"), (2, "b")]'
    ]


def test_the_order_may_vary_with_what_is_no_part_of_it() -> None:
    """The time at which a row was written differs in each run, and NULL cannot be sorted."""
    runs = [
        [{"id": 2, "note": None, "at": at}, {"id": 1, "note": "a", "at": at}] for at in range(3)
    ]
    runs[1].reverse()

    assert lines(kept(runs)) == ['assert sorted(row["id"] for row in result) == [1, 2]']


def test_all_columns_are_asserted_where_two_may_be_swapped() -> None:
    columns = dict(zip("abcdef", range(6), strict=True))
    some = kept([[{**columns, "at": at}] for at in range(3)])
    names = ", ".join(f'row["{name}"]' for name in columns)

    assert lines(some) == [
        f"assert [({names.rpartition(', ')[0]}) for row in result] == [(0, 1, 2, 3, 4)]"
    ]
    assert lines(asserted(replace(some, is_whole=True))) == [
        f"assert [({names}) for row in result] == [(0, 1, 2, 3, 4, 5)]"
    ]


def test_a_type_checker_is_told_that_an_answer_is_not_none() -> None:
    async def find() -> User | None:
        """Return a user."""
        return None

    one = kept([User(id=1, name=name) for name in "abc"], of=target(find))
    assert lines(one) == [
        "assert result is not None",
        "assert (result.id, result.note, result.created_at) == (1, None, None)",
    ]
    assert lines(kept(often(None), of=target(find))) == ["assert result is None"]


def test_rows_that_were_changed() -> None:
    one = kept(often(None), changed=[changes(updated={"jobs": [{"id": 102, "status": "done"}]})])

    assert lines(one) == ['assert changes.updated == {"jobs": [{"id": 102, "status": "done"}]}']
    assert act(one) == [
        "with real_postgres.changes() as changes:",
        "    await JobDAO(conn).find()",
    ]


def test_a_new_key_is_the_one_that_was_returned() -> None:
    keys = [1, 1002, 1]
    rows = [changes(inserted={"jobs": [{"id": key, "title": "a"}]}) for key in keys]

    assert lines(kept(keys, changed=rows)) == [
        'assert changes.inserted == {"jobs": [{"id": result, "title": "a"}]}'
    ]
    assert lines(kept([Job(key, "a") for key in keys], changed=rows)) == [
        'assert (result.title, result.at) == ("a", None)',
        'assert changes.inserted == {"jobs": [{"id": result.id, "title": "a"}]}',
    ]


def test_of_a_wide_row_the_columns_of_the_insert_are_asserted() -> None:
    insert = SimpleNamespace(
        error=None,
        kind="statement",
        call=SimpleNamespace(statement="INSERT INTO public.jobs (title, data) VALUES ($1, $2)"),
    )
    wide = {f"column_{number}": None for number in range(9)}
    rows = [
        changes(inserted={"jobs": [{"id": key, "title": "a", "data": {"n": 1}, **wide}]})
        for key in (1, 1002, 1)
    ]

    assert lines(kept(often(None), changed=rows, events=[insert])) == [
        'assert [(row["title"], row["data"]) for row in changes.inserted["jobs"]] == '
        '[("a", {"n": 1})]'
    ]


def test_that_nothing_changed_is_asserted_where_something_could_have() -> None:
    update = SimpleNamespace(
        error=None, kind="statement", call=SimpleNamespace(statement="UPDATE jobs SET n = 1")
    )
    assert lines(kept(often(False), events=[update])) == [
        "assert result is False",
        "assert not changes",
    ]
    assert lines(kept(often(None))) == ["assert not changes"]
    assert lines(kept(often(5))) == ["assert result == 5"]


def test_an_exception_and_what_it_says() -> None:
    one = kept(raised=often(Refused(404, "no job")))
    assert lines(one) == [
        'assert (raised.value.status_code, raised.value.detail) == (404, "no job")'
    ]
    assert act(one) == ["with pytest.raises(Refused) as raised:", "    await JobDAO(conn).find()"]

    taken = asyncpg.UniqueViolationError("duplicate key")
    taken.constraint_name = "jobs_title_key"
    one = kept(raised=often(taken))
    assert lines(one) == ['assert raised.value.constraint_name == "jobs_title_key"']
    assert act(one)[0] == "with pytest.raises(UniqueViolationError) as raised:"
    assert lines(kept(raised=often(LookupError("too long")))) == [
        'assert str(raised.value) == "too long"'
    ]
    one = kept(raised=[ValueError(text) for text in "abc"])
    assert lines(one) == []
    assert act(one) == ["with pytest.raises(ValueError):", "    await JobDAO(conn).find()"]


@pytest.mark.parametrize(("file", "after"), [(__file__, []), ("dao.py", ["    session.commit()"])])
def test_what_follows_the_call_is_in_the_test_if_it_raises(file: str, after: list[str]) -> None:
    """The rows of a session that does not flush are refused by its commit."""
    try:
        raise ValueError("refused")
    except ValueError as error:
        one = kept(raised=[error], of=target(file=file, after=("session.commit()",)))

    assert act(one)[1:] == ["    await JobDAO(conn).find()", *after]


def test_the_constraint_of_an_error_of_sqlalchemy() -> None:
    original = Exception()
    original.__cause__ = asyncpg.UniqueViolationError('violates "jobs_title_key"')
    original.__cause__.constraint_name = "jobs_title_key"
    error = IntegrityError("INSERT", {}, original)
    error.args = ('violates "jobs_title_key"',)

    assert lines(kept(raised=often(error))) == ['assert "jobs_title_key" in str(raised.value)']


def test_nothing_is_an_answer_of_a_function_without_a_hint_that_returns_values() -> None:
    def find(job_id: int):  # type: ignore[no-untyped-def]  # that is the point
        return job_id or None

    assert lines(kept(often(None), of=target(find))) == ["assert result is None"]


class _Base(DeclarativeBase):
    pass


class Task(_Base):
    """A table of an application."""

    __tablename__ = "tasks"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    status: Mapped[str]
    note: Mapped[str | None]
    owner: Mapped[str | None]
    priority: Mapped[str | None]


def test_of_an_object_of_an_orm_each_column_that_says_something_is_asserted() -> None:
    def find() -> Task | None:
        """Return a task."""
        return None

    values = {"priority": None, "title": "A title " * 6, "id": 101, "status": "open, " * 6}
    tasks = [Task(**values, note=None, owner=None) for _ in range(3)]

    assert lines(kept(tasks, of=target(find))) == [
        "assert result is not None",
        "assert result.id == 101",
        f'assert result.title == "{"A title " * 6}"',
        f'assert result.status == "{"open, " * 6}"',
    ]


def test_the_fields_of_an_object_in_a_row_are_those_of_the_row() -> None:
    """As `select(Task, count())` returns them."""
    rows = [
        [{"Task": Task(id=101, title="a"), "jobs": 2}, {"Task": Task(id=102, title="b"), "jobs": 0}]
        for _ in range(3)
    ]
    expected = [(101, "a", 2), (102, "b", 0)]

    assert lines(kept(rows)) == [
        'assert [(row["Task"].id, row["Task"].title, row["jobs"]) for row in result] == '
        f"{expected}".replace("'", '"')
    ]
    rows[1].reverse()
    assert lines(kept(rows)) == [
        'assert sorted((row["Task"].id, row["Task"].title, row["jobs"]) for row in result) == '
        f"{expected}".replace("'", '"')
    ]


def test_what_an_inserted_row_has_in_common_with_the_object_is_asserted_once() -> None:
    """The key, which is another one each time, tells that the row is the object's."""
    values = {"title": "A title " * 6, "status": "open", "note": "late " * 6, "owner": "Ana"}
    tasks = [Task(id=at, **values, priority="high") for at in (1, 2, 3)]
    rows = [{"id": at, **values, "priority": "low"} for at in (1, 2, 3)]
    insert = "INSERT INTO tasks (title, status, note, owner) VALUES ($1, $2, $3, $4) RETURNING id"
    event = SimpleNamespace(error=None, kind="statement", call=SimpleNamespace(statement=insert))
    changed = [changes(inserted={"tasks": [one]}) for one in rows]

    assert lines(kept(tasks, changed=changed, events=[event])) == [
        'assert result.priority == "high"',
        'assert [(row["id"], row["title"], row["status"], row["note"], row["owner"]) for row in '
        f'changes.inserted["tasks"]] == [(result.id, "{"A title " * 6}", "open", "{"late " * 6}", '
        '"Ana")]',
    ]


def test_imports_are_only_those_that_the_assertions_need() -> None:
    assert kept(often(User(id=1, name="Ana"))).imports == (
        "from tests.write.test_assertions import User",
    )
    assert kept([datetime(2026, 1, day) for day in (1, 2, 3)]).imports == (
        "from datetime import datetime",
    )
