"""A folder for servers, and programs that start them and end in every way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from understudy.embedded.workspace import sweep


@dataclass
class Playground:
    """A cache folder and a data folder of its own, and programs that use them."""

    root: Path
    begun: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "UNDERSTUDY_CACHE_DIR": str(self.cache),
            "UNDERSTUDY_DATA_DIR": str(self.data),
            "TMPDIR": str(self.root),
        }

    def begin(self, script: str, **options: object) -> subprocess.Popen[str]:
        """Start a Python program in the background; its output is piped."""
        process: subprocess.Popen[str] = subprocess.Popen(  # type: ignore[call-overload] # options
            [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
            env=self.environment,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        self.begun.append(process)
        return process

    def line(self, process: subprocess.Popen[str]) -> str:
        """The next line that a program prints, or what it complained about."""
        assert process.stdout
        line = process.stdout.readline()
        return line or f"ended: {process.communicate()[1]}"

    def end(self) -> None:
        """Kill what was begun and still runs."""
        for process in self.begun:
            process.kill()
            process.communicate()

    def run(self, script: str, **options: object) -> subprocess.CompletedProcess[str]:
        """Run a Python program to its end."""
        process = self.begin(script, **options)
        out, err = process.communicate(timeout=30)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def processes(self) -> list[psutil.Process]:
        """What runs in these folders, watchers included."""
        found = []
        for process in psutil.process_iter():
            try:
                words = process.cmdline()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            if any(str(self.data) in word for word in words):
                found.append(process)
        return found

    def leftovers(self) -> list[Path]:
        """Every workspace that lies around."""
        return [path for base in (self.data, self.cache) for path in base.glob("understudy-*")]

    def settles(self) -> bool:
        """Whether nothing runs and nothing lies around any more, after at most five seconds."""
        deadline = time.monotonic() + 5
        while self.leftovers() or self.processes():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


@contextmanager
def new_playground() -> Iterator[Playground]:
    # Not tmp_path: as root, the server's user must be able to reach it.
    memory = Path("/dev/shm")
    base = memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
    root = Path(tempfile.mkdtemp(prefix="understudy-tests-", dir=base))
    root.chmod(0o755)
    place = Playground(root)
    place.data.mkdir()
    yield place
    place.end()
    sweep(place.data)
    assert place.settles(), (place.leftovers(), place.processes())
    shutil.rmtree(root)
