"""The project's pytest, in a copy of the project: what imports, and which tests pass.

The copy is for what the project's code may do to its folder when it is imported. It sees the same
environment variables, and the .env file of the folder above, as it does in its own place.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.init import messages
from understudy.init.errors import WriterError
from understudy.project import pytest_process
from understudy.project.files import is_foreign

# A larger file is linked: models and dumps are read by code, and seldom written.
_LARGE = 10_000_000
# Plugins that take seconds to load, and change nothing here but the order.
_LEFT_OUT = ("cacheprovider", "randomly", "hypothesispytest", "faker")
_NOTHING: Mapping[str, Any] = {"path": [], "apps": [], "models": [], "schema": []}
# How many lines of pytest's own words are shown where it ended before a test.
_LINES = 12


@dataclass(frozen=True)
class Report:
    """What a run of pytest said.

    Attributes:
        answers: the probe's, in order.
        ended: whether it ended by itself, in time.
        output: the end of what pytest printed.
    """

    answers: Sequence[Mapping[str, Any]]
    ended: bool
    output: str

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        """The answers of one kind."""
        return [answer for answer in self.answers if answer["kind"] == kind]

    @property
    def last(self) -> str:
        """What it was at when it was stopped."""
        begun = self.of("begin")
        return str(begun[-1]["what"]) if begun else messages.the_start()


class Copy:
    """A copy of a project in which pytest can be run."""

    def __init__(self, root: Path, place: Path, timeout: float) -> None:
        self._original = root
        self.root = place / root.name
        self._timeout = timeout
        try:
            shutil.copytree(root, self.root, symlinks=True, ignore=_ignored, copy_function=_take)
            outer = root.parent / ".env"
            if outer.is_file():
                shutil.copy2(outer, place / ".env")
        except (OSError, shutil.Error) as error:
            raise WriterError(messages.no_copy(root, error)) from error

    def write(self, file: Path, text: str) -> None:
        """Write a file into the copy."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def pytest(self, arguments: Sequence[str], request: Mapping[str, Any]) -> Report:
        """Run pytest with the probe, without what the project's addopts would add."""
        left_out = [word for name in _LEFT_OUT for word in ("-p", f"no:{name}")]
        ended = pytest_process.run(
            [*left_out, "-o", "addopts=", "-q", *arguments],
            self.root,
            plugin="understudy.init.probe",
            request={**_NOTHING, **request},
            environment=self._environment(),
            timeout=self._timeout,
            patience=0,  # a child that hangs is not asked: what its tests started goes with it
        )
        return Report(ended.answers, not ended.timed_out, ended.tail(_LINES))

    def _environment(self) -> dict[str, str]:
        kept = pytest_process.environment_without("PYTEST_")
        paths = kept.get("PYTHONPATH", "").split(os.pathsep)
        moved = [path.replace(str(self._original), str(self.root)) for path in paths if path]
        if moved:
            kept["PYTHONPATH"] = os.pathsep.join(moved)
        return {**kept, "NO_COLOR": "1", "COLUMNS": "200"}


@contextmanager
def copied(root: Path, timeout: float) -> Iterator[Copy]:
    """A copy of a project, gone afterwards.

    Raises:
        WriterError: it cannot be copied.
    """
    with tempfile.TemporaryDirectory(prefix="understudy-", ignore_cleanup_errors=True) as folder:
        yield Copy(root, Path(folder), timeout)


def _ignored(folder: str, names: Sequence[str]) -> set[str]:
    parent = Path(folder)
    return {name for name in names if _is_left(parent / name)}


def _is_left(path: Path) -> bool:
    if path.is_symlink():
        return False
    if path.is_dir():
        # Hidden folders are no part of the code; the others are not its own.
        return is_foreign(path)
    return not path.is_file() or not os.access(path, os.R_OK)


def _take(source: str, target: str) -> None:
    if Path(source).stat().st_size > _LARGE:
        Path(target).symlink_to(source)
    else:
        shutil.copy2(source, target)
