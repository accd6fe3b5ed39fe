"""What pytest is told in its configuration, as far as the rules depend on it."""

from __future__ import annotations

import configparser
import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

INI_FILES = (
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("pyproject.toml", ""),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)


@dataclass(frozen=True)
class PytestConfig:
    """The settings of pytest that decide what a test is and what runs it."""

    asyncio_mode: str = "strict"
    anyio_mode: str = ""
    python_files: tuple[str, ...] = ("test_*.py", "*_test.py")
    python_classes: tuple[str, ...] = ("Test",)
    python_functions: tuple[str, ...] = ("test",)
    testpaths: tuple[str, ...] = ()
    pythonpath: tuple[str, ...] = ()
    addopts: str = ""
    keys: frozenset[str] = frozenset()

    def is_test_file(self, path: Path) -> bool:
        """Whether pytest collects a file of this name."""
        return any(fnmatch(path.name, pattern) for pattern in self.python_files)

    def is_test_function(self, name: str) -> bool:
        """Whether pytest collects a function of this name."""
        return _matches(name, self.python_functions)

    def is_test_class(self, name: str) -> bool:
        """Whether pytest collects a class of this name that derives from nothing."""
        return _matches(name, self.python_classes)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(
        name.startswith(each) or (any(c in each for c in "*?[") and fnmatch(name, each))
        for each in patterns
    )


def read(folder: Path) -> PytestConfig | None:
    """Return the pytest configuration in a folder; None where no file there has any."""
    for name, section in INI_FILES:
        values = _values(folder / name, section)
        if values is not None:
            return _config(values)
    return None


def _values(file: Path, section: str) -> Mapping[str, Any] | None:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        # pytest says what is wrong with its own configuration; without it the defaults hold.
        return None
    if not section:
        return _toml_values(text)
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    if parser.has_section(section):
        return dict(parser.items(section))
    return {} if file.name in ("pytest.ini", ".pytest.ini") else None


def _toml_values(text: str) -> Mapping[str, Any] | None:
    if "pytest" not in text:
        return None
    try:
        tool = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError:
        return None
    table = tool.get("pytest") if isinstance(tool, dict) else None
    if not isinstance(table, dict):
        return None
    options = table.get("ini_options")
    return options if isinstance(options, dict) else table


def _config(values: Mapping[str, Any]) -> PytestConfig:
    addopts = " ".join(_words(values, "addopts", ()))
    default = PytestConfig()
    return PytestConfig(
        asyncio_mode=option_in(addopts) or str(values.get("asyncio_mode") or "strict").strip(),
        anyio_mode=str(values.get("anyio_mode") or "").strip(),
        python_files=_words(values, "python_files", default.python_files),
        python_classes=_words(values, "python_classes", default.python_classes),
        python_functions=_words(values, "python_functions", default.python_functions),
        testpaths=_words(values, "testpaths", ()),
        pythonpath=_words(values, "pythonpath", ()),
        addopts=addopts,
        keys=frozenset(values),
    )


def option_in(text: str) -> str | None:
    """The mode that a command line gives to pytest-asyncio, if any."""
    found = re.search(r"--asyncio-mode[= \"',]+(\w+)", text)
    return found[1] if found else None


def _words(values: Mapping[str, Any], key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = values.get(key)
    if isinstance(value, list):
        return tuple(str(each) for each in value)
    if not isinstance(value, str) or not value.strip():
        return default
    try:
        return tuple(shlex.split(value))
    except ValueError:
        return tuple(value.split())
