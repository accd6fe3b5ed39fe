"""Tells when a package is imported: a test may be the first to import its driver."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class ImportWatch(MetaPathFinder):
    """A finder for some packages, which are found as usual.

    Args:
        names: the packages.
        imported: called with the name and the module when the code of a package has run.
    """

    def __init__(self, names: Container[str], imported: Callable[[str, ModuleType], None]) -> None:
        self._names = names
        self._imported = imported

    def install(self) -> None:
        """Be asked from now on, for every import."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find one of the packages; None for any other."""
        if fullname not in self._names:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        loader = None if spec is None else spec.loader
        if loader is None:
            return spec
        execute = loader.exec_module

        def execute_and_tell(module: ModuleType) -> None:
            execute(module)
            self._imported(fullname, module)

        loader.exec_module = execute_and_tell  # type: ignore[method-assign] # of this loader alone
        return spec
