"""Read what is configured already: pytest, Understudy, the folder of the tests."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.init.errors import InitError
from understudy.project import pytest_config
from understudy.project.pytest_config import BrokenConfiguration, PytestConfig


@dataclass(frozen=True)
class Configured:
    """The configuration of a project.

    Attributes:
        pytest: pytest's configuration.
        pyproject: the text of pyproject.toml, or None if there is none.
        document: the same, parsed.
        understudy: its table [tool.understudy], or None if it is missing.
        tests: the folder of the tests, relative to the project.
        ruff: the settings of ruff, or None if it is not configured.
        ruff_file: the name of the file that they are in.
    """

    pytest: PytestConfig
    pyproject: str | None
    document: Mapping[str, Any]
    understudy: Mapping[str, Any] | None
    tests: Path
    ruff: Mapping[str, Any] | None = None
    ruff_file: str = "pyproject.toml"


def read_configuration(root: Path) -> Configured:
    """Read the configuration of a project.

    Raises:
        InitError: A file is broken, so pytest would fail as well.
    """
    path = root / "pyproject.toml"
    try:
        pyproject = path.read_bytes().decode("utf-8")
        document = tomllib.loads(pyproject)
    except FileNotFoundError:
        pyproject, document = None, {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _broken(path, error) from error
    tool = document.get("tool", {})
    try:
        config = pytest_config.read_strictly(root) or PytestConfig()
    except BrokenConfiguration as error:
        raise _broken(error.file, error) from error
    table = tool.get("understudy")
    if table is not None and not isinstance(table, dict):
        raise InitError(f"{path}: tool.understudy is not a table. Write it as [tool.understudy].")
    # [tool.understudy.lint] alone does not make a table [tool.understudy].
    if table is not None and all(isinstance(item, dict) for item in table.values()):
        own = re.search(r"(?m)^\s*\[tool\.understudy\]", pyproject or "")
        table = None if own is None and table else table
    tests = _tests(root, config)
    return Configured(config, pyproject, document, table, tests, *_ruff(root, tool))


def _ruff(root: Path, tool: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str]:
    """Return the settings of ruff and their file; a file of its own comes first."""
    for name in (".ruff.toml", "ruff.toml"):
        try:
            return tomllib.loads((root / name).read_bytes().decode("utf-8")), name
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise _broken(root / name, error) from error
    table = tool.get("ruff")
    return table if isinstance(table, dict) else None, "pyproject.toml"


def _broken(path: Path, error: Exception) -> InitError:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return InitError(f"{path} cannot be read: {first}\nNothing was written. Fix the file first.")


def _tests(root: Path, config: PytestConfig) -> Path:
    """Return the folder that the tests are in, or will be."""
    for name in [*config.testpaths, "tests", "test"]:
        if (root / name).is_dir():
            return Path(name)
    return Path("tests")
