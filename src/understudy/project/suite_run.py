"""How the commands run a project's tests: one by one, without a trace in its folders."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from textwrap import indent

from understudy.project import pytest_config

_LINES = 15  # of pytest's output that a failure shows
# How pytest ended, by exit code, if it did not run the tests.
_ENDINGS = {
    2: "was interrupted, or could not collect the tests",
    3: "had an internal error",
    4: "could not load a conftest.py, or was given arguments that it does not know",
    5: "found no tests",
}
# Options of plugins that are not installed, or that the project has disabled, would be errors: the
# module of each, and its name for pytest.
_PLUGINS = (
    ("pytest_cov", "pytest_cov", "--no-cov"),
    ("xdist", "xdist", "-n0"),
    ("pytest_randomly", "randomly", "--randomly-dont-reorganize"),
)


def arguments(
    root: Path, scratch: Path, catalog: Path | None, given: Sequence[str] = ()
) -> list[str]:
    """Return pytest's arguments for a run that writes nothing to the project.

    They undo what `addopts` may ask for: to end at a failure, coverage, several processes, a random
    order.

    Args:
        root: the folder in which pytest starts.
        scratch: a folder for what the run writes.
        catalog: the project's catalog, of which the run gets a copy; None without a schema.
        given: the user's own arguments, which may disable a plugin as well.
    """
    found = ["-q", "--maxfail=0", "-o", f"cache_dir={scratch / 'cache'}"]
    disabled = _disabled(root, given)
    found += [
        option
        for module, name, option in _PLUGINS
        if name not in disabled and importlib.util.find_spec(module)
    ]
    if catalog is not None:
        copy = scratch / "catalog"
        if catalog.exists():
            shutil.copyfile(catalog, copy)
        # One word, because pytest derives its root from paths that are arguments.
        found.append(f"--understudy-catalog={copy}")
    return found


def _disabled(root: Path, given: Sequence[str]) -> set[str]:
    """Return the plugins that addopts or the user's arguments disable: `-p no:NAME`."""
    configured = pytest_config.read(root)
    words = [] if configured is None else configured.addopts.split()
    words += [*os.environ.get("PYTEST_ADDOPTS", "").split(), *given]
    return {name for word in words if (name := word.removeprefix("-p").removeprefix("no:")) != word}


def environment() -> dict[str, str]:
    """Return the environment variables of such a run."""
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}


def ending(exit_code: int, output: str) -> str:
    """Return how pytest ended, if it did not run the tests, and the end of its output."""
    how = _ENDINGS.get(exit_code, f"ended with exit code {exit_code}")
    return f"pytest {how}:\n{tail(output)}"


def tail(output: str) -> str:
    """Return the last lines of pytest's output, indented."""
    return indent("\n".join(output.strip().splitlines()[-_LINES:]), "  ")
