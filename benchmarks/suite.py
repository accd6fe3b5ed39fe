"""The reference backend's unit suite with Understudy, and without it on hand-written fakes.

Both sides run the same tests in copies of the backend. The copies differ in `tests/fakes.py` and in
the fixtures of the app: one uses Understudy, the other `benchmarks/by_hand` with the plugin off.
Only tests that pass on the hand-written fakes are run, which leaves out tests that need rules. The
time is the processor time of a whole pytest process.
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
UNCHECKED = "with Understudy, runtime checks off"
WITHOUT = "hand-written, plugin off"

_HERE = Path(__file__).parent
_BACKEND = _HERE.parent / "examples" / "backend"
_NOT_COPIED = shutil.ignore_patterns("__pycache__", ".*_cache", ".coverage*", "htmlcov")
_COMMON = ["-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov"]
_OFF = ["-p", "no:understudy"]
_UNCHECKED = [f"{settings.flag(check)}=off" for check in settings.RUN_TIME]


def _use_hand_written_fakes(folder: Path) -> None:
    """Give a copy of the backend hand-written fakes and fixtures."""
    shutil.copyfile(_HERE / "by_hand" / "fakes.py", folder / "tests" / "fakes.py")
    fixtures = (_HERE / "by_hand" / "fixtures.py").read_text(encoding="utf-8")
    with (folder / "tests" / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(fixtures)
    # Otherwise the plugin registers these markers.
    project = folder / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    markers = 'markers = ["integration: needs a real PostgreSQL", "understudy: how it isolates"]\n'
    heading = "[tool.pytest.ini_options]\n"
    project.write_text(text.replace(heading, heading + markers), encoding="utf-8")


def _passing(folder: Path) -> list[str]:
    """Return the tests that pass on the hand-written fakes."""
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
    """Return the number of tests, and the processor time of each side for each round."""
    with tempfile.TemporaryDirectory() as place:
        with_plugin, plain = Path(place) / "with_plugin", Path(place) / "plain"
        for folder in (with_plugin, plain):
            shutil.copytree(_BACKEND, folder, ignore=_NOT_COPIED)
        _use_hand_written_fakes(plain)
        tests = _passing(plain)
        chosen = Path(place) / "tests.txt"
        chosen.write_text("\n".join(tests), encoding="utf-8")
        seconds_of(with_plugin, *_COMMON, f"@{chosen}")  # compiles every module
        found = interleaved(
            rounds,
            {
                WITH: lambda: seconds_of(with_plugin, *_COMMON, f"@{chosen}"),
                UNCHECKED: lambda: seconds_of(with_plugin, *_COMMON, *_UNCHECKED, f"@{chosen}"),
                WITHOUT: lambda: seconds_of(plain, *_COMMON, *_OFF, f"@{chosen}"),
            },
        )
        return len(tests), found
