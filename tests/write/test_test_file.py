"""The text of a written test file, new and beside what a user has changed."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.write.kept import Job, changes, kept, row, target
from understudy.write.test_file import Merged, merged
from understudy.write.trials import Expression, Kept, LeftOut, Setup, Trial
from understudy.write.written_test import Style

STYLE = Style(first_party=("tests", "app"))
ONE = Expression("101")


def found() -> Kept:
    return kept(
        [Job(101, "a")] * 3,
        of=target(arguments=_arguments("job_id")),
        arguments={"job_id": ONE},
        rows=(row("jobs", id=101, title="a"),),
    )


def missing() -> Kept:
    return kept(
        raised=[LookupError("no job")] * 3,
        of=target(arguments=_arguments("job_id")),
        arguments={"job_id": ONE},
        scenario="without_rows",
        about="",
    )


def suspicious() -> Kept:
    deleted = changes(deleted={"jobs": [{"id": 101}, {"id": 102}]})
    return kept(
        [None] * 3,
        changed=[deleted],
        of=target(name="JobDAO.delete", arguments=_arguments("job_id")),
        arguments={"job_id": ONE},
        rows=(row("jobs", id=101), row("jobs", id=102)),
        scenario="among_others",
        about="if other rows do not match",
    )


def _arguments(*names: str) -> tuple[object, ...]:
    from understudy.write.trials import Argument

    return tuple(Argument(name, int) for name in names)


def write(existing: str, *trials: Kept, style: Style = STYLE) -> Merged:
    return merged(existing, "app.jobs", "dao", trials, style=style)


FILE = '''\
"""Tests of the DAO in app.jobs, on a real PostgreSQL."""

import pytest
from understudy import RealPostgres

from tests.write.kept import Job, JobDAO


@pytest.mark.xfail(
    strict=True,
    reason="JobDAO.delete deletes every row of jobs, not only that with id 101",
)
@pytest.mark.asyncio
async def test_delete_among_others(real_postgres: RealPostgres) -> None:
    """JobDAO.delete deletes from jobs if other rows do not match."""
    real_postgres.insert("jobs", id=101)
    real_postgres.insert("jobs", id=102)
    conn = await real_postgres.asyncpg.connect()

    with real_postgres.changes() as changes:
        await JobDAO(conn).find(101)

    assert [row["id"] for row in changes.deleted["jobs"]] == [101]


@pytest.mark.asyncio
async def test_find_with_one_row(real_postgres: RealPostgres) -> None:
    """JobDAO.find returns a Job if one row matches."""
    real_postgres.insert("jobs", id=101, title="a")
    conn = await real_postgres.asyncpg.connect()

    result = await JobDAO(conn).find(101)

    assert result == Job(id=101, title="a")


@pytest.mark.asyncio
async def test_find_without_rows(real_postgres: RealPostgres) -> None:
    """JobDAO.find raises a LookupError without rows."""
    conn = await real_postgres.asyncpg.connect()

    with pytest.raises(LookupError) as raised:
        await JobDAO(conn).find(101)

    assert str(raised.value) == "no job"
'''


def test_a_new_file_has_what_looks_like_a_bug_first() -> None:
    written = write("", found(), missing(), suspicious())

    assert written.text == FILE
    assert written.names == [
        "test_find_with_one_row",
        "test_find_without_rows",
        "test_delete_among_others",
    ]


def test_a_second_run_changes_nothing() -> None:
    written = write(FILE, found(), missing(), suspicious())

    assert written == Merged(FILE, ["", "", ""])


def test_what_a_user_has_renamed_and_changed_is_there_already() -> None:
    mine = (
        FILE[: FILE.index("@pytest.mark.asyncio\nasync def test_find_without_rows")]
        .replace("test_find_with_one_row", "test_mine")
        .replace("result == Job", "result  ==  Job")
        + "class TestOthers:\n    x = 1  # kept as it is\n"
    )
    written = write(mine, found(), missing(), suspicious())

    assert written.text.startswith(mine)
    assert written.names == ["", "test_find_without_rows", ""]
    assert (
        written.text.removeprefix(mine)
        == "\n\n" + FILE[FILE.index("@pytest.mark.asyncio\nasync def test_find_without_rows") :]
    )


def test_imports_are_added_and_names_that_are_taken_say_how_it_ends() -> None:
    mine = dedent(
        """\
        import asyncio\r
        from tests.write.kept import Job\r
        \r
        \r
        def test_find_with_one_row():\r
            asyncio.run(Job())
        """
    )
    written = write(mine, found())

    assert written.text.startswith("import asyncio\r\n")
    assert "\r\nfrom tests.write.kept import Job, JobDAO\r\n" in written.text
    assert (
        "async def test_find_with_one_row_returns_a_job(real_postgres: RealPostgres)"
        in written.text
    )
    assert "\n" not in written.text.replace("\r\n", "")


def test_modes_widths_and_markers_of_a_project() -> None:
    auto = write("", found(), style=Style(marker="", width=60, first_party=("tests",))).text
    assert "import pytest" not in auto
    assert "mark" not in auto
    assert max(map(len, auto.splitlines())) <= 66  # a docstring is not broken

    anyio = write("", found(), style=Style(marker="pytest.mark.anyio")).text
    assert "@pytest.mark.anyio\nasync def test_find_with_one_row" in anyio


def without_hints(job_id):  # type: ignore[no-untyped-def]
    """Stand for code without type hints."""


def test_mypy_is_told_of_code_without_type_hints() -> None:
    untyped = target(without_hints, arguments=_arguments("job_id"))
    one = kept([None] * 3, of=untyped, arguments={"job_id": ONE})

    text = write("", one).text

    assert text.startswith(
        '"""Tests of the DAO in app.jobs, on a real PostgreSQL."""\n\n'
        "# The code under test has functions without type hints.\n"
        '# mypy: disable-error-code="no-untyped-call"\n\n'
    )
    assert write(text, one).text == text
    assert "no-untyped-call" not in write("", found()).text


def test_a_class_is_named_only_where_two_have_the_method() -> None:
    other = dataclasses.replace(
        found().trial.target, name="UserDAO.find", call="await f(ARGUMENTS)"
    )
    users = kept([1] * 3, of=other, arguments={"job_id": ONE})

    assert write("", found(), users).names == [
        "test_job_find_with_one_row",
        "test_user_find_with_one_row",
    ]


def test_what_only_a_test_notices_is_in_its_docstring() -> None:
    one = dataclasses.replace(found(), shows=("line 4 -> 7", 'SELECT without "WHERE"'))

    assert (
        '''
    """JobDAO.find returns a Job if one row matches.

    Only this test notices: SELECT without 'WHERE'.
    """
    real_postgres.insert('''
        in write("", one).text
    )


def test_fixtures_parametrized_cases_and_what_was_not_reached() -> None:
    setup = Setup("job", "dict[str, int]", ('job: dict[str, int] = {"id": 1}',), "A valid job.")
    model = target(
        layer="dto",
        name="JobDTO.Create",
        call="",
        fixtures=(),
        openings=(),
        is_async=False,
        imports=(),
    )
    trial = Trial(
        model,
        script=("created = dict(job, **{field: value})",),
        scenario="keeps",
        about="Each field is kept",
        setups=(setup,),
        parameters=(("field", "str"), ("value", "object")),
        cases=(('"id"', "1"), ('"id"', "2")),
    )
    one = Kept(trial, (), assertions=("assert created[field] == value",))
    left_out = [
        LeftOut("JobDTO.Old", "it takes a lambda", 12),
        LeftOut("JobDTO.New", "no time was left to try it", 2),
    ]
    written = merged("", "app.dto", "dto", [one], left_out, STYLE)

    assert (
        written.text
        == '''\
"""Tests of the models in app.dto."""

import pytest


@pytest.fixture
def job() -> dict[str, int]:
    """A valid job."""
    return {"id": 1}


@pytest.mark.parametrize(("field", "value"), [("id", 1), ("id", 2)])
def test_job_create_keeps(job: dict[str, int], field: str, value: object) -> None:
    """Each field is kept."""
    created = dict(job, **{field: value})

    assert created[field] == value


# not reached: line 12 (JobDTO.Old), it takes a lambda
'''
    )
    assert merged(written.text, "app.dto", "dto", [one], left_out, STYLE).text == written.text


APP = '''\
"""An application."""

from dataclasses import dataclass


@dataclass
class Job:
    """A job."""

    id: int
    title: str


class JobDAO:
    """SQL for jobs."""

    def __init__(self, conn: object) -> None:
        self.conn = conn

    async def find(self, job_id: int) -> Job:
        """Return a job."""
        raise LookupError(job_id)
'''


@pytest.mark.slow  # it starts mypy
def test_the_tools_of_a_project_find_nothing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 88\n")
    for folder in ("tests", "app"):
        (tmp_path / folder).mkdir()
    (tmp_path / "app" / "jobs.py").write_text(APP)
    text = write("", found(), missing(), suspicious()).text.replace("tests.write.kept", "app.jobs")
    file = tmp_path / "tests" / "test_jobs_dao.py"
    file.write_text(text)

    def run(*command: str) -> str:
        asked = [sys.executable, "-m", *command]
        done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    assert run("ruff", "check", "--select", "E,F,I,W", "tests") == "All checks passed!\n"
    assert run("ruff", "format", "--check", "tests") == "1 file already formatted\n"
    assert run("mypy", "--strict", "tests") == "Success: no issues found in 1 source file\n"
    assert run("understudy", "lint", "tests") == "1 file checked, nothing found.\n"
    style = dataclasses.replace(STYLE, file=file)
    assert write(FILE, found(), missing(), suspicious(), style=style).text == FILE


def signed_in(value: str) -> Kept:
    """Return a test of a request of a caller."""
    lines = (f"caller = {value}", "app.dependency_overrides[current] = lambda: caller")
    setup = Setup("caller", "str", lines, "The caller.", (("app", "FastAPI"),))
    one = kept([1] * 3, of=target(arguments=_arguments("job_id")), arguments={"job_id": ONE})
    trial = dataclasses.replace(one.trial, setups=(setup,), script=("print(caller.name)",))
    return dataclasses.replace(one, trial=trial)


ANA, BIA = signed_in('"ana"'), signed_in('"bia"')


def test_two_fixtures_of_one_name_get_two_names() -> None:
    written = write("", ANA, BIA)

    assert '\n    caller = "ana"\n' in written.text
    assert (
        '''\
@pytest.fixture
def caller_2(app: FastAPI) -> str:
    """The caller."""
    caller_2 = "bia"
    app.dependency_overrides[current] = lambda: caller_2
    return caller_2
'''
        in written.text
    )
    assert "real_postgres: RealPostgres, caller_2: str\n" in written.text
    assert "print(caller_2.name)" in written.text
    again = write(written.text, ANA, BIA)
    assert (again.text, again.names) == (written.text, ["", ""])


def test_a_fixture_hides_nothing_of_the_file() -> None:
    mine = "@pytest.fixture\ndef caller():\n    return 1\n\n\ndef test_mine(caller_2):\n    pass\n"

    text = write(mine, ANA).text

    assert mine in text
    assert 'caller_3 = "ana"' in text


def test_a_fixture_that_the_user_has_changed_stays() -> None:
    written = write("", ANA).text.replace('"ana"', '"carla"')

    assert write(written, ANA).names == [""]


def test_a_name_of_the_file_is_not_given_to_something_else() -> None:
    mine = "import tests.stand_in as RealPostgres\n"

    written = write(mine, found())

    assert written.names == [""]
    assert [one.name for one in written.left_out] == ["JobDAO.find"]
    assert " ".join(written.text.removeprefix(mine).split()) == (
        "# not reached: line 10 (JobDAO.find), the test file has another RealPostgres than its "
        "# tests need; rename yours"
    )


def test_comments_are_those_of_the_last_run() -> None:
    before = [LeftOut("JobDAO.a", f"it takes what {'no ' * 40}value is of", 3)]
    after = [LeftOut("JobDAO.b", "it starts a process", 12)]
    first = merged("", "app.jobs", "dao", [found()], before, STYLE).text

    second = merged(first, "app.jobs", "dao", [found()], after, STYLE).text

    end = "\n\n# not reached: line 12 (JobDAO.b), it starts a process\n"
    assert second == first[: first.index("\n\n# not")] + end
    third = merged(second, "app.jobs", "dao", [found(), missing()], after, STYLE).text
    assert third.count("# not reached") == 1
    assert "# not reached" not in merged(third, "app.jobs", "dao", [found()], (), STYLE).text


def test_lines_of_both_kinds_stay_as_they_are() -> None:
    mine = '"""Mine."""\r\n\r\nX = """a\nb"""\n'

    assert mine[:-1].partition("X")[2] in write(mine, found()).text


def test_an_import_that_no_test_uses_is_not_written() -> None:
    one = kept([1], imports=("from fractions import Fraction",))

    assert "Fraction" not in merged("", "app.jobs", "dao", [one]).text


def test_an_import_for_its_effect_is_written_once() -> None:
    """The modules of ORM classes that others name in strings: nothing uses their names."""
    line = "import tests.write.imported  # noqa: F401 - ORM classes need it"
    one = kept([1], of=target(imports=("from tests.write.kept import JobDAO", line)))

    first = merged("", "app.jobs", "dao", [one]).text
    other = kept([2], of=target(imports=(line,), name="JobDAO.other", call="await other()"))
    second = merged(first, "app.jobs", "dao", [one, other]).text

    assert first.count(line) == second.count(line) == 1
