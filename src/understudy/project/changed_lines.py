"""The lines of a project's files that differ from a revision of git."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path

_HUNK = re.compile(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@")
_FILE = "+++ b/"


class GitError(Exception):
    """Git cannot tell what has changed; the text is the whole message."""


class ChangedLines:
    """The changed lines, by absolute path.

    Args:
        lines: the lines of each changed file; None for all lines of a new file.
    """

    def __init__(self, lines: Mapping[Path, Collection[int] | None]) -> None:
        self._lines = lines

    def has_file(self, path: Path) -> bool:
        """Return whether a file has changed."""
        return path in self._lines

    def has_any(self, path: Path, lines: Collection[int]) -> bool:
        """Return whether any of these lines of a file has changed."""
        changed = self._lines.get(path, ())
        return changed is None or not set(changed).isdisjoint(lines)


def changed_lines(folder: Path, revision: str) -> ChangedLines:
    """Return the lines below a folder that differ from a revision, also uncommitted ones.

    Args:
        folder: a folder of a git repository.
        revision: what git calls a revision, such as "main" or "HEAD~3". What is compared is where
            the current branch has left it, as in a pull request.

    Raises:
        GitError: there is no git, no repository, or no such revision.
    """
    top = Path(_git(folder, "rev-parse", "--show-toplevel").rstrip("\n"))
    if _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", fails="") == "":
        raise GitError(f"git knows no revision {revision!r} in {folder}.")
    # A revision without a common ancestor is compared itself.
    base = _git(folder, "merge-base", revision, "HEAD", fails="").strip() or revision
    options = ("--unified=0", "--no-color", "--no-ext-diff", "--no-renames", "--diff-filter=d")
    prefixes = ("--src-prefix=a/", "--dst-prefix=b/")
    diff = _git(folder, "-c", "core.quotePath=off", "diff", *options, *prefixes, base, "--", ".")
    lines: dict[Path, Collection[int] | None] = {}
    found: set[int] = set()
    for line in diff.splitlines():
        if line.startswith(_FILE):
            found = set()
            lines[top / line.removeprefix(_FILE).rstrip("\t")] = found
        elif hunk := _HUNK.match(line):
            first, count = int(hunk[1]), int(hunk[2] or 1)
            # Where lines were only removed, the lines around them count.
            found.update(range(first, first + count) if count else (first, first + 1))
    new = _git(folder, "ls-files", "--others", "--exclude-standard", "-z", "--full-name", ".")
    lines.update((top / name, None) for name in new.split("\0") if name)
    return ChangedLines(lines)


def _git(folder: Path, *arguments: str, fails: str | None = None) -> str:
    """Return what a git command prints.

    Args:
        folder: where it runs.
        arguments: the command and its arguments.
        fails: what to return if it fails; None to raise.
    """
    try:
        ended = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={**os.environ, "LC_ALL": "C"},  # its messages in English
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        raise GitError(
            "git is not installed, so it cannot tell which lines have changed."
        ) from error
    if ended.returncode == 0:
        return ended.stdout
    if fails is not None:
        return fails
    if "not a git repository" in ended.stderr:
        raise GitError(f"{folder} is in no git repository, so git cannot tell what has changed.")
    raise GitError(f"git {arguments[0]} failed: {ended.stderr.strip()}")
