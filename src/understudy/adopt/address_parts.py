"""Calls of drivers that get the parts of an address: `aiomysql.connect(host=..., port=...)`."""

from __future__ import annotations

import ast

from understudy.adopt.source_edits import Edits
from understudy.adopt.targets import TARGETS, Target
from understudy.project.call_resolution import keywords_of
from understudy.project.sources import Module

# The arguments of drivers, and the attributes of an address of Understudy.
_PARTS = {
    "host": "host",
    "port": "port",
    "user": "user",
    "username": "user",
    "password": "password",
    "passwd": "password",
    "db": "database",
    "database": "database",
    "dbname": "database",
}


def parts_of(module: Module, call: ast.Call) -> tuple[Target, dict[str, ast.expr]] | None:
    """Return the database that a call connects to, and the parts of its address, by argument.

    None if it is no call of a driver, or does not say the host.
    """
    dotted = module.qualified(call.func)
    target = next((one for one in TARGETS if dotted in one.connects), None)
    given = keywords_of(call)
    if target is None or "host" not in given:
        return None
    return target, {name: value for name, value in given.items() if name in _PARTS}


def replace_parts(edits: Edits, parts: dict[str, ast.expr], address: str) -> None:
    """Replace the parts of an address in a call by those of a fixture."""
    for name, value in parts.items():
        text = f"{address}.{_PARTS[name]}"
        if name == "host" and "port" not in parts:
            text += f", port={address}.port"
        edits.replace(value, text)
