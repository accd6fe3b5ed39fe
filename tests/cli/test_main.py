from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from understudy import __version__
from understudy.cli import main
from understudy.cli.demo import demo

from .conftest import understudy


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="understudy")


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_says_its_version(flag: str) -> None:
    result = invoke(flag)

    assert (result.exit_code, result.output) == (0, f"understudy {__version__}\n")


def test_runs_as_a_module_too(tmp_path: Path) -> None:
    done = understudy("--version", cwd=tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, f"understudy {__version__}\n", "")


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_each_command_and_shows_examples(flag: str) -> None:
    result = invoke(flag)

    assert result.exit_code == 0
    assert "\nCommands:\n  adopt       Move tests from SQLite to a real" in result.output
    assert "\n  catalog     List or check what is known about your statements.\n" in result.output
    assert "\n  demo        Copy a reference backend, and run its tests.\n" in result.output
    assert "\n    understudy demo                   run a whole test suite" in result.output


def test_help_of_the_demo_shows_examples_and_exit_codes() -> None:
    result = invoke("demo", "--help")

    assert result.exit_code == 0
    assert "\n    understudy demo --in-place understudy-demo   run it again\n" in result.output
    assert result.output.endswith(
        "Exit code: 0 all tests passed, 1 some failed, 2 the demo could not start.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "near"),
    [(("demmo",), "'demo'"), (("demo", "--fromat", "json"), "'--format'")],
)
def test_a_slip_of_the_pen_is_answered_with_what_was_meant(
    arguments: tuple[str, ...], near: str
) -> None:
    result = invoke(*arguments)

    assert result.exit_code == 2
    assert arguments[-1 if len(arguments) == 1 else 1] in result.output
    assert near in result.output


def test_an_unknown_format_is_answered_with_those_that_exist() -> None:
    result = invoke("demo", "--format", "yaml")

    assert result.exit_code == 2
    assert "'yaml' is not one of 'text', 'json'" in result.output


@pytest.mark.parametrize(("value", "coloured"), [("1", False), (None, True)])
def test_no_color_switches_colour_off(
    value: str | None, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is None:
        monkeypatch.delenv("NO_COLOR", raising=False)
    else:
        monkeypatch.setenv("NO_COLOR", value)

    @click.command()
    def shout() -> None:
        click.secho("red", fg="red")

    monkeypatch.setitem(main.commands, "shout", shout)
    # color=True: as on a terminal, where click does not take the colours out by itself.
    result = CliRunner().invoke(main, ["shout"], color=True)

    assert ("\x1b[31m" in result.output) is coloured


def test_the_demo_is_a_command_of_the_group() -> None:
    assert main.get_command(click.Context(main), "demo") is demo


def test_its_version_does_not_wait_for_pytest() -> None:
    code = (
        "import sys; from understudy.cli import main;"
        " main(['--version'], standalone_mode=False); print('pytest' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == f"understudy {__version__}\nFalse\n"
