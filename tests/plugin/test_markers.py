"""The marker `understudy`: its keywords, and what is said of those that it does not have."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project, section

KEYWORDS = (
    "isolation, app_database, check_statements, check_parameters, check_answers, check_errors, "
    "check_response_before_commit, check_success_despite_error, check_commit_despite_failure, "
    "check_statement_after_response, max_statements"
)


def test_a_keyword_or_a_value_that_makes_no_sense_fails_its_test_alone(project: Project) -> None:
    project.write(
        test_it="""
            import pytest

            @pytest.mark.understudy(isolatio="clone")
            def test_keyword(): pass

            @pytest.mark.understudy(isolation="clon")
            def test_value(): pass

            @pytest.mark.understudy(isolation=["clone"])
            def test_kind(): pass

            @pytest.mark.understudy("clone")
            def test_position(): pass

            @pytest.mark.understudy(isolation="clone")
            class TestNear:
                def test_class(self, request): pass

            def test_other(): pass
        """
    )
    result = project.run("--strict-markers")
    result.assert_outcomes(passed=2, errors=4)
    assert section(result, "test_keyword") == (
        "@pytest.mark.understudy has no keyword 'isolatio'. Did you mean 'isolation'?\n"
        f"The keywords are: {KEYWORDS}."
    )
    assert section(result, "test_value") == (
        "@pytest.mark.understudy: 'clon' is not a way to isolate a test. Did you mean 'clone'?\n"
        "isolation may be: 'auto', 'rollback', 'clone', 'delete'."
    )
    assert section(result, "test_kind") == (
        "@pytest.mark.understudy: ['clone'] is not a way to isolate a test.\n"
        "isolation may be: 'auto', 'rollback', 'clone', 'delete'."
    )
    assert section(result, "test_position") == (
        f"@pytest.mark.understudy takes keywords, not 'clone' alone.\nThe keywords are: {KEYWORDS}."
    )


def test_the_nearest_marker_wins(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"isolation": (("clone", "other"), "a way to isolate a test")}
    monkeypatch.setattr("understudy.plugin.markers._VALUES", values)
    project.write(
        test_it="""
            import pytest
            from understudy.plugin.markers import isolation

            pytestmark = pytest.mark.understudy(isolation="other")

            @pytest.mark.understudy(isolation="clone")
            def test_near(request):
                assert isolation(request.node) == "clone"

            @pytest.mark.understudy()
            def test_far(request):
                assert isolation(request.node) == "other"
        """
    )
    project.passes(passed=2)


def test_it_is_listed_among_the_markers(project: Project) -> None:
    result = project.run("--markers")
    result.stdout.fnmatch_lines(
        ['@pytest.mark.understudy(?, isolation, app_database, check_*): isolation="clone" gives *']
    )
