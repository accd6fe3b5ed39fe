"""Tests are written without the rows and columns that make no difference."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tests.write.kept import row, target
from tests.write.test_planted import column
from understudy.catalog.schema_reader import DatabaseConstraint
from understudy.mutate.column_uses import ColumnId
from understudy.mutate.mutants import Mutant
from understudy.rows.table_facts import Schema, Table
from understudy.write import fingerprint, shortening
from understudy.write.candidates import Candidate
from understudy.write.readings import Comparison, Reading
from understudy.write.rendering import row_line
from understudy.write.shorter_trials import Shortener, is_long, named, tells, used_columns
from understudy.write.spelling import evaluated
from understudy.write.trials import Observation, Trial

Job = dict[str, Any]
_COLUMNS = (
    column("id", "int8"),
    column("team_id", "int8", not_null=False),
    column("title", "text"),
    column("status", "text"),
    column("note", "text", not_null=False),
)
JOBS = Table(1, "public", "jobs", "r", 0, columns=_COLUMNS)
TEAMS = Table(2, "public", "teams", "r", 0, columns=(column("id", "int8"),))
SCHEMA = Schema({1: JOBS, 2: TEAMS}, {"jobs": 1, "teams": 2}, {})
_TITLE, _STATUS = ColumnId(1, "title"), ColumnId(1, "status")
READING = Reading(comparisons=[Comparison(_STATUS, "=", "open")], sorts=[[_TITLE]])


def _mutant(name: str) -> Mutant:
    return Mutant(name, "SELECT", "SELECT", 0, 0, name)


def _open_titles(jobs: list[Job]) -> list[str]:
    """Do what the statement does: SELECT title FROM jobs WHERE status = 'open' ORDER BY title."""
    return sorted(job.get("title", "made up") for job in jobs if job.get("status") == "open")


# What wrong SQL does.
WRONG: dict[Mutant, Callable[[list[Job]], list[str]]] = {
    _mutant("without WHERE"): lambda jobs: sorted(job.get("title", "made up") for job in jobs),
    _mutant("DESC"): lambda jobs: _open_titles(jobs)[::-1],
}
NO_WHERE, DESC = WRONG


class Database:
    """Runs trials as a database with jobs and teams would."""

    def __init__(self) -> None:
        self.runs = 0
        self.refused = 0

    def observe(self, trial: Trial) -> Observation:
        """Return the titles of the open jobs."""
        return self._run(trial, _open_titles)

    def notices(
        self, trial: Trial, pattern: Any, mutant: Mutant, fields: Set[str] | None = None
    ) -> bool:
        """Return whether wrong SQL finds something else."""
        seen = fingerprint.shown(self._run(trial, WRONG[mutant]), fields)
        return not fingerprint.fits(pattern, seen)

    def _run(self, trial: Trial, statement: Callable[[list[Job]], list[str]]) -> Observation:
        self.runs += 1
        rows = [(one.table, {n: evaluated(v) for n, v in one.values}) for one in trial.rows]
        teams = {values.get("id") for table, values in rows if table == "teams"}
        jobs = [values for table, values in rows if table == "jobs"]
        if any(job.get("team_id") not in {None, *teams} for job in jobs):
            self.refused += 1
            return Observation(problem="the team is not there")
        return Observation(answer=statement(jobs), arcs=frozenset({(1, 2)}))


def _job(number: int, status: str, **more: Any) -> Any:
    return row("jobs", id=number, team_id=101, title=f"title {number}", status=status, **more)


MANY = Trial(
    target(),
    (
        row("teams", id=102),
        row("teams", id=101),
        *(_job(number, "open", note="note") for number in (101, 102, 103)),
        *(_job(number, "done") for number in (104, 105)),
    ),
    purpose="rows",
    scenario="among_others",
)


def _shorten(shortener: Shortener, reading: Reading, schema: Schema) -> None:
    list(shortener.coarsely(reading, schema))
    list(shortener.finely(reading, schema))


def _shortened(trial: Trial, *needed: object) -> list[str]:
    database: Any = Database()
    first = database.observe(trial)
    shortener = Shortener(trial, first, set(needed), database, database, lambda seen: {*seen.arcs})
    _shorten(shortener, READING, SCHEMA)
    assert shortener.holds(shortener.trial)
    return [row_line(one).removeprefix("real_postgres.insert") for one in shortener.trial.rows]


@pytest.mark.parametrize(
    ("needed", "rows"),
    [
        ([NO_WHERE], [(102, "open"), (104, "done")]),
        ([DESC], [(102, "open"), (103, "open")]),
        ([NO_WHERE, DESC], [(102, "open"), (103, "open"), (104, "done")]),
        ([(1, 2)], [(101, "open")]),
    ],
)
def test_rows_stay_that_a_mutant_needs(needed: list[object], rows: list[tuple[int, str]]) -> None:
    """The team goes with the column that refers to it; so do the ids and the notes."""
    expected = [f'("jobs", title="title {n}", status="{status}")' for n, status in rows]

    assert _shortened(MANY, *needed) == expected


def test_a_condition_has_two_values_in_one_of_the_tests() -> None:
    """Else it is never false in any of them."""
    database: Any = Database()
    told: set[object] = set()
    kept = []
    for _ in range(2):
        shortener = Shortener(
            MANY, database.observe(MANY), {(1, 2)}, database, None, lambda s: {*s.arcs}, told
        )
        _shorten(shortener, READING, SCHEMA)
        told |= tells(shortener.trial.rows, SCHEMA, used_columns(READING))
        kept.append([dict(one.values)["status"].text for one in shortener.trial.rows])

    assert kept == [['"open"', '"done"'], ['"open"']]


class Clock(Database):
    """Returns the time of the run, too."""

    def _run(self, trial: Trial, statement: Callable[[list[Job]], list[str]]) -> Observation:
        seen = super()._run(trial, statement)
        return replace(seen, answer={"titles": seen.answer, "at": self.runs})


def test_a_time_that_varies_tells_no_mutant() -> None:
    """Of two runs that differ by themselves, no wrong SQL is the reason."""
    clock: Any = Clock()
    first = clock.observe(MANY)
    shortener = Shortener(MANY, first, {NO_WHERE}, clock, clock, lambda seen: {*seen.arcs})

    _shorten(shortener, READING, SCHEMA)

    assert [row_line(one).rpartition(", ")[2] for one in shortener.trial.rows] == [
        'status="done")',
    ]


def test_no_row_is_left_out_if_that_is_another_kind_of_outcome() -> None:
    """Without any open job the list is empty."""
    (only,) = _shortened(MANY, (1, 2))

    assert 'status="open"' in only


def test_a_trial_for_its_arguments_needs_no_rows() -> None:
    """The list is empty with and without the rows."""
    trial = Trial(target(), (MANY.rows[1], *MANY.rows[-2:]), purpose="fault")

    assert _shortened(trial, (1, 2)) == []


def test_a_scenario_that_is_about_its_rows_keeps_them() -> None:
    """Only the rows go that change nothing."""
    trial = Trial(target(), MANY.rows[:4], purpose="rows", scenario="with_a_taken_title")

    assert _shortened(trial, (1, 2)) == [
        f'("jobs", title="title {n}", status="open")' for n in (101, 102)
    ]


def test_what_a_check_of_several_columns_names_is_shown() -> None:
    """`insert` would find another value that passes, and nobody would see which."""
    check: Any = SimpleNamespace(columns=("note", "team_id"))
    schema = Schema({**SCHEMA.tables, 1: replace(JOBS, checks=(check,))}, SCHEMA.names, {})
    database: Any = Database()
    shortener = Shortener(
        MANY, database.observe(MANY), {(1, 2)}, database, None, lambda seen: {*seen.arcs}
    )

    _shorten(shortener, READING, schema)

    assert [row_line(one).partition(", ")[2] for one in shortener.trial.rows] == [
        "id=101)",
        'team_id=101, title="title 101", status="open", note="note")',
    ]


class Api(Database):
    """Answers a request with the titles."""

    def observe(self, trial: Trial) -> Observation:
        """Return the response."""
        seen = super().observe(trial)
        seen.answer = httpx.Response(200, json=seen.answer)
        return seen


def test_a_response_stays_as_long_as_it_is() -> None:
    """Rows that it shows are not left out, although a shorter list is the same kind of response."""
    api: Any = Api()
    trial = replace(MANY, target=target(layer="router"), purpose="values")
    shortener = Shortener(trial, api.observe(trial), {(1, 2)}, api, None, lambda s: {*s.arcs})

    _shorten(shortener, READING, SCHEMA)

    assert api.observe(shortener.trial).answer.json() == ["title 101", "title 102", "title 103"]
    assert len(shortener.trial.rows) < len(trial.rows)


def test_what_no_condition_compares_is_left_out_where_it_does_not_show() -> None:
    """The value that `insert` makes up is another in each test, so nothing may depend on it."""
    plain = Reading(comparisons=[Comparison(_STATUS, "=", "open")])
    database: Any = Database()
    shortener = Shortener(
        MANY, database.observe(MANY), {NO_WHERE}, database, database, lambda seen: {*seen.arcs}
    )

    _shorten(shortener, plain, SCHEMA)

    assert [row_line(one) for one in shortener.trial.rows] == [
        'real_postgres.insert("jobs", title="title 102", status="open")',
        'real_postgres.insert("jobs", status="done")',
    ]


def test_a_jump_that_only_this_test_shows_is_kept() -> None:
    """Nothing is shortened that would lose it."""
    database: Any = Database()
    shortener = Shortener(MANY, database.observe(MANY), {(8, 9)}, database, None, lambda _: set())

    _shorten(shortener, READING, SCHEMA)

    assert shortener.trial is MANY


def test_of_many_rows_few_trials_tell_which_stay() -> None:
    database: Any = Database()
    rows = (row("teams", id=101), *(_job(n, "done") for n in range(101, 133)), _job(200, "open"))
    trial = Trial(target(), rows, purpose="rows", scenario="among_others")
    shortener = Shortener(
        trial, database.observe(trial), {(1, 2)}, database, None, lambda s: s.arcs
    )

    _shorten(shortener, READING, SCHEMA)

    assert len(shortener.trial.rows) == 1
    assert database.runs < len(rows)


def test_what_the_foreign_keys_refuse_is_not_tried() -> None:
    key = DatabaseConstraint(
        1, 0, "jobs_team_fk", "f", ("team_id",), (), 2, ("id",), False, False, "", ""
    )
    keyed = Schema({1: replace(JOBS, foreign_keys=(key,)), 2: TEAMS}, SCHEMA.names, {})
    joined = replace(READING, links=[[ColumnId(1, "team_id"), ColumnId(2, "id")]])
    refused = []
    for schema in (SCHEMA, keyed):
        database: Any = Database()
        needed = {NO_WHERE, DESC}
        shortener = Shortener(
            MANY, database.observe(MANY), needed, database, database, lambda s: s.arcs
        )
        _shorten(shortener, joined, schema)
        refused.append((database.refused, shortener.trial))

    (often, one), (seldom, other) = refused
    assert one == other
    assert seldom < often


def test_only_rows_that_take_lines_are_worth_it() -> None:
    few = Trial(target(), (row("teams", id=101), row("teams", id=102)))
    wide = row("jobs", id=101, title="a" * 15 + "b" * 30, status="open", note="as long as the rest")

    assert not is_long(few)
    assert is_long(replace(few, purpose="fault"))
    assert is_long(Trial(target(), (wide,)))


def test_the_scenario_says_what_rows_are_left() -> None:
    alone = Trial(target(), MANY.rows[1:3], scenario="among_others", about="among other rows")

    assert named(MANY) is MANY
    assert (named(alone).scenario, named(alone).about) == ("with_a_row", "if there is a row")


def test_the_rows_of_a_refused_statement_tell_of_no_condition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They go, and those of the other test stay that make the condition false."""
    monkeypatch.setattr(shortening.comparisons, "read", lambda events, schema: READING)
    database: Any = Database()
    tests = []
    for trial in (MANY, replace(MANY, purpose="fault")):
        first = database.observe(trial)
        tests.append(Candidate(trial, first, {(1, 2)}, [first], fingerprint.stable([first]), True))

    def is_repeatable(one: Candidate) -> bool:
        one.observed = [one.first]
        one.pattern = fingerprint.stable(one.observed)
        return True

    work = shortening.Shortening(
        tests, SCHEMA, database, database, lambda seen: {*seen.arcs}, is_repeatable
    )
    list(work.steps())

    kept = [[dict(row.values)["status"].text for row in one.trial.rows] for one in tests]
    assert kept == [['"open"', '"done"'], ['"open"']]
