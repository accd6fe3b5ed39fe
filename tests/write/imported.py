"""A small project that is written, looked through and imported, as `understudy write` does it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from understudy.init.modules import Modules
from understudy.init.sources import read_sources
from understudy.write.targets import find
from understudy.write.trials import LeftOut, Target


@contextmanager
def imports_from(folder: Path) -> Iterator[None]:
    """Import modules from a folder, and forget them again."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(folder):
                del sys.modules[name]


def found_in(
    folder: Path,
    files: dict[str, str],
    module: str = "app.users",
    driver: str | None = "asyncpg",
) -> tuple[list[Target], list[LeftOut]]:
    """Write a project and return the targets of one of its modules.

    Args:
        folder: an empty folder.
        files: the text of each module below the package app, by its name: "users".
        module: the module to look at.
        driver: the project's driver.
    """
    modules = written_modules(folder, files)
    with imports_from(folder):
        return find(importlib.import_module(module), ("dao", "service"), modules, driver)


def written_modules(folder: Path, files: dict[str, str]) -> Modules:
    """Write a project with a package app, and return its modules."""
    package = folder / "app"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for name, text in files.items():
        (package / f"{name}.py").write_text(dedent(text))
    return Modules(read_sources(folder), Path())
