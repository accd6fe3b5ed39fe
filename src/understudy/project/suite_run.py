"""How the commands run a project's tests: one by one, without a trace in its folders."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from textwrap import indent

_LINES = 15  # of pytest's output that a failure shows
# How pytest ended, by exit code, if it did not run the tests.
_ENDINGS = {
    2: "was interrupted, or could not collect the tests",
    3: "had an internal error",
    4: "was given arguments that it does not know",
    5: "found no tests",
}
# Options of plugins that are not installed would be errors.
_PLUGINS = (
    ("pytest_cov", "--no-cov"),
    ("xdist", "-n0"),
    ("pytest_randomly", "--randomly-dont-reorganize"),
)


def arguments(scratch: Path, catalog: Path | None) -> list[str]:
    """Return pytest's arguments for a run that writes nothing to the project.

    They undo what `addopts` may ask for: to end at a failure, coverage, several processes, a random
    order.

    Args:
        scratch: a folder for what the run writes.
        catalog: the project's catalog, of which the run gets a copy; None without a schema.
    """
    found = ["-q", "--maxfail=0", "-o", f"cache_dir={scratch / 'cache'}"]
    found += [option for plugin, option in _PLUGINS if importlib.util.find_spec(plugin)]
    if catalog is not None:
        copy = scratch / "catalog"
        if catalog.exists():
            shutil.copyfile(catalog, copy)
        # One word, because pytest derives its root from paths that are arguments.
        found.append(f"--understudy-catalog={copy}")
    return found


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
