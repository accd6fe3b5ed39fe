"""The results of earlier runs, so that only changed files are checked again."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from understudy import __version__
from understudy.atomic_write import write_files
from understudy.lint.finding import Checked, Finding, Problem
from understudy.project.memory import state_of

FOLDER = ".understudy_cache"
FILE = "lint.json"


class Cache:
    """The results of earlier runs.

    Args:
        folder: the folder of the cache's file.
        codes: the rules that are on; results of other rules are ignored.
    """

    def __init__(self, folder: Path, codes: Sequence[str]) -> None:
        self.file = folder / FILE
        self._key = _key(codes)
        self._entries: dict[str, Any] = {}
        self._states: list[list[str | None]] = []
        self._read()

    def _read(self) -> None:
        try:
            document = json.loads(self.file.read_bytes())
            if document["key"] != self._key:
                return
            self._entries, self._states = document["files"], document["states"]
            same = [state_of(path) == state for path, state in self._states if path is not None]
        except (OSError, ValueError, KeyError, TypeError):
            # Missing or invalid: everything is checked, and the file is rewritten.
            self._entries, self._states = {}, []
            return
        self._entries = {
            path: entry
            for path, entry in self._entries.items()
            if all(same[number] for number in entry["consulted"])
        }

    def known(self, path: str) -> Checked | None:
        """Return the result for a file, or None if it or a file it depends on has changed."""
        entry = self._entries.get(path)
        if entry is None or entry["state"] is None or entry["state"] != state_of(path):
            return None
        problem = entry["problem"]
        return Checked(
            path,
            tuple(Finding(path, *fields) for fields in entry["findings"]),
            None if problem is None else Problem(path, problem),
        )

    def keep(self, checked: Iterable[tuple[Checked, str | None]]) -> None:
        """Add results, and write the file.

        Args:
            checked: the result for each file, and the state of the file before it was checked.

        Raises:
            OSError: The file cannot be written.
        """
        numbers = {(path, state): number for number, (path, state) in enumerate(self._states)}
        for one, state in checked:
            for pair in one.consulted:
                if pair not in numbers:
                    numbers[pair] = len(self._states)
                    self._states.append(list(pair))
            self._entries[one.path] = {
                "state": state,
                "findings": [[f.line, f.column, f.code, f.message] for f in one.findings],
                "problem": one.problem and one.problem.reason,
                "consulted": [numbers[pair] for pair in one.consulted],
            }
        self._write()

    def _write(self) -> None:
        folder = self.file.parent
        if not folder.is_dir():
            folder.mkdir(parents=True)
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")
        states: dict[int, int] = {}  # those that an existing file depends on
        entries = {}
        for path, entry in self._entries.items():
            if state_of(path) is not None:
                consulted = [states.setdefault(old, len(states)) for old in entry["consulted"]]
                entries[path] = {**entry, "consulted": consulted}
        kept = [self._states[old] for old in states]
        document = {"key": self._key, "states": kept, "files": entries}
        text = json.dumps(document, separators=(",", ":"))
        write_files({self.file: text.encode()})


def _key(codes: Sequence[str]) -> str:
    # The rules change without a new version while they are being written.
    package = Path(__file__).parents[1]
    files = [*package.glob("lint/**/*.py"), *package.glob("project/*.py")]
    own = sorted(f"{path}={state_of(str(path))}" for path in files)
    return "|".join([__version__, sys.version, ",".join(codes), *own])
