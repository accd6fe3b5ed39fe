"""Modules that import each other: which one has to be imported first."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType

# Python's words for a module that is imported again before its first import has ended.
_CYCLE = "partially initialized module"


def imported(name: str) -> tuple[ModuleType, str | None]:
    """Import a module, after another one if a cycle of imports works from there only.

    An app imports its modules in one order. A test may begin in the middle of a cycle.

    Returns:
        The module, and the name of the one that had to be imported before it.

    Raises:
        Exception: whatever importing the module raises.
    """
    try:
        return importlib.import_module(name), None
    except (ImportError, AttributeError) as error:
        if _CYCLE not in str(error):
            raise
        for other in _importers(error, name):
            try:
                importlib.import_module(other)
                return importlib.import_module(name), other
            except Exception:  # noqa: BLE001 - the first error is raised in the end
                continue
        raise


def import_line(first: str) -> str:
    """Return the line of a test that imports the module from which a cycle works."""
    return f"import {first}  # noqa: F401 - a cycle of imports begins with it"


def _importers(error: BaseException, name: str) -> Iterator[str]:
    """Yield the modules whose imports were under way, the outermost first, without one."""
    seen = {name}
    traceback = error.__traceback__
    while traceback is not None:
        frame, traceback = traceback.tb_frame, traceback.tb_next
        module = str(frame.f_globals.get("__name__"))
        if frame.f_code.co_name == "<module>" and module not in seen:
            seen.add(module)
            yield module
