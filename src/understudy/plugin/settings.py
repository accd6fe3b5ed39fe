"""The settings of a project: ``[tool.understudy]`` in pyproject.toml, and the flags.

Nothing here imports pytest, because the command line reads the same settings.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from string import Formatter
from typing import Any

# The same as in script/database_errors.py, which loading the plugin must not import.
DRIVERS = (
    *("asyncpg", "psqlpy", "psycopg"),
    *("aiomysql", "asyncmy", "mysql-connector", "mysqlclient", "pymysql"),
)
LEVELS = ("error", "warn", "off")
# The rules about a request, as script/request_rules.py names them.
REQUEST_RULES = (
    "check_response_before_commit",
    "check_success_despite_error",
    "check_commit_despite_failure",
    "check_statement_after_response",
)
RUN_TIME = (
    "check_calls",
    "check_coroutines",
    "check_loop",
    "check_state",
    "check_tasks",
    "check_transactions",
    *REQUEST_RULES,
)
ISOLATIONS = ("auto", "rollback", "clone", "delete")
# The same as in embedded/binaries.py.
OLDEST_POSTGRES = 14
# The fixtures whose server an app can be on, as the marker names them.
APP_DATABASES = ("fake_postgres", "real_postgres", "fake_mysql", "real_mysql")
DEFAULT_CATALOG = "tests/understudy-catalog"
# The attributes of the fixture that values of ..._env may name in braces.
PLACES = ("database", "dsn", "host", "password", "port", "socket_dsn", "user")
SQLITE_PLACES = ("dsn", "path", "uri")
# The tables that point the app at a fixture's server.
ENVIRONMENTS = (
    "fake_postgres_env",
    "real_postgres_env",
    "real_sqlite_env",
    "fake_mysql_env",
    "real_mysql_env",
)
# The driver in the example of a URL, by the database.
_EXAMPLES = {"postgres": "asyncpg", "sqlite": "aiosqlite", "mysql": "aiomysql"}

_DOTTED = r"[^\W\d]\w*(\.[^\W\d]\w*)*"


class SettingsError(ValueError):
    """A setting is not valid; the text is the whole message."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one project; a setting that is not given is None or empty.

    ``root`` is the directory that relative paths start from.
    """

    root: Path
    app: str | None = None
    schema: tuple[str, ...] = ()
    driver: str | None = None
    locale: str | None = None
    catalog: str | None = None
    check_statements: str | None = None
    check_parameters: str | None = None
    check_answers: str | None = None
    check_errors: str | None = None
    postgres_url: str | None = None
    postgres_version: int | None = None
    postgres_binaries: str | None = None
    isolation: str = "auto"
    fake_postgres_env: Mapping[str, str] = field(default_factory=dict)
    check_calls: str | None = None
    check_coroutines: str | None = None
    check_loop: str | None = None
    check_state: str | None = None
    check_tasks: str | None = None
    check_transactions: str | None = None
    check_response_before_commit: str | None = None
    check_success_despite_error: str | None = None
    check_commit_despite_failure: str | None = None
    check_statement_after_response: str | None = None
    blocked_after: int = 250
    html: str | None = None
    trace: str | None = None
    durations: int | None = None
    report_redact: tuple[str, ...] = ()
    report_value_length: int = 200
    report_events: int = 1000
    report_review: str | None = None
    report_mutants: str | None = None
    real_postgres_env: Mapping[str, str] = field(default_factory=dict)
    real_sqlite_env: Mapping[str, str] = field(default_factory=dict)
    sqlite_schema: tuple[str, ...] = ()
    fake_mysql_env: Mapping[str, str] = field(default_factory=dict)
    real_mysql_env: Mapping[str, str] = field(default_factory=dict)
    mysql_schema: tuple[str, ...] = ()
    mysql_url: str | None = None

    def level(self, key: str) -> str:
        """Return what a check does with a finding: "error", "warn" or "off".

        The default is "error" with a schema. Without one it is "warn": the project has not asked
        for its SQL to be checked, and its tests may hold placeholders. Checks at run time
        (`RUN_TIME`) warn by default, since the test did pass. `check_loop` is "off" by default,
        since its clock is unreliable on a loaded machine.
        """
        configured: str | None = getattr(self, key)
        if key == "check_loop":
            return configured or "off"
        return configured or ("error" if self.schema and key not in RUN_TIME else "warn")


KEYS = tuple(sorted(field.name for field in fields(Settings) if field.name != "root"))

# Tables in [tool.understudy] that belong to a command.
TABLES = ("lint",)


def flag(key: str) -> str:
    """Return the pytest flag that overrides a key."""
    return f"--understudy-{key.replace('_', '-')}"


def in_file(file: Path, key: str) -> str:
    """Return the name of a key in a file, as messages show it."""
    return f"{key} in [tool.understudy] of {file}"


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the nearest candidate, or nothing."""
    nearest = difflib.get_close_matches(name, list(candidates), n=1)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""


