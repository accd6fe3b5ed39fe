"""Run a Python program of the project in a process of its own.

What it does to event loops, to logging and to module state stays there, and a hang can be ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_LINES = 30


class ProgramFailed(Exception):
    """The program ended with an error, or not in time; the text is the end of its output."""

    def __init__(self, reason: str, output: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.output = output


def run_module(module: str, folder: Path, environment: Mapping[str, str], timeout: float) -> str:
    """Run a module as a program, with the same import path as this process and `folder` first.

    Returns:
        What it wrote.

    Raises:
        ProgramFailed: it ended with an error, or did not end within `timeout` seconds.
    """
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    try:
        done = subprocess.run(
            [sys.executable, "-m", module],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProgramFailed(f"did not end within {timeout:g} s", tail(error.output)) from error
    output = tail(done.stdout)
    if done.returncode:
        raise ProgramFailed(f"ended with exit code {done.returncode}", output)
    return output


def tail(output: bytes | None) -> str:
    """The last lines of an output, indented."""
    lines = (output or b"").decode(errors="replace").rstrip().splitlines()
    kept = lines[-_LINES:]
    if len(lines) > _LINES:
        kept.insert(0, f"... {len(lines) - _LINES} lines")
    return "\n".join(f"  {line}" for line in kept) or "  (no output)"
