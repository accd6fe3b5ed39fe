"""The pytest configuration of a project, found and read as pytest does it."""

from __future__ import annotations

import configparser
import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Any

# In the order of _pytest.config.findpaths: the first file with a configuration counts.
FILES = (
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
)


class BrokenConfiguration(Exception):
    """A configuration file cannot be read or parsed; the text says why.

    Attributes:
        file: the file.
    """

    def __init__(self, file: Path, reason: Exception) -> None:
        super().__init__(str(reason))
        self.file = file


@dataclass(frozen=True)
class PytestConfig:
    """The options of pytest in a folder.

    Attributes:
        file: the name of the file with the configuration, or None if there is none.
        section: the header of pytest's table in that file.
        options: the options as they are written there.
    """

    file: str | None = None
    section: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def words(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return the items of an option that is a list, or words in a string."""
        value = self.options.get(key)
        if isinstance(value, list):
            return tuple(str(item) for item in value)
        if not isinstance(value, str) or not value.strip():
            return default
        try:
            return tuple(shlex.split(value))
        except ValueError:
            return tuple(value.split())

    @cached_property
    def addopts(self) -> str:
        """The arguments that are added to each command line."""
        return " ".join(self.words("addopts"))

    @cached_property
    def asyncio_mode(self) -> str:
        """The mode of pytest-asyncio."""
        return mode_in(self.addopts) or str(self.options.get("asyncio_mode") or "strict").strip()

    @cached_property
    def anyio_mode(self) -> str:
        """The mode of anyio's plugin, or an empty string if it is not set."""
        return str(self.options.get("anyio_mode") or "").strip()

    @cached_property
    def testpaths(self) -> tuple[str, ...]:
        """The files and folders that pytest runs if it is given none."""
        return self.words("testpaths")

    @cached_property
    def pythonpath(self) -> tuple[str, ...]:
        """The folders that pytest adds to ``sys.path``."""
        return self.words("pythonpath")

    @cached_property
    def _python_files(self) -> tuple[str, ...]:
        return self.words("python_files", ("test_*.py", "*_test.py"))

    @cached_property
    def _python_functions(self) -> tuple[str, ...]:
        return self.words("python_functions", ("test",))

    def is_test_file(self, path: Path) -> bool:
        """Whether pytest collects a file of this name."""
        return any(fnmatch(path.name, pattern) for pattern in self._python_files)

    def is_test_function(self, name: str) -> bool:
        """Whether pytest collects a function of this name."""
        return _matches(name, self._python_functions)

    def is_test_class(self, name: str) -> bool:
        """Whether pytest collects a class of this name that has no base class."""
        return _matches(name, self.words("python_classes", ("Test",)))


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(
        name.startswith(pattern)
        or (any(wildcard in pattern for wildcard in "*?[") and fnmatch(name, pattern))
        for pattern in patterns
    )


def mode_in(text: str) -> str | None:
    """Return the mode that a command line gives to pytest-asyncio, or None."""
    found = re.search(r"--asyncio-mode[= \"',]+(\w+)", text)
    return found[1] if found else None


def read(folder: Path) -> PytestConfig | None:
    """Return the configuration in a folder, or None if no valid file there has any."""
    try:
        return read_strictly(folder)
    except BrokenConfiguration:
        return None  # pytest itself reports it


def read_strictly(folder: Path) -> PytestConfig | None:
    """Return the configuration in a folder, or None if no file there has any.

    Raises:
        BrokenConfiguration: A file that comes before it is broken. Pytest fails as well.
    """
    for name in FILES:
        file = folder / name
        try:
            text = file.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise BrokenConfiguration(file, error) from error
        try:
            config = _from_toml(name, text) if name.endswith(".toml") else _from_ini(name, text)
        except (tomllib.TOMLDecodeError, configparser.Error) as error:
            raise BrokenConfiguration(file, error) from error
        if config is not None:
            return config
    return None


def _from_toml(name: str, text: str) -> PytestConfig | None:
    if name == "pyproject.toml" and "pytest" not in text:
        return None  # parsing it takes ten times as long
    document = tomllib.loads(text)
    if name != "pyproject.toml":  # a file for pytest alone counts even if it is empty
        return PytestConfig(name, "[pytest]", _table(document, "pytest"))
    table = _table(_table(document, "tool"), "pytest")
    # Beside ini_options, other tables of [tool.pytest] are of plugins: pytest 9 refuses them there.
    if "ini_options" in table:
        return PytestConfig(name, "[tool.pytest.ini_options]", _table(table, "ini_options"))
    return PytestConfig(name, "[tool.pytest]", table) if table else None


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = document.get(key)
    return table if isinstance(table, dict) else {}


def _from_ini(name: str, text: str) -> PytestConfig | None:
    section = "tool:pytest" if name == "setup.cfg" else "pytest"
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.read_string(text)
    if parser.has_section(section):
        return PytestConfig(name, f"[{section}]", dict(parser.items(section)))
    # A file for pytest alone counts even if it is empty.
    return PytestConfig(name, f"[{section}]") if "pytest" in name else None
