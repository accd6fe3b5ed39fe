"""The code blocks of a Markdown file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from markdown_it import MarkdownIt

_PATH = re.compile(r"(?:#|--) ([\w./-]+\.(?:py|toml|sql|ini|yml))")


@dataclass(frozen=True)
class Block:
    """A fenced or indented block; an indented one has no language."""

    file: Path
    line: int
    language: str
    text: str

    @property
    def path(self) -> str | None:
        """The file that the block is, where its first line is a comment with nothing but a path."""
        found = _PATH.fullmatch(self.text.partition("\n")[0])
        return found[1] if found else None

    @property
    def is_test(self) -> bool:
        return re.search(r"^(async )?def test_", self.text, re.M) is not None

    def __str__(self) -> str:
        return f"{self.file.as_posix()}:{self.line} {self.language or 'untagged'}"


def blocks_of(root: Path, file: Path) -> list[Block]:
    """Return every code block of a file, in order."""
    tokens = MarkdownIt().parse((root / file).read_text(encoding="utf-8"))
    found = []
    for token in tokens:
        if token.type in ("fence", "code_block"):
            assert token.map is not None
            found.append(Block(file, token.map[0] + 1, token.info.strip(), token.content))
    return found


def commands_of(block: Block) -> list[str]:
    """The commands of a shell block: its lines, without those that are empty or comments.

    Those of a YAML block are the commands that a workflow of GitHub or a job of GitLab runs.
    """
    if block.language == "yaml":
        return [command for part in _parts(yaml.safe_load(block.text)) for command in _steps(part)]
    lines = block.text.replace("\\\n", "").splitlines()
    bare = (re.sub(r"\s+#.*", "", line).strip() for line in lines)
    return [line for line in bare if line and not line.startswith("#")]


def _parts(value: object) -> Iterator[dict[str, object]]:
    """Every mapping in a YAML document."""
    if isinstance(value, dict):
        yield value
    children = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    )
    for child in children:
        yield from _parts(child)


def _steps(part: dict[str, object]) -> Iterator[str]:
    """The commands of a step of GitHub, and of a job of GitLab."""
    if "run" in part:
        yield str(part["run"])
    for key in ("before_script", "script"):
        commands = part.get(key, [])
        assert isinstance(commands, list)
        yield from map(str, commands)


def exchanges_of(block: Block) -> list[tuple[str, list[str]]]:
    """The commands of a console block, each with the lines that follow it."""
    found: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:].strip(), []))
        else:
            assert found, f"{block}: begins with output, not with a line `$ command`"
            found[-1][1].append(line)
    return found
