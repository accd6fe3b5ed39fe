from __future__ import annotations

import json
import platform
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest

from understudy import __version__
from understudy.cli.demo_report import as_json, as_text
from understudy.cli.demo_suites import SUITES, Coverage, Result, Server

from .conftest import write

NONE = {"passed": 0, "failed": 0, "error": 0, "skipped": 0, "xfailed": 0, "xpassed": 0}
ON_FAKES = Result(
    SUITES[0],
    exit_code=0,
    seconds=3.14159,
    tests={**NONE, "passed": 1234},
    calls_on_fakes=4321,
    statements_on_fakes=56,
    statements_checked=49,
    coverage=Coverage(lines=2000, lines_covered=1999, branches=300, branches_covered=298),
)
ON_POSTGRES = Result(
    SUITES[1],
    exit_code=0,
    seconds=2.0,
    tests={**NONE, "passed": 1},
    postgres=Server("18.4", embedded=True),
)


def summary(*results: Result, folder: Path = Path("nowhere")) -> str:
    """Return the text about the suites, without colours."""
    return click.unstyle(as_text(results, folder)).partition("\n\nWhat to do next:")[0]


def test_two_suites_that_went_well() -> None:
    assert summary(ON_FAKES, ON_POSTGRES) == (
        "\nSuite 1: the unit tests, on fakes"
        "\n  1,234 tests passed, 0 failed, in 3.1 s"
        "\n  4,321 calls on fakes, 56 different statements, 49 of them checked by PostgreSQL"
        "\n  They run 1,999 of 2,000 lines of src, and 298 of 300 branches"
        "\n"
        "\nSuite 2: the integration tests, on a real PostgreSQL"
        "\n  1 test passed, 0 failed, in 2.0 s"
        "\n  PostgreSQL 18.4, started for this suite and stopped after it"
    )


def test_a_server_that_ran_already() -> None:
    result = replace(ON_POSTGRES, postgres=Server("16.2", embedded=False))

    assert summary(result).splitlines()[-1] == ("  PostgreSQL 16.2, already running")


def test_failures_and_errors_are_counted_together_and_the_rest_is_named() -> None:
    tests = {"passed": 7, "failed": 2, "error": 1, "skipped": 3, "xfailed": 4, "xpassed": 0}

    assert summary(replace(ON_POSTGRES, exit_code=1, tests=tests)).splitlines()[2] == (
        "  7 tests passed, 3 failed, 3 skipped, 4 xfailed, in 2.0 s"
    )


def test_an_exit_code_that_no_test_explains() -> None:
    assert summary(replace(ON_POSTGRES, exit_code=5, tests=NONE)).splitlines()[2] == (
        "  0 tests passed, 0 failed, but pytest ended with exit code 5, in 2.0 s"
    )


def test_a_pytest_that_could_not_begin() -> None:
    assert summary(Result(SUITES[0], exit_code=4, seconds=0.5, tests={})).splitlines()[2:] == [
        "  pytest ended with exit code 4 before it ran a test; see above."
    ]


@pytest.mark.parametrize(
    ("result", "colour"), [(ON_POSTGRES, 32), (replace(ON_POSTGRES, exit_code=1), 31)]
)
def test_green_is_good_and_red_is_not(result: Result, colour: int) -> None:
    assert f"\x1b[{colour}m\x1b[1m1 test passed, 0 failed\x1b[0m" in as_text([result], Path())


def next_steps(folder: Path) -> list[str]:
    text = click.unstyle(as_text([ON_POSTGRES], folder))
    return text.partition("\n\nWhat to do next:\n")[2].splitlines()


def test_what_to_do_next_in_an_activated_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"my copy/tests/test_user_dao.py": "", "my copy/pyproject.toml": ""})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shutil, "which", lambda name: str(Path(sys.executable).with_name(name)))

    quote = '"' if sys.platform == "win32" else "'"
    assert next_steps(Path("my copy")) == [
        f"  cd {quote}my copy{quote}",
        "  pytest tests/",
        "  tests/test_user_dao.py  a test on fakes",
        "  pyproject.toml          the whole configuration: [tool.understudy]",
    ]


@pytest.mark.parametrize("found", [None, "/elsewhere/bin/pytest"])
def test_another_pytest_on_path_is_not_recommended(
    found: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: found)

    assert next_steps(Path("nowhere"))[1] == f"  {sys.executable} -m pytest tests/"


def test_what_is_worth_reading_is_there() -> None:
    backend = Path(__file__).parents[2] / "examples" / "backend"

    named = [line.split()[0] for line in next_steps(backend)[2:]]

    assert named == ["tests/test_user_dao.py", "tests/integration", "pyproject.toml"]


def test_for_a_program(tmp_path: Path) -> None:
    failed = replace(ON_POSTGRES, exit_code=1, tests={**NONE, "passed": 1, "failed": 1})

    assert json.loads(as_json([ON_FAKES, failed], tmp_path, copied=True)) == {
        "understudy": __version__,
        "python": platform.python_version(),
        "folder": str(tmp_path.resolve()),
        "copied": True,
        "ok": False,
        "lanes": [
            {
                "name": "fake",
                "marks": "not integration",
                "ok": True,
                "exit_code": 0,
                "seconds": 3.142,
                "tests": {**NONE, "passed": 1234},
                "calls_on_fakes": 4321,
                "statements_on_fakes": 56,
                "statements_checked": 49,
                "postgres": None,
                "coverage": {
                    "lines": 2000,
                    "lines_covered": 1999,
                    "branches": 300,
                    "branches_covered": 298,
                },
            },
            {
                "name": "real",
                "marks": "integration",
                "ok": False,
                "exit_code": 1,
                "seconds": 2.0,
                "tests": {**NONE, "passed": 1, "failed": 1},
                "calls_on_fakes": 0,
                "statements_on_fakes": 0,
                "statements_checked": 0,
                "postgres": {"version": "18.4", "embedded": True},
                "coverage": None,
            },
        ],
    }
