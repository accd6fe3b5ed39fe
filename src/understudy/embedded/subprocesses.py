"""Run a module of the project in a process of its own.

Its changes to event loops, logging and module state stay there, and it can be stopped if it hangs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from understudy.embedded.errors import SchemaError

# The URL of the database. In the environment, because every user of the system sees arguments.
DSN_VARIABLE = "UNDERSTUDY_SCHEMA_DSN"
_TIMEOUT = 600.0
_LINES = 30


def run_module(module: str, folder: Path, environment: Mapping[str, str], what: str) -> str:
    """Run a module with the import path of this process and `folder` first.

    Args:
        module: its dotted name.
        folder: the working directory.
        environment: variables to add to those of this process.
        what: the program, as the subject of a message.

    Returns:
        The end of its output.

    Raises:
        SchemaError: it ended with an error, or did not end within ten minutes.
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
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SchemaError(
            f"{what} did not end within {_TIMEOUT:g} s. The end of its output:\n"
            f"{_tail(error.output)}"
        ) from error
    output = _tail(done.stdout)
    if done.returncode:
        raise SchemaError(
            f"{what} ended with exit code {done.returncode}. The end of its output:\n{output}"
        )
    return output


def _tail(output: bytes | None) -> str:
    lines = (output or b"").decode(errors="replace").rstrip().splitlines()
    kept = lines[-_LINES:]
    if len(lines) > _LINES:
        kept.insert(0, f"... {len(lines) - _LINES} lines")
    return "\n".join(f"  {line}" for line in kept) or "  (no output)"
