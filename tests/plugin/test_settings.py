from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from understudy.plugin.settings import Settings, SettingsError, load


def _load(folder: Path, text: str | bytes | None, **flags: object) -> Settings:
    file = folder / "pyproject.toml"
    if isinstance(text, bytes):
        file.write_bytes(text)
    elif text is not None:
        file.write_text(text, encoding="utf-8")
    return load(folder, file, flags)


def _refusal(folder: Path, text: str | bytes | None, **flags: object) -> str:
    with pytest.raises(SettingsError) as caught:
        _load(folder, text, **flags)
    return str(caught.value).replace(str(folder), "ROOT")


def test_every_key_is_read(tmp_path: Path) -> None:
    settings = _load(
        tmp_path,
        """
        [tool.understudy]
        app = "src.config.factory:create_app"
        schema = ["db/1.sql", "db/migrations/*.sql"]
        driver = "psqlpy"
        locale = "pt_BR"
        catalog = "tests/catalog"
        postgres_url = "postgresql://localhost/x"
        """,
    )
    assert settings == Settings(
        root=tmp_path,
        app="src.config.factory:create_app",
        schema=("db/1.sql", "db/migrations/*.sql"),
        driver="psqlpy",
        locale="pt_BR",
        catalog="tests/catalog",
        postgres_url="postgresql://localhost/x",
    )


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[project]\nname = 'x'\n",
        "[project]\nname = 'x'\ndependencies = ['understudy']\n",
        "tool = 'understudy'\n",
        "[tool.understudy]\n",
        # Another tool's parser will complain about it.
        "[project\n",
    ],
)
def test_what_says_nothing_of_us_sets_nothing(tmp_path: Path, text: str | None) -> None:
    assert _load(tmp_path, text) == Settings(root=tmp_path)


def test_a_check_fails_tests_where_a_schema_is_configured_and_warns_where_none_is(
    tmp_path: Path,
) -> None:
    text = "[tool.understudy]\ncheck_answers = 'off'"
    assert _load(tmp_path, text).level("check_statements") == "warn"
    assert _load(tmp_path, text, schema=["a"]).level("check_statements") == "error"
    assert _load(tmp_path, text, schema=["a"]).level("check_answers") == "off"
    assert _load(tmp_path, text, check_errors="error").level("check_errors") == "error"


def test_what_a_passed_test_leaves_behind_is_warned_of_schema_or_not(tmp_path: Path) -> None:
    text = "[tool.understudy]\ncheck_state = 'off'\nblocked_after = 100"
    settings = _load(tmp_path, text, schema=["a"])
    assert settings.blocked_after == 100
    assert settings.level("check_tasks") == "warn"
    assert settings.level("check_state") == "off"
    # A clock is wrong on a loaded machine.
    assert settings.level("check_loop") == "off"
    assert _load(tmp_path, text, check_loop="warn").level("check_loop") == "warn"


def test_a_file_below_a_file_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert load(tmp_path, tmp_path / "file" / "pyproject.toml", {}) == Settings(root=tmp_path)


def test_one_schema_may_be_written_without_a_list(tmp_path: Path) -> None:
    assert _load(tmp_path, "[tool.understudy]\nschema = 'alembic'").schema == ("alembic",)


def test_a_flag_goes_before_the_file_and_spares_it_the_check(tmp_path: Path) -> None:
    text = "[tool.understudy]\ndriver = 'nonsense'\nlocale = 'de_DE'\nschema = ['a', 'b']"
    settings = _load(tmp_path, text, driver="asyncpg", app=None, schema=["c"])
    assert settings == Settings(root=tmp_path, driver="asyncpg", locale="de_DE", schema=("c",))


@pytest.mark.parametrize("app", ["m:a", "über.m_1:A.b_c", "a.b.c:d"])
def test_an_app_is_module_and_attribute(tmp_path: Path, app: str) -> None:
    assert _load(tmp_path, None, app=app).app == app


@pytest.mark.parametrize(
    "app", ["src.main", "src.main:", ":app", "src/main.py:app", "m:a()", "1:a"]
)
def test_an_app_that_is_not(tmp_path: Path, app: str) -> None:
    assert _refusal(tmp_path, None, app=app) == (
        f"--understudy-app: {app!r} does not name an app.\n"
        'Write "module:attribute", for example "src.main:app" or "src.config.factory:create_app".'
    )


