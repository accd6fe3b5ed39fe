"""What the project says about itself: ``[tool.understudy]`` in pyproject.toml, and the flags.

Nothing here knows pytest, so that the command line reads the same settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from string import Formatter
from typing import Any

from understudy.plugin import messages

# Those of script/database_errors.py, which loading the plugin must not import.
DRIVERS = ("asyncpg", "psqlpy", "psycopg")
LEVELS = ("error", "warn", "off")
RUN_TIME = (
    "check_calls",
    "check_coroutines",
    "check_loop",
    "check_state",
    "check_tasks",
    "check_transactions",
)
ISOLATIONS = ("rollback", "clone")
DEFAULT_CATALOG = "tests/understudy-catalog"
# What the values of ..._postgres_env may name in braces: attributes of the fixture.
PLACES = ("database", "dsn", "host", "password", "port", "user")

_DOTTED = r"[^\W\d]\w*(\.[^\W\d]\w*)*"


class SettingsError(ValueError):
    """A setting is not valid; the text is the whole message."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one project; what is not set is None, or empty.

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
    isolation: str = "rollback"
    fake_postgres_env: Mapping[str, str] = field(default_factory=dict)
    check_calls: str | None = None
    check_coroutines: str | None = None
    check_loop: str | None = None
    check_state: str | None = None
    check_tasks: str | None = None
    check_transactions: str | None = None
    blocked_after: int = 250
    real_postgres_env: Mapping[str, str] = field(default_factory=dict)

    def level(self, key: str) -> str:
        """What a check does with what it finds: "error", "warn" or "off".

        Where nothing is set that is "error" with a schema. Without one a project has not asked for
        its SQL to be checked, and its tests may hold placeholders instead: then it is "warn". What
        is found while a test runs (`RUN_TIME`) is "warn" in any case: the test did pass. A clock is
        wrong on a loaded machine, so `check_loop` is "off" until somebody wants it.
        """
        configured: str | None = getattr(self, key)
        if key == "check_loop":
            return configured or "off"
        return configured or ("error" if self.schema and key not in RUN_TIME else "warn")


KEYS = tuple(sorted(each.name for each in fields(Settings) if each.name != "root"))

# Tables of their own, which the command that they are for reads.
TABLES = ("lint",)


def flag(key: str) -> str:
    """The pytest flag that overrides a key."""
    return f"--understudy-{key.replace('_', '-')}"


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
            raise SettingsError(messages.unknown_key(file, key, KEYS))
        if flags.get(key) is None:
            values[key] = _check(key, value, messages.in_file(file, key))
    for key, value in flags.items():
        if value is not None:
            values[key] = _check(key, value, flag(key))
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
    # Most projects have a pyproject.toml and no table of ours: do not parse it for nothing.
    if b"understudy" not in content:
        return {}
    import tomllib

    try:
        document = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(messages.broken_toml(file, error)) from error
    tool = document.get("tool", {})
    table = tool.get("understudy", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise SettingsError(messages.not_a_table(file, table))
    return table


def _check(key: str, value: object, origin: str) -> object:
    return _CHECKS.get(key, _text)(value, origin)


def _text(value: object, origin: str) -> str:
    if not isinstance(value, str):
        raise SettingsError(messages.wrong_type(origin, value, "a string"))
    if not value.strip():
        raise SettingsError(messages.empty(origin))
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


def _driver(value: object, origin: str) -> str:
    text = _text(value, origin)
    if text not in DRIVERS:
        raise SettingsError(messages.unknown_driver(origin, text, DRIVERS))
    return text


def _level(value: object, origin: str) -> str:
    text = _text(value, origin)
    if text not in LEVELS:
        raise SettingsError(messages.unknown_level(origin, text, LEVELS))
    return text


def _milliseconds(value: object, origin: str) -> int:
    # A flag is text, a key is a number.
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if type(number) is not int or number < 1:
        raise SettingsError(
            messages.wrong_type(origin, value, "a number of milliseconds, 1 or more")
        )
    return number


def _isolation(value: object, origin: str) -> str:
    text = _text(value, origin)
    if text not in ISOLATIONS:
        raise SettingsError(messages.unknown_default_isolation(origin, text, ISOLATIONS))
    return text


def _schema(value: object, origin: str) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        raise SettingsError(messages.wrong_type(origin, value, "a string or a list of strings"))
    if not items:
        raise SettingsError(messages.empty(origin))
    return tuple(_text(item, origin) for item in items)


def _environment(key: str) -> Callable[[object, str], Mapping[str, str]]:
    """Return what reads variables and their values: a table, or of a flag "NAME=value" each."""
    fixture = key.removesuffix("_env")

    def read(value: object, origin: str) -> Mapping[str, str]:
        if isinstance(value, list):
            pairs = [_text(item, origin).partition("=") for item in value]
            value = {name: rest if separator else None for name, separator, rest in pairs}
        if not isinstance(value, dict):
            raise SettingsError(messages.wrong_type(origin, value, "a table of variables"))
        for name, text in value.items():
            if not isinstance(text, str):
                raise SettingsError(messages.wrong_variable(origin, flag(key), name, text))
            for place in _places(origin, name, text):
                if place not in PLACES:
                    text = messages.unknown_place(origin, fixture, name, place, PLACES)
                    raise SettingsError(text)
        return value

    return read


def _places(origin: str, name: str, text: str) -> list[str]:
    try:
        return [place for _, place, _, _ in Formatter().parse(text) if place is not None]
    except ValueError as error:
        raise SettingsError(
            f"{origin}: the value of {name}, {text!r}, cannot be read: {error}."
        ) from error


_CHECKS: Mapping[str, Callable[[object, str], object]] = {
    "app": _app,
    "blocked_after": _milliseconds,
    "check_answers": _level,
    "check_errors": _level,
    "check_parameters": _level,
    "check_statements": _level,
    **dict.fromkeys(RUN_TIME, _level),
    "driver": _driver,
    "fake_postgres_env": _environment("fake_postgres_env"),
    "isolation": _isolation,
    "real_postgres_env": _environment("real_postgres_env"),
    "schema": _schema,
}