def load(root: Path, file: Path, flags: Mapping[str, object]) -> Settings:
    """Read the settings of the project.

    Args:
        root: the directory that relative paths start from.
        file: the pyproject.toml, which need not exist.
        flags: values given on the command line, by key; None means not given.

    Raises:
        SettingsError: the file cannot be read, or a key or a value is invalid.
    """
    values: dict[str, Any] = {}
    for key, value in read_table(file).items():
        if key in TABLES:
            continue
        if key not in KEYS:
            raise SettingsError(
                f"[tool.understudy] of {file} has no key {key!r}.{did_you_mean(key, KEYS)}"
                f"\nThe keys are: {', '.join(KEYS)}."
            )
        if flags.get(key) is None:
            values[key] = _CHECKS.get(key, _text)(value, in_file(file, key))
    for key, value in flags.items():
        if value is not None:
            values[key] = _CHECKS.get(key, _text)(value, flag(key))
    return Settings(root=root, **values)


def read_table(file: Path) -> Mapping[str, object]:
    """Return ``[tool.understudy]`` of a pyproject.toml, empty if the file has none.

    Raises:
        SettingsError: the file cannot be read or is not TOML, or ``tool.understudy`` is not a
            table.
    """
    try:
        content = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.") from error
    # Most projects have a pyproject.toml without this table: parsing it would be wasted.
    if b"understudy" not in content:
        return {}
    import tomllib

    try:
        document = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(_not_toml(file, error)) from error
    tool = document.get("tool", {})
    table = tool.get("understudy", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise SettingsError(
            f"{file}: tool.understudy must be a table, not {_shown(table)}."
            "\nWrite [tool.understudy] on a line of its own, and the keys below it."
        )
    return table


def _not_toml(file: Path, error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        line = error.object.count(b"\n", 0, error.start) + 1
        return f"{file}, line {line}: not valid TOML, which is always UTF-8."
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error), re.DOTALL)
    if found is None:
        return f"{file}: not valid TOML: {error}."
    return f"{file}, line {found[2]}, column {found[3]}: not valid TOML: {found[1]}."


def _shown(value: object) -> str:
    return f"{value!r} (of type {type(value).__name__})"


def _wrong_type(origin: str, value: object, expected: str) -> SettingsError:
    return SettingsError(f"{origin}: expected {expected}, not {_shown(value)}.")


def _text(value: object, origin: str) -> str:
    if not isinstance(value, str):
        raise _wrong_type(origin, value, "a string")
    if not value.strip():
        raise SettingsError(f"{origin}: must not be empty. To set nothing, leave it out.")
    return value


def _app(value: object, origin: str) -> str:
    text = _text(value, origin)
    if re.fullmatch(f"{_DOTTED}:{_DOTTED}", text) is None:
        raise SettingsError(
            f"{origin}: {text!r} does not name an app."
            '\nWrite "module:attribute", for example "src.main:app" or'
            ' "src.config.factory:create_app".'
        )
    return text


