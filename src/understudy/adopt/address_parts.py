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


def connects_to(module: Module, call: ast.Call) -> Target | None:
    """Return the database to which a call of a driver connects, or None."""
    dotted = module.qualified(call.func)
    return next((one for one in TARGETS if dotted in one.connects), None)


def parts_of(module: Module, call: ast.Call) -> dict[str, ast.expr] | None:
    """Return the parts of an address in a call of a driver, by argument; None without a host."""
    given = keywords_of(call)
    if "host" not in given or connects_to(module, call) is None:
        return None
    return {name: value for name, value in given.items() if name in _PARTS}


def replace_parts(edits: Edits, parts: dict[str, ast.expr], address: str) -> None:
    """Replace the parts of an address in a call by those of a fixture, and add the others."""
    given = {_PARTS[name] for name in parts}
    added = [name for name in ("port", "user", "password") if name not in given]
    for name, value in parts.items():
        more = [f", {one}={address}.{one}" for one in added] if name == "host" else []
        edits.replace(value, "".join([f"{address}.{_PARTS[name]}", *more]))
