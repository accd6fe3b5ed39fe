"""The names under which written tests import things: each name stands for one thing only."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from typing import Any

from understudy.write.trials import Expression

# What each written test may call its own variables, and what it imports by a line of its own.
_RESERVED = {
    *("result", "response", "raised", "changes", "conn", "dto", "values", "request"),
    *("async_client", "real_postgres", "fake_postgres", "pytest", "json", "caller"),
    *("ANY", "Any", "UUID", "UTC", "Decimal", "date", "datetime", "time", "timedelta", "timezone"),
    *("AsyncClient", "FakeConnection", "FakePostgres", "FastAPI", "JsonText", "RealPostgres"),
    *("SimpleNamespace", "TypeAdapter", "ValidationError", "asdict", "db_error", "dummy"),
}
# Their own homes may import these by the same line.
_HOMES = {"understudy", "datetime", "decimal", "uuid", "typing", "types", "dataclasses", "httpx"}
_HOMES |= {"fastapi", "pydantic"}


class ImportedNames:
    """Gives each thing that is imported a name, the same one each time."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}

    def clear(self) -> None:
        """Forget all names."""
        self._names.clear()

    def read(self, text: str) -> None:
        """Learn the names of a file to which tests are added.

        Raises:
            SyntaxError: it is not valid Python.
        """
        for name, home in bound_names(ast.parse(text)):
            self._names.setdefault(home, name)

    def of(self, module: str, name: str) -> Expression:
        """Return how a thing of a module is spelled, and the line that imports it."""
        own = self._names.get((module, name))
        if own is None:
            own = self._free(module, name)
            self._names[module, name] = own
        renamed = "" if own == name else f" as {own}"
        return Expression(own, (f"from {module} import {name}{renamed}",))

    def _free(self, module: str, name: str) -> str:
        taken = {*self._names.values(), *(() if module in _HOMES else _RESERVED)}
        if name not in taken:
            return name
        words = module.replace("_", ".").split(".")
        for count in range(1, len(words) + 1):
            last = words[-count:]
            is_class = name[:1].isupper()
            found = "".join(map(str.title, last)) + name if is_class else "_".join([*last, name])
            if found not in taken:
                return found
        return next(f"{name}_{n}" for n in range(2, 99) if f"{name}_{n}" not in taken)


NAMES = ImportedNames()  # of the session in this process


def bound_names(tree: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the names that a file gives to something, each with the module and name of the thing.

    What it defines itself has no module.
    """
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                home = "." * node.level + (node.module or "")
                yield alias.asname or alias.name, (home, alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                yield name, ("", name)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, ("", node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in ast.walk(node):
                if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store):
                    yield target.id, ("", target.id)


def home_of(thing: Any) -> str:
    """Return the module that a class or function is imported from: the package if that has it."""
    home: str = thing.__module__
    outermost = thing.__qualname__.partition(".")[0]
    packages = home.split(".")
    wanted = getattr(sys.modules.get(home), outermost, thing)
    is_hidden = any(part.startswith("_") or part == "exceptions" for part in packages[1:])
    for count in range(1, len(packages) if is_hidden else 2):
        package = ".".join(packages[:count])
        if getattr(sys.modules.get(package), outermost, None) is wanted:
            return package
    return home
