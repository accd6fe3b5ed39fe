"""Statements while a test runs, with a failure, in a JUnit report and in hooks."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

import understudy.fakes
import understudy.real_postgres.forwarding
import understudy.run_report.assembly  # noqa: F401 # loaded once: see test_summary.py
from tests.plugin.conftest import Project, without

SUITE = """
    import psycopg
    from understudy import db_error

    def add(connection, name):
        connection.execute("INSERT INTO users (name) VALUES (%s)", [name])

    def test_it(fake_postgres):
        fake_postgres.on("INSERT INTO users (name) VALUES ($1)", "Ana").tag("INSERT 0 1")
        fake_postgres.on("INSERT INTO users (name) VALUES ($1)", "Eva").raises(db_error("40001"))
        with psycopg.connect(fake_postgres.dsn) as connection:
            add(connection, "Ana")
            add(connection, "Eva")
"""
CALLS = """\
#1 BEGIN
   BEGIN; at test_it.py:6 in add
#1 INSERT INTO users (name) VALUES ($1)
   parameters (Ana); INSERT 0 1; at test_it.py:6 in add
#1 INSERT INTO users (name) VALUES ($1)
   parameters (Eva); ERROR 40001: could not serialize access due to concurrent update; \
at test_it.py:6 in add
"""


@pytest.fixture
def suite(project: Project) -> Project:
    return project.write(test_it=SUITE)


def test_each_statement_is_shown_as_it_happens(suite: Project) -> None:
    # In a process of its own: what is shown passes the capture by.
    result = suite.run("--understudy-show", subprocess=True)

    text = re.sub(r"^ *\d+\.\d{3}s ", "0.000s ", result.stdout.str(), flags=re.M)
    shown = "".join(f"{line}\n" for line in text.splitlines() if "connect" not in line.split())
    expected = re.sub("^#", "0.000s #", CALLS, flags=re.M)
    assert "\ntest_it.py::test_it\n" in text
    assert expected.partition("#1 INSERT")[0].rstrip() in shown
    assert expected in shown.replace("   at test_it.py:11 in test_it\n", "")


def test_several_tests_at_once_are_not_shown(project: Project) -> None:
    result = project.run("--understudy-show", "-n2")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.stderr.str().strip() == (
        "ERROR: --understudy-show shows each statement while its test runs, and with pytest-xdist "
        "several tests run at once. Add -n 0."
    )


def test_a_failure_shows_the_statements_before_it(suite: Project) -> None:
    text = suite.run("-v").stdout.str()

    found = re.search(r"^-+ understudy: statements -+\n(.*?)^[-=]{3,}", text, re.M | re.S)
    assert found is not None, text
    assert found[1] == CALLS


def test_a_failure_is_short_without_v(suite: Project) -> None:
    assert "understudy: statements" not in suite.run().stdout.str()


def test_only_the_last_statements_of_a_failure(project: Project) -> None:
    project.write(
        test_it="""
            import psycopg

            def test_it(fake_postgres):
                fake_postgres.on("SELECT 1").rows({"x": 1}).times(20)
                with psycopg.connect(fake_postgres.dsn, autocommit=True) as connection:
                    for _ in range(20):
                        connection.execute("SELECT 1")
                assert False
        """
    )

    lines = project.run("-v").outlines

    assert "(5 calls before these are left out)" in lines
    assert lines.count("#1 SELECT 1") == 15


def test_a_junit_report_has_properties(suite: Project) -> None:
    suite.run("--junitxml=report.xml", "-o", "junit_family=xunit1")

    properties = ElementTree.parse(suite.path / "report.xml").iter("property")
    assert {one.get("name"): one.get("value") for one in properties} == {
        "understudy_statements": "2",
        "understudy_sqlstate": "40001",
    }


def test_the_default_junit_report_stays_valid(suite: Project) -> None:
    suite.run("--junitxml=report.xml")

    assert not list(ElementTree.parse(suite.path / "report.xml").iter("property"))


def test_a_hook_gets_the_record_of_each_test(suite: Project) -> None:
    suite.write(
        conftest="""
            def pytest_understudy_test_recorded(config, test, statements):
                for event in test.events:
                    if event.statement is not None:
                        sql = statements[event.statement].sql
                        print("\\nseen:", test.outcome, sql, event.parameters)
        """
    )

    lines = suite.run("-s").outlines

    sql = "INSERT INTO users (name) VALUES ($1)"
    assert [line for line in lines if line.startswith("seen:")] == [
        f"seen: failed {sql} ['Ana']",
        f"seen: failed {sql} ['Eva']",
    ]


def test_a_package_between_the_test_and_the_driver(suite: Project) -> None:
    suite.write(
        acme_db="""
            def run(connection, sql, *parameters):
                connection.execute(sql, parameters)
        """,
        conftest="""
            def pytest_understudy_packages(config):
                return ["acme_db"]
        """,
        test_it="""
            import psycopg
            import acme_db

            def test_it(fake_postgres):
                fake_postgres.on("SELECT 1").rows({"x": 1})
                with psycopg.connect(fake_postgres.dsn) as connection:
                    acme_db.run(connection, "SELECT 1")
                assert fake_postgres.calls[0].origin.place == "test_it.py:8 in test_it"
        """,
    )

    suite.passes("-o", "pythonpath=.")


def test_a_package_is_a_name(suite: Project) -> None:
    suite.write(conftest="def pytest_understudy_packages(): return ['acme.db']")

    result = suite.run(*without("asyncio"), asyncio=False)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        "pytest_understudy_packages: 'acme.db' is not the name of a package. "
        "Return top-level names, such as ['acme_db']."
    ) in result.stderr.str()
