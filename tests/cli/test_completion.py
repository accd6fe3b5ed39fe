"""Shell completion, which click implements, knows the commands that are loaded when called."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from understudy.cli import main


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script(shell: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell])

    assert result.exit_code == 0
    assert f"_UNDERSTUDY_COMPLETE={shell}_complete" in result.stdout


def test_an_unknown_shell() -> None:
    result = CliRunner().invoke(main, ["completion", "dos"])

    assert result.exit_code == 2
    assert "'dos' is not one of 'bash', 'zsh', 'fish'" in result.output


@pytest.mark.parametrize(
    ("words", "expected"),
    [("understudy doc", "doctor"), ("understudy catalog --re", "--rebuild")],
)
def test_what_the_script_asks_for(words: str, expected: str) -> None:
    variables = {
        **os.environ,
        "_UNDERSTUDY_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    program = "from understudy.cli import main; main(prog_name='understudy')"

    ended = subprocess.run(
        [sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=False
    )

    assert expected in ended.stdout
