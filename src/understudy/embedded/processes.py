"""Identify processes: a process id may be reused once its process has ended."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ProcessIdentity:
    """A process, distinct from others that had or will have the same id.

    Attributes:
        pid: The process id.
        started: When it started, in the system's exact unit.
        world: The boot of the machine and the process id namespace that the id belongs to. Two
            containers that share a folder have different ones.
    """

    pid: int
    started: str
    world: str


def current_process() -> ProcessIdentity:
    """Return the identity of this process."""
    pid = os.getpid()
    started = start_time(pid)
    assert started is not None, "this process is running"
    return ProcessIdentity(pid, started, current_world())


def is_alive(process: ProcessIdentity) -> bool:
    """Return whether this very process runs. Only for a process of the current world."""
    return start_time(process.pid) == process.started


def current_world() -> str:
    """Return the boot and process id namespace of this process; "" on systems with only one."""
    if sys.platform != "linux":
        return ""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot} {Path('/proc/self/ns/pid').readlink()}"


def start_time(pid: int) -> str | None:
    """Return when the process with this id started, or None if there is no such process.

    A process that has ended but was not collected by its parent (a zombie) counts as ended.
    """
    if sys.platform != "linux":
        return _start_time_by_psutil(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in parentheses, which may contain any characters.
    fields = stat.rpartition(")")[2].split()
    state, started = fields[0], fields[19]
    return None if state in "ZX" else started


def _start_time_by_psutil(pid: int) -> str | None:
    # psutil comes with the wheel. Its start time depends on the clock on Linux, not elsewhere.
    import psutil  # type: ignore[import-untyped] # it has no types of its own

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.3f}"
    except psutil.NoSuchProcess:
        return None
