"""Answers about files that are remembered, together with the files that each one depends on."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar, cast

Value = TypeVar("Value")


class Memory:
    """Remembers answers and the state of every file that an answer depends on.

    A caller that keeps an answer on disk can so tell whether it still holds.

    Attributes:
        consulted: the state of each file that was looked at since somebody last emptied it; None
            for a file that does not exist.
    """

    def __init__(self) -> None:
        self.consulted: dict[str, str | None] = {}
        self._known: dict[object, Any] = {}
        self._states: dict[str, str | None] = {}

    def consult(self, path: Path) -> str | None:
        """Return the state of a file, or None if it does not exist, and add it to ``consulted``."""
        key = str(path)
        if key not in self._states:
            self._states[key] = state_of(key)
        self.consulted[key] = self._states[key]
        return self._states[key]

    def remembered(
        self,
        what: str,
        key: Hashable,
        find: Callable[[], Value],
        memory: dict[object, Any] | None = None,
    ) -> Value:
        """Return what ``find`` returns, from memory if the same was asked before.

        Args:
            what: the question.
            key: what it is about.
            find: finds the answer.
            memory: where to remember it instead, for answers that do not outlive a module.
        """
        memory = self._known if memory is None else memory
        known = memory.get((what, key))
        if known is None:
            before, self.consulted = self.consulted, {}
            try:
                value = find()
            finally:
                dependencies, self.consulted = self.consulted, before
            known = memory[(what, key)] = (value, dependencies)
        self.consulted.update(known[1])
        return cast("Value", known[0])


def state_of(path: str) -> str | None:
    """Return what distinguishes one state of a file from another, or None if it does not exist.

    A folder has one state only.
    """
    try:
        found = os.stat(path)  # noqa: PTH116 - hundreds of times a run, and Path is slower
    except (OSError, ValueError):
        return None
    if stat.S_ISDIR(found.st_mode):
        return "folder"
    return f"{found.st_mtime_ns}:{found.st_size}"
