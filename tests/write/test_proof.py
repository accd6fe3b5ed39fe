"""Tests that do not always pass are taken out of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.init.plan import Change
from understudy.init.project_copy import copied
from understudy.mutate import results as mutate_results
from understudy.mutate.statements import Spot
from understudy.project import pytest_process
from understudy.write import lab
from understudy.write.proof import PLUGIN, _drop, _place, _reason, prove, without
from understudy.write.results import Results, WrittenFile, WrittenTest

_FILE = '''\
"""Tests for a module."""

import pytest


@pytest.mark.asyncio
async def test_one() -> None:
    """One."""
    assert 1


# About two.
def test_two() -> None:
    assert 2


def test_three() -> None:
    assert 3
'''


def test_a_test_goes_with_its_decorators() -> None:
    assert (
        without(_FILE, ["test_one"])
        == '''\
"""Tests for a module."""

import pytest


# About two.
def test_two() -> None:
    assert 2


def test_three() -> None:
    assert 3
'''
    )


def test_the_last_one_leaves_one_line_end() -> None:
    assert without(_FILE, ["test_three"]).endswith("    assert 2\n")


def test_all_other_lines_stay() -> None:
    assert without(_FILE, []) == _FILE


def test_a_statement_may_be_sent_in_another_file(tmp_path: Path) -> None:
    """That of a base class names its own line, not that of the module under test."""
    sent = Spot(str(tmp_path / "app" / "base.py"), 36, "BaseRepo.fetch")

    assert _place([sent], tmp_path.resolve()) == "app/base.py:36"
    assert _place([], tmp_path) == ""


def test_a_form_feed_is_no_end_of_a_line() -> None:
    text = 'X = "a\x0cb"\n\n\ndef test_one() -> None:\n    assert X\n'

    assert without(text, ["test_one"]) == 'X = "a\x0cb"\n'


def test_a_test_that_failed_once_is_dropped_and_told() -> None:
    tests = [WrittenTest(name, "find", [], "") for name in ("test_one", "test_two")]
    file = WrittenFile(Change(Path("test_it.py"), None, _FILE), "dao", tests)

    _drop(file, {"test_two": "assert 2 == 3"})

    assert [test.name for test in file.tests] == ["test_one"]
    assert file.dropped == {"test_two": "assert 2 == 3"}
    assert "test_two" not in file.change.after


def test_ctrl_c_while_mutants_run_ends_the_proof(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "backend"
    place.mkdir()
    change = Change(place / "tests" / "test_it.py", None, _FILE)
    file = WrittenFile(change, "dao", [WrittenTest("test_one", "find", [], "")])
    results = Results("it", Path("it.py"), files=[file])
    interrupted = mutate_results.Results([], is_interrupted=True)
    monkeypatch.setattr("understudy.write.proof.mutate", lambda *_: interrupted)

    with copied(place, 1.0) as copy, pytest.raises(KeyboardInterrupt):
        prove(copy, place, results, 20, lambda _: None)


def test_an_app_that_limits_requests_is_told_by_its_status() -> None:
    assert _reason("assert 429 == 200") == lab.LIMITED
    assert _reason("assert 404 == 200") == "assert 404 == 200"


def test_a_statement_of_a_fixture_that_all_tests_use_is_told() -> None:
    why = (
        "understudy.UnexpectedStatement: a statement came to fake_postgres while no test had that "
        "fixture"
    )

    assert _reason(why) == (
        "a fixture that all tests use sends SQL, and this test has no database; let that fixture "
        "take real_postgres"
    )


UNUSED = ("understudy", "randomly", "hypothesispytest", "faker", "anyio")


@pytest.mark.parametrize(("seconds", "runs"), [(600, 3), (0, 1)])
def test_runs_for_which_there_is_no_time_are_left_out(
    tmp_path: Path, seconds: float, runs: int
) -> None:
    (tmp_path / "test_some.py").write_text(
        "def test_one(): pass\ndef test_two(): pass\ndef test_three(): assert 0\n"
    )
    request = {"runs": 3, "seconds": seconds}
    with pytest_process.started(
        [*(f"-pno:{plugin}" for plugin in UNUSED), "test_some.py"],
        tmp_path,
        plugin=PLUGIN,
        request=request,
    ) as child:
        ended = pytest_process.ended(child, 60.0)

    assert {"runs": runs} in ended.answers
    assert {one["test"] for one in ended.answers if "test" in one} == {"test_three"}
