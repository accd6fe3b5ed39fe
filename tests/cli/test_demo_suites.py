from __future__ import annotations

import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import FILES, write
from understudy.cli.demo_suites import SUITES, Coverage, Result, Suite, run

FAKE, REAL = SUITES
ALL_PASS = {"passed": 0, "failed": 0, "error": 0, "skipped": 0, "xfailed": 0, "xpassed": 0}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.txt"


@dataclass(frozen=True)
class Ran:
    """A suite that has run: with which result, in how many seconds, and what it left.

    Attributes:
        handlers: those of SIGTERM before and after.
    """

    result: Result
    seconds: float
    printed: str
    new: set[Path]
    handlers: tuple[object, object]


def ran(suite: Suite, project: Path, log: Path) -> Ran:
    handler, files = signal.getsignal(signal.SIGTERM), set(project.rglob("*"))
    started = time.monotonic()
    with log.open("w") as output:
        result = run(suite, project, output)
    seconds = time.monotonic() - started
    handlers = handler, signal.getsignal(signal.SIGTERM)
    return Ran(result, seconds, log.read_text(), set(project.rglob("*")) - files, handlers)


@pytest.fixture(scope="module")
def on_fakes(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The suite on fakes, run with settings that are meant for another pytest."""
    folder = tmp_path_factory.mktemp("demo")
    write(folder / "project", FILES)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTEST_ADDOPTS", "--no-such-option")
        patched.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        patched.setenv("COVERAGE_RCFILE", "/there/is/no/such.toml")
        return ran(FAKE, folder / "project", folder / "log.txt")


def test_the_suite_on_fakes(on_fakes: Ran) -> None:
    result = on_fakes.result

    assert result.ok
    assert result.exit_code == 0
    assert result.tests == {**ALL_PASS, "passed": 2}
    assert (result.calls_on_fakes, result.statements_on_fakes) == (3, 2)
    assert result.statements_checked == 2
    assert result.postgres is None
    # def, if and two returns; the number's two ways, one of them gone.
    assert result.coverage == Coverage(lines=4, lines_covered=3, branches=2, branches_covered=1)
    assert 0 < result.seconds <= on_fakes.seconds
    assert "2 passed" in on_fakes.printed


def test_the_suite_on_a_real_postgresql(project: Path, log: Path) -> None:
    with log.open("w") as output:
        result = run(REAL, project, output)

    assert result.ok
    assert result.tests == {**ALL_PASS, "passed": 1}
    assert result.postgres is not None
    assert result.postgres.embedded
    assert result.coverage is None


def test_leaves_the_folder_as_it_was_but_for_caches_and_the_catalog(on_fakes: Ran) -> None:
    caches = {"__pycache__", ".pytest_cache"}
    left = {path.name for path in on_fakes.new if not caches & set(path.parts)}

    assert left == {"understudy-catalog"}


def test_a_failing_test(project: Path, log: Path) -> None:
    write(project, {"tests/test_more.py": "def test_no(): assert 1 == 2"})

    with log.open("w") as output:
        result = run(FAKE, project, output)

    assert not result.ok
    assert result.exit_code == 1
    assert result.tests == {**ALL_PASS, "passed": 2, "failed": 1}
    assert "assert 1 == 2" in log.read_text()


def test_no_test_at_all_is_not_well(project: Path, log: Path) -> None:
    with log.open("w") as output:
        result = run(Suite("none", "nothing", "integration and not integration"), project, output)

    assert not result.ok
    assert result.exit_code == pytest.ExitCode.NO_TESTS_COLLECTED
    assert result.tests == ALL_PASS


def test_only_skipped_tests_are_not_well(project: Path, log: Path) -> None:
    for file in (project / "tests").iterdir():
        file.unlink()
    write(project, {"tests/test_s.py": "import pytest\ndef test_s(): pytest.skip('why not')"})

    with log.open("w") as output:
        result = run(Suite("skip", "skipped", "not integration"), project, output)

    assert result.exit_code == 0
    assert result.tests == {**ALL_PASS, "skipped": 1}
    assert not result.ok


def test_a_pytest_that_cannot_begin_reports_nothing(
    project: Path, log: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(project, {"pyproject.toml": "[tool.understudy]\ncolour = 'red'\n"})

    with log.open("w") as output:
        result = run(FAKE, project, output)

    assert not result.ok
    assert result.exit_code == pytest.ExitCode.USAGE_ERROR
    assert result.tests == {}
    assert result.coverage is None
    assert "colour" in capfd.readouterr().err


def test_settings_meant_for_another_pytest_do_not_reach_it(on_fakes: Ran) -> None:
    assert on_fakes.result.ok
    assert "no-such-option" not in on_fakes.printed


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to handle")
def test_sigterm_is_as_it_was_afterwards(on_fakes: Ran) -> None:
    before, after = on_fakes.handlers

    assert after is before
