"""The code blocks of a Markdown file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

_PATH = re.compile(r"(?:#|--) ([\w./-]+\.(?:py|toml|sql|ini))")


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
    """The commands of a shell block: its lines, without those that are empty or comments."""
    lines = block.text.replace("\\\n", "").splitlines()
    bare = (re.sub(r"\s+#.*", "", line).strip() for line in lines)
    return [line for line in bare if line and not line.startswith("#")]


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