def test_the_place_of_a_bad_value_is_named(tmp_path: Path) -> None:
    text = "[tool.understudy]\ndriver = 'psqlp'"
    assert _refusal(tmp_path, text) == (
        "driver in [tool.understudy] of ROOT/pyproject.toml: 'psqlp' is none of "
        "asyncpg, psqlpy, psycopg, aiomysql, asyncmy, mysql-connector, mysqlclient, pymysql. "
        "Did you mean 'psqlpy'?"
    )
    assert _refusal(tmp_path, text, driver="oracle") == (
        "--understudy-driver: 'oracle' is none of asyncpg, psqlpy, psycopg, aiomysql, asyncmy, "
        "mysql-connector, mysqlclient, pymysql."
    )


def test_an_unknown_key(tmp_path: Path) -> None:
    assert _refusal(tmp_path, "[tool.understudy]\nlocal = 'pt_BR'") == (
        "[tool.understudy] of ROOT/pyproject.toml has no key 'local'. Did you mean 'locale'?\n"
        "The keys are: app, blocked_after, catalog, check_answers, check_calls,"
        " check_commit_despite_failure, check_coroutines, check_errors, check_loop,"
        " check_parameters, check_response_before_commit, check_state,"
        " check_statement_after_response, check_statements, check_success_despite_error,"
        " check_tasks, check_transactions, driver, durations, fake_mysql_env, fake_postgres_env,"
        " html, isolation, locale, mysql_schema, mysql_url, postgres_binaries, postgres_url,"
        " postgres_version, real_mysql_env, real_postgres_env, real_sqlite_env, report_events,"
        " report_mutants, report_redact, report_review, report_value_length, schema,"
        " sqlite_schema, trace."
    )
    assert _refusal(tmp_path, "[tool.understudy]\nzzz = 1") == (
        "[tool.understudy] of ROOT/pyproject.toml has no key 'zzz'.\n"
        "The keys are: app, blocked_after, catalog, check_answers, check_calls,"
        " check_commit_despite_failure, check_coroutines, check_errors, check_loop,"
        " check_parameters, check_response_before_commit, check_state,"
        " check_statement_after_response, check_statements, check_success_despite_error,"
        " check_tasks, check_transactions, driver, durations, fake_mysql_env, fake_postgres_env,"
        " html, isolation, locale, mysql_schema, mysql_url, postgres_binaries, postgres_url,"
        " postgres_version, real_mysql_env, real_postgres_env, real_sqlite_env, report_events,"
        " report_mutants, report_redact, report_review, report_value_length, schema,"
        " sqlite_schema, trace."
    )


