"""What is configured already: pytest, Understudy, the folder of the tests."""

from __future__ import annotations

import configparser
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.init import messages
from understudy.init.errors import WriterError

# In the order in which pytest looks for them, with the section that counts.
_INIS = (
    ("pytest.toml", "pytest"),
    (".pytest.toml", "pytest"),
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("pyproject.toml", None),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)


@dataclass(frozen=True)
class Configured:
    """The configuration of a project.

    Attributes:
        pytest_file: where pytest is configured, relative to the project; None where it is not.
        section: the header of pytest's table in that file.
        options: pytest's options in it.
        pyproject: the text of pyproject.toml; None where there is none.
        understudy: [tool.understudy] in it; None where it is missing.
        tests: the folder of the tests, relative to the project.
    """

    pytest_file: Path | None
    section: str
    options: Mapping[str, Any]
    pyproject: str | None
    understudy: Mapping[str, Any] | None
    tests: Path


def read_configuration(root: Path) -> Configured:
    """Read what the project's configuration says.

    Raises:
        WriterError: a file is broken, which pytest would not get past either.
    """
    pyproject = _text(root / "pyproject.toml")
    document = {} if pyproject is None else load_toml(root / "pyproject.toml", pyproject)
    tool = document.get("tool", {})
    file, section, options = _pytest(root, tool)
    tests = _tests(root, options)
    table = tool.get("understudy")
    if table is not None and not isinstance(table, dict):
        raise WriterError(messages.no_table(root / "pyproject.toml"))
    # A table of a rule book below ours is not yet ours.
    if table is not None and all(isinstance(each, dict) for each in table.values()):
        own = re.search(r"(?m)^\s*\[tool\.understudy\]", pyproject or "")
        table = None if own is None and table else table
    return Configured(file, section, options, pyproject, table, tests)


def load_toml(path: Path, text: str) -> dict[str, Any]:
    """Parse a file.

    Raises:
        WriterError: it is no TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WriterError(messages.broken_file(path, error)) from error


def _text(path: Path) -> str | None:
    """The text of a file, with its line ends as they are; None where there is none."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise WriterError(messages.broken_file(path, error)) from error


def _pytest(root: Path, tool: Mapping[str, Any]) -> tuple[Path | None, str, Mapping[str, Any]]:
    for name, section in _INIS:
        if name == "pyproject.toml":
            table = tool.get("pytest", {})
            if "ini_options" in table:
                return Path(name), "[tool.pytest.ini_options]", table["ini_options"]
            if table:
                return Path(name), "[tool.pytest]", table
            continue
        assert section is not None, "only pyproject.toml has none"
        text = _text(root / name)
        if text is None:
            continue
        options = (
            _read_toml(root / name, text)
            if name.endswith(".toml")
            else _read_ini(root / name, text, section)
        )
        # An empty pytest.ini configures pytest too; a tox.ini without the section does not.
        if options is not None or "pytest" in name:
            return Path(name), f"[{section}]", options or {}
    return None, "", {}


def _read_toml(path: Path, text: str) -> Mapping[str, Any] | None:
    table = load_toml(path, text).get("pytest")
    return table if isinstance(table, dict) else None


def _read_ini(path: Path, text: str, section: str) -> Mapping[str, Any] | None:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise WriterError(messages.broken_file(path, error)) from error
    return dict(parser[section]) if parser.has_section(section) else None


def _tests(root: Path, options: Mapping[str, Any]) -> Path:
    """The folder where tests lie, or will."""
    for name in [*words(options.get("testpaths")), "tests", "test"]:
        if (root / name).is_dir():
            return Path(name)
    return Path("tests")


def words(value: object) -> Iterator[str]:
    """The items of an option of pytest, which is a list, or words in a string."""
    if isinstance(value, str):
        yield from shlex.split(value)
    elif isinstance(value, list):
        yield from (str(item) for item in value)
