"""What the project says about itself: ``[tool.understudy]`` in pyproject.toml, and the flags.

Nothing here knows pytest, so that the command line reads the same settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from understudy.plugin import messages

# Those of script/database_errors.py, which loading the plugin must not import.
DRIVERS = ("asyncpg", "psqlpy", "psycopg")
LEVELS = ("error", "warn", "off")
DEFAULT_CATALOG = "tests/understudy-catalog"

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

    def level(self, key: str) -> str:
        """What a check does with what it finds: "error", "warn" or "off".

        Where nothing is set that is "error" with a schema. Without one a project has not asked for
        its SQL to be checked, and its tests may hold placeholders instead: then it is "warn".
        """
        configured: str | None = getattr(self, key)
        return configured or ("error" if self.schema else "warn")


KEYS = tuple(sorted(field.name for field in fields(Settings) if field.name != "root"))


def flag(key: str) -> str:
    """The pytest flag that overrides a key."""
    return f"--understudy-{key.replace('_', '-')}"


def load(root: Path, file: Path, flags: Mapping[str, object]) -> Settings:
    """Read the settings of the project.

    :param root: the directory that relative paths start from.
    :param file: the pyproject.toml, which need not exist.
    :param flags: values given on the command line, by key; None means not given.
    :raises SettingsError: the file cannot be read, or a key or a value is not valid.
    """
    values: dict[str, Any] = {}
    for key, value in read_table(file).items():
        if key not in KEYS:
            raise SettingsError(messages.unknown_key(file, key, KEYS))
        if flags.get(key) is None:
            values[key] = _check(key, value, messages.in_file(file, key))
    for key, value in flags.items():
        if value is not None:
            values[key] = _check(key, value, flag(key))
    return Settings(root=root, **values)


def read_table(file: Path) -> Mapping[str, object]:
    """Return ``[tool.understudy]`` of a pyproject.toml; empty where the file has none.

    :raises SettingsError: the file is not TOML, or ``tool.understudy`` is not a table.
    """
    try:
        content = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise SettingsError(messages.unreadable_file(file, error)) from error
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
        raise SettingsError(messages.bad_app(origin, text))
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


def _schema(value: object, origin: str) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        raise SettingsError(messages.wrong_type(origin, value, "a string or a list of strings"))
    if not items:
        raise SettingsError(messages.empty(origin))
    return tuple(_text(item, origin) for item in items)


_CHECKS: Mapping[str, Callable[[object, str], object]] = {
    "app": _app,
    "check_answers": _level,
    "check_errors": _level,
    "check_parameters": _level,
    "check_statements": _level,
    "driver": _driver,
    "schema": _schema,
}
