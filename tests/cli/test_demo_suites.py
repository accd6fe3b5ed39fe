from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest

from understudy.cli.demo_suites import SUITES, Coverage, Suite, run

from .conftest import write

FAKE, REAL = SUITES
ALL_PASS = {"passed": 0, "failed": 0, "error": 0, "skipped": 0, "xfailed": 0, "xpassed": 0}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.txt"


def test_the_suite_on_fakes(project: Path, log: Path) -> None:
    started = time.monotonic()
    with log.open("w") as output:
        result = run(FAKE, project, output)
    outside = time.monotonic() - started

    assert result.ok
    assert result.exit_code == 0
    assert result.tests == {**ALL_PASS, "passed": 2}
    assert (result.calls_on_fakes, result.statements_on_fakes) == (3, 2)
    assert result.statements_checked == 2
    assert result.postgres is None
    # def, if and two returns; the number's two ways, one of them gone.
    assert result.coverage == Coverage(lines=4, lines_covered=3, branches=2, branches_covered=1)
    assert 0 < result.seconds <= outside
    assert "2 passed" in log.read_text()


def test_the_suite_on_a_real_postgresql(project: Path, log: Path) -> None:
    with log.open("w") as output:
        result = run(REAL, project, output)

    assert result.ok
    assert result.tests == {**ALL_PASS, "passed": 1}
    assert result.postgres is not None
    assert result.postgres.embedded
    assert result.coverage is None


def test_leaves_the_folder_as_it_was_but_for_caches_and_the_catalog(
    project: Path, log: Path
) -> None:
    before = set(project.rglob("*"))

    with log.open("w") as output:
        run(FAKE, project, output)

    new = {path for path in project.rglob("*") if path not in before}
    caches = {"__pycache__", ".pytest_cache"}
    assert {path.name for path in new if not caches & set(path.parts)} == {"understudy-catalog"}


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


def test_settings_meant_for_another_pytest_do_not_reach_it(
    project: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("COVERAGE_RCFILE", "/there/is/no/such.toml")

    with log.open("w") as output:
        assert run(FAKE, project, output).ok


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to handle")
def test_sigterm_is_as_it_was_afterwards(project: Path, log: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)

    with log.open("w") as output:
        run(Suite("none", "nothing", "integration and not integration"), project, output)

    assert signal.getsignal(signal.SIGTERM) is before
