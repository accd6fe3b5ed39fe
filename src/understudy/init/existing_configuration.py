"""What is configured already: pytest, Understudy, the folder of the tests."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.init import messages
from understudy.init.errors import WriterError
from understudy.project import pytest_config
from understudy.project.pytest_config import BrokenConfiguration, PytestConfig


@dataclass(frozen=True)
class Configured:
    """The configuration of a project.

    Attributes:
        pytest: pytest's configuration.
        pyproject: the text of pyproject.toml; None where there is none.
        understudy: [tool.understudy] in it; None where it is missing.
        tests: the folder of the tests, relative to the project.
    """

    pytest: PytestConfig
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
    try:
        config = pytest_config.read_strictly(root) or PytestConfig()
    except BrokenConfiguration as error:
        raise WriterError(messages.broken_file(error.file, error)) from error
    table = tool.get("understudy")
    if table is not None and not isinstance(table, dict):
        raise WriterError(messages.no_table(root / "pyproject.toml"))
    # A table of a rule book below ours is not yet ours.
    if table is not None and all(isinstance(each, dict) for each in table.values()):
        own = re.search(r"(?m)^\s*\[tool\.understudy\]", pyproject or "")
        table = None if own is None and table else table
    return Configured(config, pyproject, table, _tests(root, config))


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


def _tests(root: Path, config: PytestConfig) -> Path:
    """Return the folder that the tests are in, or will be."""
    for name in [*config.testpaths, "tests", "test"]:
        if (root / name).is_dir():
            return Path(name)
    return Path("tests")
