"""Draw docs/caught.svg, the picture in README.md: what pytest prints for a bug in an app.

    python docs/picture.py

The app is examples/alembic_app, with the name of a column misspelt in its model.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "caught.svg"
RIGHT, WRONG = "mapped_column(Text", 'mapped_column("e_mail", Text'
COMMAND = "pytest -k deadlock"
_WIDTH = 92
# Rich's own frame loads a font from a server.
_FRAME = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>pytest refuses a statement with a misspelt column</title>
<style>
.{unique_id}-matrix {{ font: {char_height}px/{line_height}px Menlo, Consolas, monospace }}
.{unique_id}-title {{ font: bold 18px sans-serif }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def output() -> str:
    """Return what pytest prints for the bug, in colour, without the lines before the failure."""
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "app"
        shutil.copytree(ROOT / "examples" / "alembic_app", project)
        models = project / "app" / "models.py"
        models.write_text(models.read_text(encoding="utf-8").replace(RIGHT, WRONG), "utf-8")
        arguments = [
            "-q",
            "-rN",
            "--color=yes",
            "--no-header",
            "-p",
            "no:randomly",
            *COMMAND.split()[1:],
        ]
        done = subprocess.run(
            [sys.executable, "-m", *COMMAND.split(), *arguments],
            cwd=project,
            env={**os.environ, "COLUMNS": str(_WIDTH)},
            capture_output=True,
            text=True,
            check=False,
        )
    lines = done.stdout.splitlines()
    first = next(number for number, line in enumerate(lines) if "test_a_deadlock" in line)
    last = next(number for number, line in enumerate(lines) if "(It was raised" in line)
    return "\n".join(["$ " + COMMAND, *lines[first : last + 1]])


def drawn(text: str) -> str:
    """Return a picture of a terminal as SVG."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text), soft_wrap=True)
    return console.export_svg(title="", theme=MONOKAI, code_format=_FRAME, unique_id="caught")


if __name__ == "__main__":
    PICTURE.write_text(drawn(output()), encoding="utf-8")
