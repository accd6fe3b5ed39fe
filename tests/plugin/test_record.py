"""`fake_postgres.record()` and `--understudy-record`, without a PostgreSQL to record from."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

TEST = """
    import pytest

    def helper(fake_postgres):
        fake_postgres.record().insert("users", id=7)

    @pytest.mark.parametrize("number", [1])
    def test_it(fake_postgres, number):
        try:
            helper(fake_postgres)
        except AssertionError:
            pass
"""


def test_a_record_that_is_left_fails_its_test_with_the_command_to_run(project: Project) -> None:
    project.write(test_it=TEST)
    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "NotRecorded: fake_postgres.record() is in the place of a script that *",
            "  at: test_it.py:5 in helper",
            "Record it from a run on a real PostgreSQL, which writes the script here:",
            "    pytest --understudy-record test_it.py::test_it",
            "(It was raised, and caught before it reached the test.)",
        ],
        consecutive=True,
    )


def test_a_run_that_records_may_not_lock_the_catalog(project: Project) -> None:
    result = project.run("--understudy-record", "--understudy-locked")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        "--understudy-record adds the statements of its scripts to the catalog, and "
        "--understudy-locked forbids that. Give one of them."
    ) in result.stderr.str()


def test_a_test_without_record_runs_as_always(project: Project) -> None:
    project.write(
        test_it="""
            import warnings

            def test_passes(fake_postgres):
                fake_postgres.on("SELECT 1").value(1).optional()

            def test_fails(fake_postgres):
                warnings.warn("heard", stacklevel=1)
                fake_postgres.on("SELECT 2").value(1)

            def test_other():
                pass
        """
    )
    result = project.run("--understudy-record", "-W", "default")

    result.assert_outcomes(passed=2, failed=1, warnings=1)
    result.stdout.fnmatch_lines(
        [
            "UnusedAnswers: a rule was never used",
            '  test_it.py:9  on("SELECT 2")',
            "*UserWarning: heard*",
            "No test that has run calls fake_postgres.record().",
        ]
    )
