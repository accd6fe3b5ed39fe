"""The reference backend's unit suite with Understudy, and without it on fakes written by hand.

Both sides run the very same tests on the very same files, but for `tests/fakes.py` and the fixtures
of the app: those of Understudy, or plain ones (`benchmarks/by_hand`) with the plugin switched off.
Only tests that pass on the plain fakes are run, which leaves out those that use a script.
What is measured is the processor time of a whole pytest process.
"""

from __future__ import annotations

import shutil
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from benchmarks.processes import pytest_in, seconds_of
from benchmarks.rounds import Round, interleaved
from understudy.plugin import settings

WITH = "with Understudy"
UNWATCHED = "with Understudy, checks at run time off"
WITHOUT = "by hand, plugin off"

_HERE = Path(__file__).parent
_BACKEND = _HERE.parent / "examples" / "backend"
_LEFT_BEHIND = shutil.ignore_patterns("__pycache__", ".*_cache", ".coverage*", "htmlcov")
_COMMON = ["-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov"]
_OFF = ["-p", "no:understudy"]
_UNWATCHED = [f"{settings.flag(check)}=off" for check in settings.RUN_TIME]


def _write_by_hand(folder: Path) -> None:
    """Give a copy of the backend fakes and fixtures of its own."""
    shutil.copyfile(_HERE / "by_hand" / "fakes.py", folder / "tests" / "fakes.py")
    fixtures = (_HERE / "by_hand" / "fixtures.py").read_text(encoding="utf-8")
    with (folder / "tests" / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(fixtures)
    # The markers that the plugin registers.
    project = folder / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    markers = 'markers = ["integration: needs a real PostgreSQL", "understudy: how it isolates"]\n'
    heading = "[tool.pytest.ini_options]\n"
    project.write_text(text.replace(heading, heading + markers), encoding="utf-8")


def _passing(folder: Path) -> list[str]:
    """The tests that pass on the fakes written by hand."""
    report = folder / "report.xml"
    done = pytest_in(
        folder, *_COMMON, *_OFF, "-m", "not integration", f"--junitxml={report}", "tests/"
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stdout)
    return [
        f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
        for case in ElementTree.parse(report).iter("testcase")
        if len(case) == 0
    ]


def measure(rounds: int) -> tuple[int, list[Round]]:
    """Return how many tests all sides run, and the seconds of each side for each round."""
    with tempfile.TemporaryDirectory() as place:
        ours, plain = Path(place) / "ours", Path(place) / "plain"
        for folder in (ours, plain):
            shutil.copytree(_BACKEND, folder, ignore=_LEFT_BEHIND)
        _write_by_hand(plain)
        tests = _passing(plain)
        chosen = Path(place) / "tests.txt"
        chosen.write_text("\n".join(tests), encoding="utf-8")
        seconds_of(ours, *_COMMON, f"@{chosen}")  # so that every module is compiled
        found = interleaved(
            rounds,
            {
                WITH: lambda: seconds_of(ours, *_COMMON, f"@{chosen}"),
                UNWATCHED: lambda: seconds_of(ours, *_COMMON, *_UNWATCHED, f"@{chosen}"),
                WITHOUT: lambda: seconds_of(plain, *_COMMON, *_OFF, f"@{chosen}"),
            },
        )
        return len(tests), found
