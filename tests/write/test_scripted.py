"""Trials on a real PostgreSQL as tests on a fake."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tests.write.kept import Job, kept, row, target
from understudy.init.connections import Opening
from understudy.record.calls import rows_kept
from understudy.script import boundary
from understudy.script.boundary import Answer, CallId, Event
from understudy.write.scripted import NotScripted, scripted
from understudy.write.trials import Kept

PSQLPY = Opening("conn", "conn = await real_postgres.psqlpy.connect()")
SELECT = "SELECT id, title FROM jobs WHERE id = $1"


def event(statement: str = SELECT, parameters: Sequence[Any] = (101,), **fields: Any) -> Any:
    call = SimpleNamespace(
        statement=statement,
        parameters=parameters,
        rule=None,
        origin=SimpleNamespace(place="app/jobs.py:7"),
        transaction=None,
    )
    given: dict[str, Any] = {
        "tag": "SELECT 1",
        "ended": 2,
        "answer": Answer(("id", "title"), (23, 25), (0, 0), ((b"101", b"a"),)),
    } | fields
    return Event(CallId("", "statement", statement, 1), "statement", call, None, "call", **given)


def trial(*events: Any, opening: Opening = PSQLPY, script: tuple[str, ...] = ()) -> Kept:
    one = kept([Job(101, "a")] * 2, of=target(openings=(opening,)), rows=(row("jobs", id=101),))
    one.trial = dataclasses.replace(one.trial, script=script)
    one.observed = [dataclasses.replace(seen, events=events) for seen in one.observed]
    return one


def test_the_rows_become_the_script_of_fake_postgres() -> None:
    script = (
        'other = real_postgres.insert("jobs")',
        'real_postgres.on("COMMIT").raises(db_error("40001"))',
        "mail = dummy(Mail)",
    )
    one = scripted(trial(event(), script=script), "fake_postgres", 84).trial

    assert one.rows == ()
    assert one.target.fixtures == (("fake_postgres", "FakePostgres"),)
    assert [opening.line for opening in one.target.openings] == [
        "conn = await fake_postgres.psqlpy.connect()"
    ]
    assert "\n".join(one.script) == (
        f'fake_postgres.on("{SELECT}", 101).row(\n    id=101, title="a"\n)\n'
        'fake_postgres.on("COMMIT").raises(db_error("40001"))\n'
        "mail = dummy(Mail)"
    )


def test_on_fakes_the_connection_has_the_script() -> None:
    one = scripted(trial(event()), "fakes", 100).trial

    assert one.target.fixtures == ()
    assert one.target.openings == ()
    assert one.script == (
        "conn = FakeConnection()",
        f'conn.on("{SELECT}", 101).row(id=101, title="a")',
    )
    assert one.imports == ("from understudy import FakeConnection",)


def test_what_has_no_script_is_refused() -> None:
    asyncpg = Opening("conn", "conn = await real_postgres.asyncpg.connect()")
    with pytest.raises(NotScripted) as raised:
        scripted(trial(event(), opening=asyncpg), "fakes", 84)
    assert str(raised.value) == (
        "FakeConnection stands for a connection of psqlpy alone; write with --on fake_postgres"
    )
    with pytest.raises(NotScripted) as raised:
        scripted(trial(event(is_lost=True)), "fake_postgres", 84)
    assert str(raised.value) == "the connection was lost when a statement had been sent"


def test_a_trial_without_a_database_stays_as_it_is() -> None:
    one = trial(event())
    one.trial = dataclasses.replace(one.trial, target=target(fixtures=()))

    assert scripted(one, "fake_postgres", 84) is one


def test_rows_of_answers_are_kept_only_meanwhile() -> None:
    before = len(boundary.watchers), boundary.kept_rows
    with rows_kept():
        assert len(boundary.watchers) == before[0] + 1
        assert boundary.kept_rows > before[1]
    assert (len(boundary.watchers), boundary.kept_rows) == before
