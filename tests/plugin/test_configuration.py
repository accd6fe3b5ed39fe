"""Where the settings are found, what is said of them, and what they do at once."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.plugin.conftest import SETTINGS, Project
from understudy import __version__


def _header(result: pytest.RunResult) -> str:
    lines = [line for line in result.outlines if line.startswith("understudy: ")]
    assert len(lines) == 1
    return lines[0]


def _usage_error(project: Project, *args: str) -> str:
    result = project.run(*args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "Traceback" not in result.stderr.str() + result.stdout.str()
    return result.stderr.str().strip().replace(str(project.path), "ROOT")


def test_the_header_without_any_configuration(project: Project) -> None:
    assert _header(project.run()) == f"understudy: {__version__}"


def test_the_header_says_what_is_configured_and_keeps_the_password(project: Project) -> None:
    project.configure(
        """
        [tool.understudy]
        app = "src.main:app"
        driver = "asyncpg"
        locale = "pt_BR"
        catalog = "tests/catalog"
        schema = ["a.sql", "b/*.sql"]
        postgres_url = "postgresql://me:secret@localhost/x"
        """
    )
    result = project.run()
    assert _header(result) == (
        f"understudy: {__version__}, app src.main:app, driver asyncpg, locale pt_BR,"
        " catalog tests/catalog, schema a.sql b/*.sql, postgres_url given"
    )
    assert "secret" not in result.stdout.str()


def test_every_flag_overrides_its_key(project: Project) -> None:
    project.configure(
        """
        [tool.understudy]
        app = "src.main:app"
        driver = "asyncpg"
        locale = "pt_BR"
        schema = "old.sql"
        """
    )
    result = project.run(
        "--understudy-app=other:make",
        "--understudy-driver=psycopg",
        "--understudy-locale=de_DE",
        "--understudy-schema=new/1.sql",
        "--understudy-schema=new/2.sql",
        "--understudy-postgres-url=postgresql://localhost/x",
    )
    assert _header(result) == (
        f"understudy: {__version__}, app other:make, driver psycopg, locale de_DE,"
        " schema new/1.sql new/2.sql, postgres_url given"
    )


def test_the_flags_have_a_group_of_their_own(project: Project) -> None:
    text = project.run("--help").stdout.str()
    group = text.split("understudy (overrides [tool.understudy]):\n")[1].split("\n\n")[0]
    assert re.findall("^  (--[a-z-]+)", group, re.M) == [
        "--understudy-app",
        "--understudy-schema",
        "--understudy-catalog",
        "--understudy-check-statements",
        "--understudy-check-parameters",
        "--understudy-check-answers",
        "--understudy-check-errors",
        "--understudy-check-calls",
        "--understudy-check-coroutines",
        "--understudy-check-loop",
        "--understudy-check-state",
        "--understudy-check-tasks",
        "--understudy-check-transactions",
        "--understudy-check-response-before-commit",
        "--understudy-check-success-despite-error",
        "--understudy-check-commit-despite-failure",
        "--understudy-check-statement-after-response",
        "--understudy-blocked-after",
        "--understudy-driver",
        "--understudy-locale",
        "--understudy-postgres-url",
        "--understudy-postgres-version",
        "--understudy-postgres-binaries",
        "--understudy-isolation",
        "--understudy-fake-postgres-env",
        "--understudy-real-postgres-env",
        "--understudy-real-sqlite-env",
        "--understudy-sqlite-schema",
        "--understudy-fake-mysql-env",
        "--understudy-real-mysql-env",
        "--understudy-mysql-schema",
        "--understudy-mysql-url",
        "--understudy-html",
        "--understudy-trace",
        "--understudy-durations",
        "--understudy-report-redact",
        "--understudy-report-value-length",
        "--understudy-report-events",
        "--understudy-report-review",
        "--understudy-report-mutants",
        "--understudy-show",
        "--understudy-record",
        "--understudy-n-plus-one",
        "--understudy-locked",
        "--understudy-keep-databases",
        "--understudy-sweep",
        "--understudy-sweep-seconds",
        "--understudy-sweep-changed-since",
        "--understudy-sweep-write",
        "--understudy-rebuild",
        "--understudy-sql-cov",
        "--understudy-sql-cov-report",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\n"),
        ("tox.ini", "[pytest]\n"),
        ("setup.cfg", "[tool:pytest]\n"),
        ("unread.ini", ""),
    ],
)
def test_pyproject_is_read_whatever_the_ini_file_is(project: Project, name: str, text: str) -> None:
    project.configure("[tool.understudy]\nlocale = 'pt_BR'")
    project.write_text(project.path / name, text)
    assert _header(project.run()) == f"understudy: {__version__}, locale pt_BR"


def test_pyproject_of_the_rootdir_is_read_from_a_folder_below(project: Project) -> None:
    project.configure("[tool.understudy]\nlocale = 'pt_BR'\n[tool.pytest.ini_options]")
    project.write(tests__sub__test_it="def test_it(faker): assert faker.locales == ['pt_BR']")
    project.passes("tests/sub")


def test_pyproject_given_as_ini_file_is_read(project: Project) -> None:
    project.configure("[tool.understudy]\nlocale = 'pt_BR'\n[tool.pytest.ini_options]")
    other = project.path / "other" / "pyproject.toml"
    project.write_text(other, "[tool.understudy]\nlocale = 'de_DE'\n[tool.pytest.ini_options]")
    result = project.run("-c", str(other), "--rootdir", str(project.path))
    assert _header(result) == f"understudy: {__version__}, locale de_DE"


def test_a_bad_value_in_the_file_ends_the_run(project: Project) -> None:
    project.configure("[tool.understudy]\ndriver = 'psqlp'")
    assert _usage_error(project) == (
        "ERROR: driver in [tool.understudy] of ROOT/pyproject.toml: 'psqlp' is none of "
        "asyncpg, psqlpy, psycopg, aiomysql, asyncmy, mysql-connector, mysqlclient, pymysql. "
        "Did you mean 'psqlpy'?"
    )


def test_a_bad_value_of_a_flag_ends_the_run(project: Project) -> None:
    assert _usage_error(project, "--understudy-app", "src/main.py") == (
        "ERROR: --understudy-app: 'src/main.py' does not name an app.\n"
        'Write "module:attribute", for example "src.main:app" or "src.config.factory:create_app".'
    )


@pytest.mark.parametrize("key", ["statements", "parameters", "answers", "errors"])
def test_a_level_that_is_none_ends_the_run(project: Project, key: str) -> None:
    assert _usage_error(project, f"--understudy-check-{key}", "warning") == (
        f"ERROR: --understudy-check-{key}: 'warning' is none of error, warn, off."
        " Did you mean 'warn'?"
    )


def test_a_broken_pyproject_beside_another_ini_file_ends_the_run(project: Project) -> None:
    project.configure("[tool.understudy]\napp = src\n")
    project.write_text(project.path / "pytest.ini", "[pytest]\n")
    # A pytest that reads every pyproject.toml says so itself; an older one leaves it to us.
    assert _usage_error(project) in (
        "ERROR: ROOT/pyproject.toml: Invalid value (at line 2, column 7)",
        "ERROR: ROOT/pyproject.toml, line 2, column 7: not valid TOML: Invalid value.",
    )


def test_the_marker_for_integration_tests_is_known(project: Project) -> None:
    project.write(
        test_it="""
        import pytest

        @pytest.mark.integration
        def test_real(): pass

        def test_fast(): pass
        """
    )
    project.passes("--strict-markers", "-m", "not integration", passed=1, deselected=1)
    project.run("--markers").stdout.fnmatch_lines(
        ['@pytest.mark.integration: needs a real PostgreSQL; leave out with -m "not integration"']
    )


def test_the_rootdir_is_importable_for_conftest_and_tests_while_pytest_runs(
    project: Project,
) -> None:
    project.configure(SETTINGS).write(
        src__main="NAME = 'main'",
        tests__conftest="from src.main import NAME",
        tests__test_it="""
            import sys
            from src.main import NAME

            def test_it(pytestconfig):
                assert sys.path.count(str(pytestconfig.rootpath)) == 1
        """,
    )
    before = list(sys.path)
    assert str(project.path) not in before
    project.passes()
    assert sys.path == before


def test_without_an_app_sys_path_is_left_alone(project: Project) -> None:
    project.configure("[tool.understudy]\nlocale = 'pt_BR'").write(
        tests__test_it="""
            import sys

            def test_it(pytestconfig):
                assert str(pytestconfig.rootpath) not in sys.path
        """
    )
    project.passes()


def test_a_rootdir_that_is_importable_already_is_not_put_there_twice(project: Project) -> None:
    project.pytester.syspathinsert()
    project.configure(SETTINGS).write(
        tests__test_it="""
            import sys

            def test_it(pytestconfig):
                assert sys.path.count(str(pytestconfig.rootpath)) == 1
        """
    )
    project.passes()


def test_a_test_that_takes_the_rootdir_away_breaks_nothing(project: Project) -> None:
    project.configure(SETTINGS).write(
        tests__test_it="""
            import sys

            def test_it(pytestconfig):
                sys.path.remove(str(pytestconfig.rootpath))
        """
    )
    project.passes()


def test_settings_are_there_for_workers_of_xdist(web: Project) -> None:
    web.write(
        tests__test_it="""
            import pytest

            @pytest.mark.parametrize("n", range(4))
            def test_it(client, faker, n):
                assert client.get("/colour").status_code == 200
                assert faker.locales == ["de_DE"]
        """
    )
    result = web.run("-n", "1", "--understudy-locale=de_DE", subprocess=True)
    result.assert_outcomes(passed=4)


def test_the_package_says_where_the_plugin_is() -> None:
    from importlib.metadata import entry_points

    (plugin,) = entry_points(group="pytest11", name="understudy")
    assert plugin.value == "understudy.plugin"
    assert Path(str(plugin.load().__file__)).name == "__init__.py"