def test_root_is_no_key(tmp_path: Path) -> None:
    assert _refusal(tmp_path, "[tool.understudy]\nroot = '/'").startswith(
        "[tool.understudy] of ROOT/pyproject.toml has no key 'root'."
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("app = 3", "app in {}: expected a string, not 3 (of type int)."),
        ("catalog = ['a']", "catalog in {}: expected a string, not ['a'] (of type list)."),
        (
            "check_errors = 'no'",
            "check_errors in {}: 'no' is none of error, warn, off.",
        ),
        ("check_errors = true", "check_errors in {}: expected a string, not True (of type bool)."),
        ("locale = ''", "locale in {}: must not be empty. To set nothing, leave it out."),
        ("schema = []", "schema in {}: must not be empty. To set nothing, leave it out."),
        (
            "schema = 3",
            "schema in {}: expected a string or a list of strings, not 3 (of type int).",
        ),
        ("schema = ['a', 3]", "schema in {}: expected a string, not 3 (of type int)."),
        (
            "postgres_url = ' '",
            "postgres_url in {}: must not be empty. To set nothing, leave it out.",
        ),
        (
            "isolation = 'clon'",
            "isolation in {}: 'clon' is none of auto, rollback, clone, delete. "
            "Did you mean 'clone'?",
        ),
        (
            "real_postgres_env = {{URL = 3}}",
            "real_postgres_env in {}: the value of URL must be text such as '{{dsn}}', not 3 "
            "(of type int).\n"
            "On the command line: --understudy-real-postgres-env 'URL={{dsn}}'.",
        ),
        (
            "real_postgres_env = {{URL = '{{dns}}'}}",
            "real_postgres_env in {}: the value of URL names {{dns}}, which real_postgres does not"
            " have. Did you mean 'dsn'?\n"
            "It has: {{database}}, {{dsn}}, {{host}}, {{password}}, {{port}}, {{socket_dsn}}, "
            "{{user}}.",
        ),
        (
            "fake_postgres_env = 3",
            "fake_postgres_env in {}: expected a table of variables, not 3 (of type int).",
        ),
        (
            "fake_postgres_env = {{URL = 3}}",
            "fake_postgres_env in {}: the value of URL must be text such as '{{dsn}}', not 3 "
            "(of type int).\n"
            "On the command line: --understudy-fake-postgres-env 'URL={{dsn}}'.",
        ),
        (
            "fake_postgres_env = {{URL = '{{dns}}'}}",
            "fake_postgres_env in {}: the value of URL names {{dns}}, which fake_postgres does not "
            "have. Did you mean 'dsn'?\n"
            "It has: {{database}}, {{dsn}}, {{host}}, {{password}}, {{port}}, {{socket_dsn}}, "
            "{{user}}.",
        ),
        (
            "fake_postgres_env = {{URL = '{{dsn:postgresql+asyncpg}}'}}",
            "fake_postgres_env in {}: the value of URL has {{dsn:postgresql+asyncpg}}. "
            "Write only the driver after the colon, for example {{dsn:asyncpg}}.",
        ),
        (
            "fake_postgres_env = {{URL = '{{dsn'}}",
            "fake_postgres_env in {}: the value of URL, '{{dsn', cannot be read: "
            "expected '}}' before end of string.",
        ),
    ],
)
def test_wrong_types(tmp_path: Path, line: str, message: str) -> None:
    place = "[tool.understudy] of ROOT/pyproject.toml"
    assert _refusal(tmp_path, f"[tool.understudy]\n{line.format()}") == message.format(place)


def test_variables_of_the_command_line_take_the_place_of_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.understudy.fake_postgres_env]\nA = '{dsn}'")
    file = tmp_path / "pyproject.toml"

    assert load(tmp_path, file, {}).fake_postgres_env == {"A": "{dsn}"}
    given = {"fake_postgres_env": ["B={host}", "C=x=y"]}
    assert load(tmp_path, file, given).fake_postgres_env == {"B": "{host}", "C": "x=y"}


def test_a_table_that_is_none(tmp_path: Path) -> None:
    assert _refusal(tmp_path, "[[tool.understudy]]\napp = 'x'") == (
        "ROOT/pyproject.toml: tool.understudy must be a table, not [{'app': 'x'}] (of type list).\n"
        "Write [tool.understudy] on a line of its own, and the keys below it."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[tool.understudy]\napp 'x'\n",
            "ROOT/pyproject.toml, line 2, column 5: not valid TOML:"
            " Expected '=' after a key in a key/value pair.",
        ),
        (
            "[tool.understudy]\napp =",
            "ROOT/pyproject.toml: not valid TOML: Invalid value (at end of document).",
        ),
        (
            b"[tool.understudy]\n\nlocale = '\xff'\n",
            "ROOT/pyproject.toml, line 3: not valid TOML, which is always UTF-8.",
        ),
    ],
)
def test_a_file_that_is_not_toml(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert _refusal(tmp_path, text) == message


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()
    assert _refusal(tmp_path, None) == "ROOT/pyproject.toml cannot be read: Is a directory."


def test_the_plugin_brings_nothing_heavy_into_a_run_that_uses_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n", encoding="utf-8")
    (tmp_path / "conftest.py").write_text(
        "import sys\n"
        "def pytest_sessionfinish():\n"
        "    heavy = {'fastapi', 'starlette', 'httpx', 'asgi_lifespan', 'faker', 'psycopg',\n"
        "        'asyncpg', 'psqlpy', 'sqlglot', 'understudy.asgi', 'understudy.embedded'}\n"
        "    print('loaded:', sorted(heavy & set(sys.modules)))\n",
        encoding="utf-8",
    )
    # -p faker's own plugin imports Faker, and is not what is looked at here.
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider"]
    command += ["-p", "no:faker", "-p", "no:randomly", "-p", "no:hypothesispytest"]
    result = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert "loaded: []" in result.stdout, result.stdout + result.stderr
    assert result.returncode == 0
