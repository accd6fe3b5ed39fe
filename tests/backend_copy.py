"""A copy of the reference backend in a folder of its own, and a pytest that runs in it.

Its packages are called `src` and `tests`, as this project's are, so it runs in a child process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BACKEND = ROOT / "examples" / "backend"
_LEFT_BEHIND = shutil.ignore_patterns("__pycache__", ".*_cache", ".coverage*", "htmlcov", ".env")


@dataclass(frozen=True)
class Run:
    """What a command did: its exit status, and what it printed on both streams."""

    status: int
    output: str


@dataclass(frozen=True)
class Folder:
    """A project folder in which commands are run."""

    path: Path

    def write(self, name: str, text: str) -> Path:
        """Write a file, and the folders above it."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *command: str) -> Run:
        """Run a command: `python` and `pytest` are those of this environment."""
        done = subprocess.run(
            [*_PROGRAMS.get(command[0], [command[0]]), *command[1:]],
            cwd=self.path,
            env=outer_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        return Run(done.returncode, done.stdout)

    def outcomes(self, *arguments: str) -> dict[str, str]:
        """Run pytest and return each test's outcome by `file::name`.

        An outcome is "passed", or else pytest's own report of it.
        """
        report = self.path / ".outcomes.xml"
        run = self.run("pytest", "-p", "no:randomly", f"--junitxml={report}", *arguments)
        assert run.status in (0, 1), run.output
        return {_name(case): _outcome(case) for case in ElementTree.parse(report).iter("testcase")}


def copy_backend(to: Path) -> Folder:
    """Copy the reference backend, without what running it leaves behind."""
    return copy_example(BACKEND.name, to)


def copy_example(name: str, to: Path) -> Folder:
    """Copy a folder of `examples`, without what running it leaves behind."""
    shutil.copytree(ROOT / "examples" / name, to, ignore=_LEFT_BEHIND)
    return Folder(to)


_PROGRAMS = {
    "python": [sys.executable],
    "pytest": [sys.executable, "-m", "pytest"],
    "understudy": [sys.executable, "-m", "understudy"],
}


def outer_environment() -> dict[str, str]:
    """This environment, without what an outer pytest put into it.

    Nor is what runs there measured, which makes it a third slower: a command that measures coverage
    itself cannot be, and the gate is passed without the others.
    """
    strange = ("PYTEST_", "COV_CORE_", "COVERAGE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    # A third of the time that pytest takes to start, for plugins that no reader needs.
    plugins = {"PYTEST_ADDOPTS": "-p no:hypothesispytest -p no:faker"}
    return {**kept, **plugins, "NO_COLOR": "1", "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}


def _name(case: ElementTree.Element) -> str:
    module = case.get("classname", "").replace(".", "/")
    return f"{module}.py::{case.get('name')}"


def _outcome(case: ElementTree.Element) -> str:
    return "\n".join(child.text or child.tag for child in case) or "passed"
