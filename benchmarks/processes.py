"""A process, and the processor time that it took."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path


def pytest_in(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder, without what an outer pytest or coverage left in the environment.

    Args:
        folder: where.
        arguments: what it is given besides -q.
        variables: of the environment.
    """
    # Compiled modules are kept, as they are wherever nobody forbids it.
    foreign = ("PYTEST_", "COV", "PYTHONDONTWRITEBYTECODE")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments],
        cwd=folder,
        env=environment | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def seconds_of(folder: Path, *arguments: str, status: int = 0) -> float:
    """Run pytest and return its processor time, which other programs disturb less than the clock.

    Raises:
        RuntimeError: pytest ended with another status.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = pytest_in(folder, *arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != status:
        raise RuntimeError(done.stdout)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
