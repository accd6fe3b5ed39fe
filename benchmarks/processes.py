"""Running pytest in a process of its own, and the processor time of that process."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path


def pytest_in(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder, without the variables of an outer pytest or coverage run.

    Args:
        folder: the working directory.
        arguments: pytest's arguments besides -q.
        variables: environment variables to set.
    """
    # Without PYTHONDONTWRITEBYTECODE: modules are compiled once, as on most machines.
    removed = ("PYTEST_", "COV", "PYTHONDONTWRITEBYTECODE")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(removed)}
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
    """Run pytest and return its processor time, which other programs disturb less than wall time.

    Raises:
        RuntimeError: if pytest ends with another exit status.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = pytest_in(folder, *arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != status:
        raise RuntimeError(done.stdout)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
