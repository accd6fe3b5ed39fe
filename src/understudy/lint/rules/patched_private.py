"""UND201: a patch of something private."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.lint.patches import original, patches
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module

# A connection is a boundary, even where its method is private.
_BOUNDARIES = ("conn", "pool", "session", "engine", "client", "transport")


def check(module: Module) -> Iterator[Found]:
    """Yield patches of the project's own private names, apart from those that give connections."""
    for patch in patches(module):
        name = patch.name
        if not name.startswith("_") or name.startswith("__"):
            continue
        if any(part in name.lower() for part in _BOUNDARIES) or original(module, patch) is None:
            continue
        yield Found(patch.call, f"{name} is private: the test breaks when the code is rearranged")


RULE = Rule(
    code="UND201",
    name="patched-private",
    group="design",
    why="A test that replaces internals depends on how the code is written, not on what it does.",
    instead="Replace objects at the boundary: the connection, the adapter, the clock.",
    wrong="""
from app import users


def test_price(monkeypatch):
    monkeypatch.setattr(users, "_discount", lambda user: 0.5)  # UND201

    assert users.price(100) == 50
""",
    right="""
from app import users


def test_price(monkeypatch):
    monkeypatch.setattr(users, "today", lambda: "2026-11-27")

    assert users.price(100) == 50
""",
    files={
        "app/users.py": """
def today():
    return "2026-01-01"


def _discount(user):
    return 0.5 if today().endswith("11-27") else 1


def price(amount):
    return amount * _discount(None)
"""
    },
    check=check,
)
