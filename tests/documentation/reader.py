"""Goes through a document as its reader would: writes its files, runs its commands."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.backend_copy import ROOT, Folder, copy_example
from tests.documentation.blocks import Block, blocks_of, commands_of, exchanges_of
from tests.documentation.output import first_missing, lines_of
from understudy.lint.settings import parse
from understudy.plugin.settings import TABLES

# These documents speak of an example; the others of a project of the reader's own.
EXAMPLES = {
    "README.md": "alembic_app",
    "docs/patterns.md": "backend",
    "docs/real_postgres_app.md": "backend",
    "examples/backend/README.md": "backend",
    "src/understudy/.agents/skills/understudy/SKILL.md": "alembic_app",
}


class Reader:
    """Reads one document.

    Args:
        file: the document, from the root of the repository.
        folder: an empty place to work in.
        not_run: commands that are not run here, each with the reason.
    """

    def __init__(self, file: Path, folder: Path, not_run: Mapping[str, str]) -> None:
        self.blocks = blocks_of(ROOT, file)
        self._not_run = not_run
        self._folder = folder
        self._results: dict[Block, str | None] = {}
        example = EXAMPLES.get(file.as_posix())
        if example is not None:
            self.project = copy_example(example, folder / "project")
        else:
            (folder / "project").mkdir()
            self.project = Folder(folder / "project")
        self._read()

    def problem(self, block: Block) -> str | None:
        """What is wrong with a block, or None."""
        return self._results[block]

    def _read(self) -> None:
        handlers: dict[str, Callable[[Block], str | None]] = {
            "python": self._python,
            "toml": self._toml,
            "sql": self._file,
            "ini": self._file,
            "yaml": self._yaml,
            "bash": self._bash,
            "console": self._console,
            "text": self._text,
            "json": self._json,
            "": self._layers,
        }
        for block in self.blocks:
            handler = handlers.get(block.language)
            if handler is None:
                known = ", ".join(handlers)
                self._results[block] = f"the block is tagged {block.language!r}; known are {known}"
            else:
                self._results[block] = handler(block)
        self._run_tests()

    def _python(self, block: Block) -> str | None:
        if block.path is not None:
            self.project.write(block.path, block.text)
            if block.is_test:
                return self._is_run_later(block)
            return None
        if block.is_test:
            self.project.write(_test_file(block), block.text)
            return "pytest did not run it"  # replaced when it has
        script = self.project.write(f"block_{block.line}.py", block.text)
        run = self.project.run("python", script.name)
        return None if run.status == 0 else run.output

    def _is_run_later(self, block: Block) -> str | None:
        later = self.blocks[self.blocks.index(block) + 1 :]
        texts = [each.text for each in later if each.language == "console"]
        # These commands use a test, which is what a page about them shows.
        users = ("pytest", "understudy lint", "understudy review", "understudy mutate")
        shown = any(user in each for each in texts for user in users)
        return None if shown else "a test file with a name of its own, and no `$ pytest` after it"

    def _run_tests(self) -> None:
        """Run every test block without a name of its own, all in one pytest."""
        tests = {
            _test_file(block): block
            for block in self.blocks
            if block.language == "python" and block.is_test and block.path is None
        }
        if not tests:
            return
        try:
            outcomes = self.project.outcomes(*tests)
        except AssertionError as error:  # pytest itself failed: that is what every block shows
            self._results |= {block: str(error) for block in tests.values()}
            return
        for name, block in tests.items():
            mine = [how for test, how in outcomes.items() if test.partition("::")[0] == name]
            failed = [how for how in mine if how != "passed"]
            if mine:
                self._results[block] = "\n\n".join(failed) or None

    def _toml(self, block: Block) -> str | None:
        """Use the block as pyproject.toml: the header line must show every Understudy value."""
        content = tomllib.loads(block.text)
        if block.path is not None:
            self.project.write(block.path, block.text)
        (self._folder / f"toml_{block.line}").mkdir()
        alone = Folder(self._folder / f"toml_{block.line}")
        alone.write("pyproject.toml", block.text)
        alone.write("test_it.py", "def test_it():\n    pass\n")
        run = alone.run("pytest", "--strict-config")
        header = next((line for line in run.output.splitlines() if "understudy: " in line), "")
        table = content.get("tool", {}).get("understudy", {})
        parse(table.get("lint", {}), block.file.as_posix())  # raises for an unknown key or rule
        values = [value for key, value in table.items() if key not in TABLES]
        # Of a table, such as that of variables, the names.
        texts = [" ".join(value) if isinstance(value, list | dict) else value for value in values]
        # The URL of a server may hold a password: the header only says that there is one.
        shown = [text for text in texts if not text.startswith("postgresql://")]
        if run.status != 0 or not all(text in header for text in shown):
            return run.output
        return None

    def _file(self, block: Block) -> str | None:
        if block.path is None:
            return "the block begins with a comment that names its file, such as -- db/schema.sql"
        self.project.write(block.path, block.text)
        return None

    def _yaml(self, block: Block) -> str | None:
        """Run what a workflow of GitHub or a job of GitLab runs."""
        return self._file(block) or self._bash(block)

    def _bash(self, block: Block) -> str | None:
        for command in commands_of(block):
            if command in self._not_run:
                continue
            # A redirection is the shell's.
            run = self.project.run(*shlex.split(command.partition(" > ")[0]))
            if run.status != 0:
                return f"$ {command}\n{run.output}"
        return None

    def _console(self, block: Block) -> str | None:
        for command, expected in exchanges_of(block):
            run = self.project.run(*shlex.split(command))
            missing = first_missing(lines_of("\n".join(expected)), lines_of(run.output))
            if missing is not None:
                return f"$ {command}\nexpected next: {missing}\nprinted:\n{run.output}"
        return None

    def _json(self, block: Block) -> str | None:
        try:
            json.loads(block.text)
        except ValueError as error:
            return f"not JSON: {error}"
        return None

    def _text(self, block: Block) -> str | None:
        """A tree of files: every line begins with a path that exists."""
        for line in block.text.splitlines():
            path = re.split(r"\s{2,}", line.strip())[0]
            if not any((base / path).exists() for base in (ROOT / block.file.parent, ROOT)):
                return f"there is no file {path!r}"
        return None

    def _layers(self, block: Block) -> str | None:
        """An untagged block is allowed for one thing only: the layers that import-linter holds."""
        settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        contracts = settings["tool"]["importlinter"]["contracts"]
        if block.text.split("\n")[:-1] in [contract.get("layers") for contract in contracts]:
            return None
        return "the block has no tag, and is not the layers of the contract in pyproject.toml"


def _test_file(block: Block) -> str:
    return f"tests/test_block_{block.line}.py"
