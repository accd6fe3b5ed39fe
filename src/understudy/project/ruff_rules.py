"""The pitfalls of tests that ruff has rules for, and the ones of these that a project has on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# Mistakes with which a test checks less than it seems to.
PITFALLS = {
    "PGH005": "mock assertions that are misspelt or not called",
    "B017": "pytest.raises(Exception), which any mistake satisfies",
    "PT011": "pytest.raises of a broad exception without match",
    "PT012": "several statements in pytest.raises",
    "F811": "a test that another of the same name replaces",
    "F631": "an assertion on a tuple, which is always true",
    "RUF006": "a task whose reference is not kept",
    "PLW0603": "the global statement",
    "S110": "except: pass",
    "BLE001": "except Exception",
}
RUFF = {
    "T201": "prints in tests",
    "ERA001": "commented-out code",
    "ANN": "missing type hints",
    "D": "missing docstrings",
    "PT": "pytest style: fixtures, raises, parametrize",
    "ASYNC": "calls that block the event loop",
    "RUF012": "a mutable default in a class",
    "B006": "a mutable default of a parameter",
    **PITFALLS,
}
_KEYS = ("select", "extend-select", "ignore", "extend-ignore")


def undecided(settings: Mapping[str, Any]) -> list[str]:
    """Return the codes of the pitfalls that a ruff configuration neither selects nor ignores.

    Args:
        settings: the content of ruff.toml, or of [tool.ruff].
    """
    tables = (settings, settings.get("lint", {}))
    named = {
        str(code)
        for table in tables
        if isinstance(table, Mapping)
        for key in _KEYS
        for code in _items(table.get(key))
    }
    if not any(isinstance(table, Mapping) and "select" in table for table in tables):
        named |= {"F"}  # on by default
    return [code for code in PITFALLS if not any(_covers(selector, code) for selector in named)]


def _covers(selector: str, code: str) -> bool:
    # B001 is not of the group BLE: the letters are the name of a linter. PL has several.
    linters = {"ALL", code.rstrip("0123456789"), "PL" if code.startswith("PL") else ""}
    return selector.rstrip("0123456789") in linters and (
        selector == "ALL" or code.startswith(selector)
    )


def _items(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else ()


def lines(codes: Iterable[str]) -> str:
    """Return a TOML list `extend-select` of codes, each with what it finds."""
    items = [f'  "{code}",{" " * (8 - len(code))}# {RUFF[code]}' for code in codes]
    return "\n".join(["extend-select = [", *items, "]"])
