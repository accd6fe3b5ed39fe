"""Load a schema with a function of the project, which gets the URL of an empty database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from understudy.embedded.errors import SchemaError
from understudy.embedded.python_imports import creates_from_models, imported_files, module_file
from understudy.embedded.subprocesses import run_module

NAME_VARIABLE = "UNDERSTUDY_SCHEMA_FUNCTION"


class FunctionSource:
    """`module:function`: a sync or async function with one argument."""

    is_covered = False  # it may read anything

    def __init__(self, name: str, root: Path, environment: Mapping[str, str] | None = None) -> None:
        self._name = name
        self._root = root
        self._environment = environment or {}
        self.loader = f"function {name}"

    def check(self) -> None:
        """Do nothing: the module is imported only in a process of its own."""

    def load(self, dsn: str) -> list[Path]:
        """Call the function in a process of its own."""
        run_module(
            "understudy.embedded.run_function",
            [self._root, self._root / "src"],
            self._root,
            dsn,
            {NAME_VARIABLE: self._name},
            self._environment,
            f'The function of the schema "{self._name}", called with the URL of an empty database,',
        )
        return self._files()

    def texts(self) -> list[bytes]:
        """Return the modules."""
        return self.content()

    def content(self) -> list[bytes]:
        """Return the function's module, and the files of the project that it imports."""
        return [file.read_bytes().replace(b"\r\n", b"\n") for file in self._files()]

    def models(self) -> str | None:
        """Return that the function makes the tables from the models, or None."""
        module, _, function = self._name.partition(":")
        file = module_file(module, self._root)
        if file is None or not creates_from_models(file, function):
            return None
        return f"{self._name} calls create_all"

    def _files(self) -> list[Path]:
        module = self._name.partition(":")[0]
        file = module_file(module, self._root)
        if file is None:
            path = module.replace(".", "/")
            raise SchemaError(
                f'The schema is "{self._name}", but there is neither {path}.py nor '
                f"{path}/__init__.py in {self._root} or in its folder src.\n"
                "Understudy reads that file to notice when the schema changes."
            )
        return imported_files([file], self._root)