def _one_of(choices: tuple[str, ...]) -> Callable[[object, str], str]:
    def read(value: object, origin: str) -> str:
        text = _text(value, origin)
        if text not in choices:
            raise SettingsError(
                f"{origin}: {text!r} is none of {', '.join(choices)}.{did_you_mean(text, choices)}"
            )
        return text

    return read


def _number_of(what: str) -> Callable[[object, str], int]:
    def read(value: object, origin: str) -> int:
        # A flag is text, a key is a number.
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        if type(number) is not int or number < 1:
            raise _wrong_type(origin, value, f"a number of {what}, 1 or more")
        return number

    return read


def _major(value: object, origin: str) -> int:
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not text.isdecimal() or int(text) < OLDEST_POSTGRES:
        raise SettingsError(
            f"{origin}: expected a major version of PostgreSQL, {OLDEST_POSTGRES} or newer, not "
            f'{_shown(value)}.\nWrite it like "16".'
        )
    return int(text)


def _texts(value: object, origin: str) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        raise _wrong_type(origin, value, "a string or a list of strings")
    if not items:
        raise SettingsError(f"{origin}: must not be empty. To set nothing, leave it out.")
    return tuple(_text(item, origin) for item in items)


def _environment(key: str) -> Callable[[object, str], Mapping[str, str]]:
    """Return a reader of variables and values: a table, or "NAME=value" for each use of a flag."""
    fixture = key.removesuffix("_env")
    known = SQLITE_PLACES if fixture == "real_sqlite" else PLACES
    example = _EXAMPLES[fixture.partition("_")[2]]

    def read(value: object, origin: str) -> Mapping[str, str]:
        if isinstance(value, list):
            pairs = [_text(item, origin).partition("=") for item in value]
            value = {name: rest if separator else None for name, separator, rest in pairs}
        if not isinstance(value, dict):
            raise _wrong_type(origin, value, "a table of variables")
        for name, text in value.items():
            if not isinstance(text, str):
                raise SettingsError(
                    f"{origin}: the value of {name} must be text such as '{{dsn}}', "
                    f"not {_shown(text)}.\nOn the command line: {flag(key)} '{name}={{dsn}}'."
                )
            for place, driver in _places(origin, name, text):
                if place not in known:
                    raise SettingsError(
                        f"{origin}: the value of {name} names {{{place}}}, which {fixture} does "
                        f"not have.{did_you_mean(place, known)}\n"
                        f"It has: {', '.join(f'{{{place}}}' for place in known)}."
                    )
                if place.endswith("dsn") and not re.fullmatch(r"\w*", driver):
                    raise SettingsError(
                        f"{origin}: the value of {name} has {{{place}:{driver}}}. Write only the "
                        f"driver after the colon, for example {{dsn:{example}}}."
                    )
        return value

    return read


def _places(origin: str, name: str, text: str) -> list[tuple[str, str]]:
    """Return what stands in braces, each with what follows it after a colon."""
    try:
        return [
            (place, more or "")
            for _, place, more, _ in Formatter().parse(text)
            if place is not None
        ]
    except ValueError as error:
        raise SettingsError(
            f"{origin}: the value of {name}, {text!r}, cannot be read: {error}."
        ) from error


_CHECKS: Mapping[str, Callable[[object, str], object]] = {
    "app": _app,
    "blocked_after": _number_of("milliseconds"),
    **dict.fromkeys((key for key in KEYS if key.startswith("check_")), _one_of(LEVELS)),
    "driver": _one_of(DRIVERS),
    "durations": _number_of("statements"),
    **{key: _environment(key) for key in ENVIRONMENTS},
    "isolation": _one_of(ISOLATIONS),
    "postgres_version": _major,
    "report_events": _number_of("events"),
    "report_redact": _texts,
    "report_value_length": _number_of("characters"),
    "schema": _texts,
    "sqlite_schema": _texts,
    "mysql_schema": _texts,
}
