"""Calls that make an engine of SQLAlchemy."""

from __future__ import annotations

import ast

from understudy.project.call_resolution import keywords_of
from understudy.project.sources import Module

MAKERS = ("create_engine", "create_async_engine")
_PACKAGES = ("sqlalchemy", "sqlmodel")


def engine_maker(module: Module, call: ast.Call) -> str | None:
    """Return the function of SQLAlchemy or SQLModel with which a call makes an engine, or None."""
    dotted = module.qualified(call.func) or ""
    package, name = dotted.partition(".")[0], dotted.rpartition(".")[2]
    return name if package in _PACKAGES and name in MAKERS else None


def url_of(call: ast.Call) -> ast.expr | None:
    """Return the URL that a call makes an engine of, or None if it is not given."""
    return call.args[0] if call.args else keywords_of(call).get("url")
