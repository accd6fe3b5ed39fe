"""Run a project's pytest in a copy of the project.

Importing the project's code may change its folder, so this happens in a copy. The environment
variables are the same there, and so is the .env file of the folder above.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.embedded.watcher import watched_folder
from understudy.init import report
from understudy.init.configuration import NewFile
from understudy.init.errors import InitError
from understudy.project import pytest_process
from understudy.project.files import is_foreign

# A larger file is linked: models and dumps are read by code, and seldom written.
_LARGE = 10_000_000
# Plugins that take seconds to load, and change at most the order of the tests.
_LEFT_OUT = ("cacheprovider", "randomly", "hypothesispytest", "faker")
_NOTHING: Mapping[str, Any] = {"path": [], "apps": [], "models": [], "schema": []}
_LINES = 12  # of pytest's output that are kept
SCHEMA = "the schema"  # the probe's name for the step that loads it


@dataclass(frozen=True)
class Report:
    """What a run of pytest said.

    Attributes:
        answers: the probe's answers, in order.
        ended: whether pytest ended in time.
        output: the end of what it printed.
        timeout: the seconds that it had.
    """

    answers: Sequence[Mapping[str, Any]]
    ended: bool
    output: str
    timeout: float

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        """Return the answers of one kind."""
        return [answer for answer in self.answers if answer["kind"] == kind]

    @property
    def last(self) -> str:
        """The last step that it began."""
        begun = self.of("begin")
        return str(begun[-1]["what"]) if begun else "the start of pytest"

    def why_it_ended(self) -> str:
        """Return why a question has no answer, or a test no outcome."""
        if not self.ended:
            return f"did not end within {self.timeout:g} s, at {self.last}"
        lines = report.without_links(self.output)
        return (pytest_process.error_lines(lines) or lines or ["pytest printed nothing"])[
            -1
        ].strip()


class Copy:
    """A copy of a project in which pytest can be run.

    Args:
        root: the project's folder.
        place: an empty folder for the copy.
        timeout: the seconds that a run of pytest may take.
        top: the folder to copy, if that is one above the project's; its files may be read, too.

    Attributes:
        root: the project's folder in the copy.
        scratch: a folder beside the copy, for what a run writes.

    Raises:
        InitError: The project cannot be copied.
    """

    def __init__(self, root: Path, place: Path, timeout: float, top: Path | None = None) -> None:
        project, root = root, top or root
        self._original = root
        self.root = place / root.name / project.relative_to(root)
        self.scratch = place / ".understudy-scratch"
        self.timeout = timeout
        try:
            shutil.copytree(
                root, place / root.name, symlinks=True, ignore=_ignored, copy_function=_take
            )
            outer = root.parent / ".env"
            if outer.is_file():
                shutil.copy2(outer, place / ".env")
        except (OSError, shutil.Error) as error:
            raise InitError(
                f"{root} cannot be copied to try the tests: {error}\n"
                "Nothing was written. To skip trying them: understudy init --no-run"
            ) from error

    def write(self, file: Path, text: str) -> None:
        """Write a file into the copy."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def write_all(self, files: Sequence[NewFile]) -> None:
        """Write several files into the copy."""
        for file in files:
            self.write(file.path, file.text)

    def ask(self, folder: Path, request: Mapping[str, Any]) -> Report:
        """Ask the project about itself; pytest collects a test in a folder, and runs none."""
        probe = folder / "test_understudy_probe.py"
        self.write(probe, "def test_nothing() -> None:\n    pass\n")
        try:
            return self.pytest(["--collect-only", str(probe)], request)
        finally:
            (self.root / probe).unlink()

    def pytest(self, arguments: Sequence[str], request: Mapping[str, Any]) -> Report:
        """Run pytest with the probe and without the project's addopts."""
        left_out = [word for name in _LEFT_OUT for word in ("-p", f"no:{name}")]
        ended = pytest_process.run(
            [*left_out, "-o", "addopts=", "-q", *arguments],
            self.root,
            plugin="understudy.init.probe",
            request={**_NOTHING, **request},
            environment=self.environment(),
            timeout=self.timeout,
            patience=0,  # a child that hangs is not asked: what its tests started goes with it
        )
        return Report(ended.answers, not ended.timed_out, ended.tail(_LINES), self.timeout)

    def environment(self) -> dict[str, str]:
        """Return the environment variables of a pytest in the copy."""
        kept = pytest_process.environment_without("PYTEST_")
        paths = kept.get("PYTHONPATH", "").split(os.pathsep)
        moved = [path.replace(str(self._original), str(self.root)) for path in paths if path]
        if moved:
            kept["PYTHONPATH"] = os.pathsep.join(moved)
        return {**kept, "NO_COLOR": "1", "COLUMNS": "200"}


@contextmanager
def copied(root: Path, timeout: float, top: Path | None = None) -> Iterator[Copy]:
    """Copy a project, and delete the copy afterwards; for `top` see `Copy`.

    Raises:
        InitError: The project cannot be copied.
    """
    with watched_folder("understudy-") as folder:
        yield Copy(root, folder, timeout, top)


def _ignored(folder: str, names: Sequence[str]) -> set[str]:
    parent = Path(folder)
    return {name for name in names if _is_left(parent / name)}


def _is_left(path: Path) -> bool:
    if path.is_symlink():
        return False
    if path.is_dir():
        # Hidden folders, environments and the folders of tools are not part of the code.
        return is_foreign(path)
    return not path.is_file() or not os.access(path, os.R_OK)


def _take(source: str, target: str) -> None:
    if Path(source).stat().st_size > _LARGE:
        Path(target).symlink_to(source)
    else:
        shutil.copy2(source, target)
