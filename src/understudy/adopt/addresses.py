"""The address of real_postgres in a rewritten test: the fixture that has it, and its URL."""

from __future__ import annotations

import re

from understudy.lint import pytest_items
from understudy.project.scopes import Function
from understudy.project.sources import home_of

POSTGRES_URL = re.compile(r"postgres(?:ql)?(?:\+(?P<driver>\w+))?://")


def address_for(function: Function) -> str:
    """Return the fixture with the address that a test or a fixture may request, by its scope."""
    fixture = pytest_items.of(home_of(function)).fixture(function)
    is_wide = fixture is not None and fixture.scope != "function"
    return "real_postgres_server" if is_wide else "real_postgres"


def url_at(address: str, driver: str) -> str:
    """Return the expression for a URL with SQLAlchemy's name of a driver, or with none."""
    if not driver:
        return f"{address}.dsn"
    return f'{address}.dsn.replace("postgresql:", "postgresql+{driver}:")'
