"""Classes of the project that open a database by its address: `Database(url)`, `db.connect()`."""

from __future__ import annotations

import inspect
import re

from understudy.init.connections import Opening
from understudy.write.spelling import named

ADDRESS = re.compile(r"(?i)(^|_)(url|dsn|uri|conninfo)$")
_PART = re.compile(r"(?i)(^|_)(password|user|host|port|database)$")
_OPENS = ("connect", "open", "start", "startup", "initialize", "init")
_CLOSES = ("disconnect", "close", "aclose", "stop", "shutdown", "dispose")


def opening_of(cls: type, name: str, fixture: str, address: str) -> Opening | None:
    """Return how a test opens such an object and closes it; None for another class.

    Args:
        cls: the class.
        name: the variable.
        fixture: the fixture of the database.
        address: the source of its URL.
    """
    given = [_given(one, fixture, address) for one in _parameters(cls)]
    known = [one for one in given if one]
    opens, closes = _first(cls, name, _OPENS), _first(cls, name, _CLOSES)
    if None in given or not any(address in one for one in known) or not (opens or closes):
        return None
    source = named(cls)
    line = f"{name} = {source.text}({', '.join(known)})"
    if opens:
        line += f"\n{opens}"
    if closes:
        line += "\ntry:"
    return Opening(name, line, source.imports, closes)


def _parameters(cls: type) -> list[inspect.Parameter]:
    found = inspect.signature(cls).parameters if "__init__" in vars(cls) else {}
    return list(found.values())


def _given(parameter: inspect.Parameter, fixture: str, address: str) -> str | None:
    """Return an argument, "" for one that can be left out, or None if its value is not known."""
    if ADDRESS.search(parameter.name):
        return f"{parameter.name}={address}"
    if parameter.default is not parameter.empty:
        return ""
    part = _PART.search(parameter.name)
    return f"{parameter.name}={fixture}.{part[2].lower()}" if part else None


def _first(cls: type, variable: str, names: tuple[str, ...]) -> str:
    """Return the call of the first method of some names that takes no arguments, or ""."""
    for name in names:
        method = inspect.getattr_static(cls, name, None)
        if not inspect.isfunction(method):
            continue
        own = list(inspect.signature(method).parameters.values())[1:]
        if all(one.default is not one.empty for one in own):
            call = f"{variable}.{name}()"
            return f"await {call}" if inspect.iscoroutinefunction(method) else call
    return ""
