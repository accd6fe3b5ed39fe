"""Measure what `understudy write` writes for modules of a project.

    python -m benchmarks.written_tests FOLDER MODULE... [--seconds 60] [--understudy COMMAND]

FOLDER has the project's pyproject.toml, and COMMAND is the `understudy` of its environment. Nothing
is written to the project. The command prints one row for each module: how many tests, how many
of them look like a bug, the branches that no test takes, the mutants of its SQL that the tests
notice and could notice, and the seconds that it took.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_HEAD = ("module", "tests", "xfail", "left out", "open branches", "mutants", "seconds")


def measured(folder: Path, module: str, seconds: float, command: str) -> dict[str, Any]:
    """Return the JSON of one run; its "end" is what stderr said if it could not run."""
    ended = subprocess.run(
        [command, "write", module, "--diff", "--format", "json", "--seconds", str(seconds)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if not ended.stdout:
        last = ended.stderr.strip().splitlines()[-1:]
        return {"path": module, "files": [], "end": "".join(last)}
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def table(documents: Sequence[dict[str, Any]]) -> str:
    """Return the rows of some runs as a Markdown table."""
    rows = [_HEAD, ("---", *["--:"] * (len(_HEAD) - 1))]
    rows += [_row(document) for document in documents]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(document: dict[str, Any]) -> tuple[str, ...]:
    if "seconds" not in document:
        return (document["path"], document["end"], *[""] * (len(_HEAD) - 2))
    tests = [test for file in document["files"] for test in file["tests"]]
    mutants = document["mutants"]
    return (
        document["path"],
        str(len(tests)),
        str(sum(bool(test["suspicion"]) for test in tests)),
        str(len(document["left_out"])),
        str(len(document["not_reached"])),
        f"{mutants['killed']} of {mutants['killable']}" if mutants else "",
        str(round(document["seconds"])),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.written_tests")
    parser.add_argument("folder", type=Path)
    parser.add_argument("modules", nargs="+")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--understudy", default=shutil.which("understudy") or "understudy")
    options = parser.parse_args(arguments)
    found = [
        measured(options.folder, module, options.seconds, options.understudy)
        for module in options.modules
    ]
    print(table(found))


if __name__ == "__main__":
    main()
