"""Tests for the settings."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from src.config.settings import Settings


@pytest.fixture(autouse=True)
def empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Run each test in a folder without a .env file."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_defaults_suit_development() -> None:
    """Every setting has a default."""
    settings = Settings()

    assert settings.database_url == "postgresql://postgres@localhost:5432/backend"
    assert str(settings.identity_url) == "http://localhost:9000/"


def test_variable_overrides_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is BACKEND_ followed by the name in upper case."""
    monkeypatch.setenv("BACKEND_POOL_SIZE", "25")

    assert Settings().pool_size == 25


def test_variable_without_prefix_is_somebody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables without the prefix, such as DATABASE_URL, are ignored."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://other/other")

    assert Settings().database_url == "postgresql://postgres@localhost:5432/backend"


def test_env_file_is_read(empty_folder: Path) -> None:
    """Settings can be in a .env file in the working directory."""
    (empty_folder / ".env").write_text("BACKEND_LOG_LEVEL=DEBUG\n")

    assert Settings().log_level == "DEBUG"


def test_variable_wins_over_env_file(monkeypatch: pytest.MonkeyPatch, empty_folder: Path) -> None:
    """A variable takes precedence over the .env file."""
    (empty_folder / ".env").write_text("BACKEND_POOL_SIZE=3\n")
    monkeypatch.setenv("BACKEND_POOL_SIZE", "4")

    assert Settings().pool_size == 4


def test_env_file_may_hold_other_things(empty_folder: Path) -> None:
    """Unknown lines in the .env file are ignored."""
    (empty_folder / ".env").write_text("POSTGRES_PASSWORD=x\nBACKEND_UNKNOWN=1\n")

    assert Settings().pool_size == 10


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("pool_size", "1", id="psqlpy needs two connections"),
        pytest.param("pool_size", "101", id="more than PostgreSQL has by default"),
        pytest.param("pool_timeout", "0", id="no time to wait for a connection"),
        pytest.param("statement_timeout_ms", "-1", id="a negative time"),
        pytest.param("identity_timeout", "0", id="no time to wait for the identity service"),
        pytest.param("identity_url", "localhost:9000", id="a URL without http"),
        pytest.param("log_level", "debug", id="a level in lower case"),
        pytest.param("docs_enabled", "maybe", id="neither yes nor no"),
    ],
)
def test_bad_value_is_refused(monkeypatch: pytest.MonkeyPatch, field: str, value: str) -> None:
    """An invalid setting is rejected at startup."""
    monkeypatch.setenv(f"BACKEND_{field.upper()}", value)

    with pytest.raises(ValidationError) as error:
        Settings()

    assert error.value.errors()[0]["loc"] == (field,)


@pytest.mark.parametrize(
    "url", ["postgresql://u:p@db/app", "postgres://u@/app?host=/var/run/postgresql"]
)
def test_database_url_of_postgresql_is_accepted(url: str) -> None:
    """Both schemes are accepted, with TCP and Unix socket addresses."""
    assert Settings(database_url=url).database_url == url


def test_database_url_of_other_database_is_refused() -> None:
    """Only PostgreSQL URLs are accepted."""
    with pytest.raises(ValidationError, match="a URL do banco deve começar com postgresql://"):
        Settings(database_url="mysql://u@db/app")


def test_database_url_is_not_shown() -> None:
    """The repr of the settings does not contain the password."""
    assert "segredo" not in repr(Settings(database_url="postgresql://u:segredo@db/app"))


def test_statement_timeout_may_be_switched_off() -> None:
    """Zero means no limit, as in PostgreSQL."""
    assert Settings(statement_timeout_ms=0).statement_timeout_ms == 0
