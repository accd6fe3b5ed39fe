"""Which plugin runs the async tests of a project, as far as its files show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

from understudy.project.pytest_config import PytestConfig, mode_in

# The files with the dependencies of a project and the commands that run its tests.
_ABOUT = (
    *("pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "noxfile.py", "Makefile", "justfile"),
    *("Justfile", "Taskfile.yml", "Taskfile.yaml", "Pipfile", "Dockerfile", "docker-compose.yml"),
)
_ABOUT_GLOBS = (
    *("requirements*.txt", "requirements/*.txt", "scripts/*", "*.sh", "bin/*", "ci/*"),
    *(".github/workflows/*.yml", ".github/workflows/*.yaml", ".gitlab-ci.yml"),
)
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock")
# Other plugins that run async tests.
_OTHERS = re.compile(
    r"pytest-(tornasync|trio|twisted|asyncio-cooperative|curio|sanic|async-benchmark|aio|"
    r"aiohttp|aiomisc|tornado|homeassistant|async)\b|alt-pytest-asyncio|aiohttp\[pytest|"
    r"aiomisc[-_]pytest|"
    r"aiohttp\.pytest_plugin"
)
# A requirement of pytest-asyncio, and its forms that exclude 1.0.
_REQUIRED = re.compile(r"pytest[-_]asyncio([^\n#]{0,60})")
_BEFORE_1 = re.compile(r"(==|~=|\^|~|=\s*[\"'])\s*0\.|<\s*1(\.0)*(?![.\d])|<=?\s*0\.")
# Before 0.19 its mode was legacy: it ran async fixtures of @pytest.fixture, too.
_LEGACY = re.compile(r"(==|~=|\^|~|=\s*[\"'])\s*0\.(\d|1[0-8])(?!\d)|<=?\s*0\.1?\d(?!\d)")
# In uv.lock and poetry.lock, and in Pipfile.lock.
_LOCKED = re.compile(
    r'name = "pytest-asyncio"\s+version = "(\d+)\.(\d+)|'
    r'"pytest-asyncio": \{[^}]*?"version": "==(\d+)\.(\d+)'
)
_LONGEST_SCRIPT = 200_000


class Runners:
    """The plugins of one project.

    Attributes:
        root: the project's folder.
        config: its pytest configuration.
        consult: called with every file that an answer depends on.
    """

    def __init__(
        self, root: Path, config: PytestConfig, consult: Callable[[Path], str | None]
    ) -> None:
        self.root = root
        self.config = config
        self._consult = consult

    @property
    def asyncio_auto(self) -> bool:
        """Whether pytest-asyncio runs every async test, by configuration or by a command line."""
        if self.config.asyncio_mode == "auto":
            return True
        self._texts_about_it()
        return self._auto_by_command

    @cached_property
    def _auto_by_command(self) -> bool:
        return any(mode_in(text) == "auto" for text in self._read)

    @property
    def anyio_auto(self) -> bool:
        """Whether anyio runs every async test."""
        return self.config.anyio_mode == "auto"

    @property
    def others(self) -> bool:
        """Whether the project may use another plugin that runs async tests."""
        self._texts_about_it()
        return self._others

    @cached_property
    def _others(self) -> bool:
        if "trio_mode" in self.config.options:
            return True
        return any(_OTHERS.search(text) is not None for text in self._read)

    @property
    def about(self) -> str:
        """The texts of the files with dependencies and commands."""
        self._texts_about_it()
        return self._joined

    @cached_property
    def _joined(self) -> str:
        return "\n".join(self._read)

    @property
    def only_anyio(self) -> bool:
        """Whether the project depends on anyio and not on pytest-asyncio."""
        text = self.about.replace("_", "-")
        # A frozen list names anyio as a dependency of others, with anyio's own, which is idna.
        is_chosen = "anyio" in text and "idna" not in text
        return is_chosen and "pytest-asyncio" not in text

    @property
    def asyncio_before_1(self) -> bool:
        """Whether the project requires a pytest-asyncio before 1.0, with its event_loop fixture."""
        self._texts_about_it()
        for path in self._locks:
            self._consult(path)
        return self._before_1

    @cached_property
    def _before_1(self) -> bool:
        return self._locked[0] == 0 if self._locked else self._requires(_BEFORE_1)

    @cached_property
    def _locked(self) -> tuple[int, int] | None:
        """The version of pytest-asyncio that a lock file has."""
        for text in _contents(self._locks, longest=20_000_000):
            found = _LOCKED.search(text)
            if found:
                return int(found[1] or found[3]), int(found[2] or found[4])
        return None

    @property
    def asyncio_legacy(self) -> bool:
        """Whether the project requires a pytest-asyncio before 0.19, with its legacy mode."""
        self._texts_about_it()
        for path in self._locks:
            self._consult(path)
        return self._locked < (0, 19) if self._locked else self._requires(_LEGACY)

    def _requires(self, version: re.Pattern[str]) -> bool:
        return any(
            version.search(re.split(r"[\"'],", found[1])[0]) is not None
            for text in self._read
            for found in _REQUIRED.finditer(text)
        )

    def _texts_about_it(self) -> tuple[str, ...]:
        for path in self._about:
            self._consult(path)
        return self._read

    @cached_property
    def _about(self) -> tuple[Path, ...]:
        named = []
        for folder in self._folders:
            named += [folder / name for name in _ABOUT]
            for pattern in _ABOUT_GLOBS:
                named += sorted(folder.glob(pattern))[:50]
        return tuple(named)

    @cached_property
    def _folders(self) -> tuple[Path, ...]:
        """The project's folder, and the project around it if there is one."""
        around = [parent for parent in self.root.parents if (parent / "pyproject.toml").is_file()]
        return (self.root, *around[:1])

    @cached_property
    def _read(self) -> tuple[str, ...]:
        return tuple(_contents(self._about))

    @cached_property
    def _locks(self) -> tuple[Path, ...]:
        return tuple(folder / name for folder in self._folders for name in _LOCKS)


def _contents(
    paths: tuple[Path, ...] | list[Path], longest: int = _LONGEST_SCRIPT
) -> Iterator[str]:
    for path in paths:
        try:
            if path.is_file() and path.stat().st_size <= longest:
                yield path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # rules that need it report nothing
