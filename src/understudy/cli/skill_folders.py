"""Copies of the agent's skill: where agents look for them, and how one is brought up to date."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal

from understudy import __version__
from understudy.atomic_write import write_files

NAME = "understudy"
SOURCE = Path(__file__).parents[1] / ".agents" / "skills" / NAME
AGENTS, CLAUDE = ".agents", ".claude"
# What an install wrote, so that the next one tells an older version from a user's change.
RECORD = ".understudy.json"

State = Literal["added", "updated", "removed", "unchanged", "changed by you"]


class SkillError(Exception):
    """A skill cannot be installed; the text is the whole message."""


@dataclass
class Copy:
    """What an install does to one folder.

    Attributes:
        folder: the folder of the skill, such as `.agents/skills/understudy`.
        linked: whether it is a link to this very package, as library-skills makes them.
        files: the state of each file by its path in the folder, with `/`.
    """

    folder: Path
    linked: bool = False
    files: dict[str, State] = field(default_factory=dict)

    @property
    def is_current(self) -> bool:
        """Whether there is nothing to do."""
        return set(self.files.values()) <= {"unchanged"}


def sources() -> dict[str, bytes]:
    """Return the skill's files by their path in its folder."""
    return {
        file.relative_to(SOURCE).as_posix(): file.read_bytes()
        for file in sorted(SOURCE.rglob("*.md"))
    }


def folders(
    *, agents: bool, claude: bool, user: bool, paths: Sequence[Path], project: Path
) -> list[Path]:
    """Return the folders of the skill that a user named.

    Without a choice, these are the project's `.agents` and `.claude`, as far as it has them, or
    else `.agents`.
    """
    if not (agents or claude or paths):
        base = Path.home() if user else project
        claude = (base / CLAUDE).is_dir()
        agents = (base / AGENTS).is_dir() or not claude
    if user:
        own = os.environ.get("CLAUDE_CONFIG_DIR")
        homes = {AGENTS: Path.home() / AGENTS, CLAUDE: Path(own) if own else Path.home() / CLAUDE}
    else:
        homes = {AGENTS: Path(AGENTS), CLAUDE: Path(CLAUDE)}
    chosen = [homes[name] / "skills" for name, on in ((AGENTS, agents), (CLAUDE, claude)) if on]
    return [skills / NAME for skills in dict.fromkeys([*chosen, *paths])]


def looked_at(folder: Path) -> Copy:
    """Compare a folder with the skill of this version.

    Raises:
        SkillError: The folder is a file, or a link to somewhere else.
        OSError: A file cannot be read.
    """
    if folder.is_symlink():
        if folder.resolve() == SOURCE.resolve():
            return Copy(folder, linked=True)
        raise SkillError(
            f"{folder} is a link to {folder.readlink()}, which is not the skill of this "
            "understudy.\nRemove the link, or let the program that made it update it: "
            "uvx library-skills"
        )
    if folder.exists() and not folder.is_dir():
        raise SkillError(f"{folder} is a file; the skill needs a folder.")
    written = _recorded(folder)
    copy = Copy(folder)
    for name, content in sources().items():
        now = _digest_of(folder / name)
        if now is None:
            copy.files[name] = "added"
        elif now == _digest(content):
            copy.files[name] = "unchanged"
        else:
            copy.files[name] = "updated" if now == written.get(name) else "changed by you"
    for name in sorted(written.keys() - copy.files.keys()):
        if _digest_of(folder / name) == written[name]:  # a file of an older version
            copy.files[name] = "removed"
    return copy


def install(copies: Sequence[Copy], *, force: bool) -> None:
    """Bring folders up to date, all of them or none.

    Args:
        copies: what `looked_at` has returned.
        force: whether to replace files that the user has changed.

    Raises:
        SkillError: A file was changed by the user, and `force` is false.
        OSError: A file cannot be written.
    """
    changed = [
        copy.folder / name
        for copy in copies
        for name, state in copy.files.items()
        if state == "changed by you"
    ]
    if changed and not force:
        lines = "".join(f"  {path}\n" for path in changed)
        raise SkillError(
            f"These files are not as Understudy has written them:\n{lines}"
            "Nothing was written. To replace them: understudy skill install --force"
        )
    skill = sources()
    record = {"version": __version__, "files": {name: _digest(skill[name]) for name in skill}}
    recorded = (json.dumps(record, indent=2) + "\n").encode()
    files = {
        path: content
        for copy in copies
        if not copy.linked
        for name, content in {**skill, RECORD: recorded}.items()
        if _digest_of(path := copy.folder / name) != _digest(content)
    }
    write_files(files)
    for copy in copies:
        for name in copy.files.keys() - skill.keys():
            (copy.folder / name).unlink(missing_ok=True)


def _recorded(folder: Path) -> dict[str, str]:
    """Return the digests that the last install wrote, none if there was none."""
    try:
        document = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {str(name): str(digest) for name, digest in document["files"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SkillError(
            f"{folder / RECORD} is not what Understudy writes there: {error!r}. Delete it, and "
            "files that you have not changed are recognized by their content."
        ) from error


def _digest_of(path: Path) -> str | None:
    """Return the digest of a file, None if there is no such file."""
    try:
        return _digest(path.read_bytes())
    except FileNotFoundError:
        return None


def _digest(content: bytes) -> str:
    """Return the SHA-256 of a text; git may have changed its line ends on Windows."""
    return sha256(content.replace(b"\r\n", b"\n")).hexdigest()
