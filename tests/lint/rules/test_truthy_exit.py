"""UND004: exits that swallow every exception."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "pytest-mock": """
def test_a(mocker):
    pool = mocker.MagicMock()
    pool.__aexit__ = mocker.AsyncMock()  # here
    pool.__exit__ = mocker.AsyncMock(return_value=None)
    assert pool
""",
    "a mock with a spec": """
from unittest.mock import AsyncMock, MagicMock
def test_a():
    m = MagicMock()
    m.__aexit__ = AsyncMock(wraps=leave)
    m.__exit__ = leave
    assert m
""",
    "a class": """
class Fake:
    async def __aexit__(self, *error):
        return True  # here
""",
    "a sync class": """
class Fake:
    def __exit__(self, kind, error, trace):
        self.closed = True
        return True  # here
""",
    "an AsyncMock": """
from unittest.mock import AsyncMock, MagicMock
def make():
    session = MagicMock()
    session.__aexit__ = AsyncMock()  # here
    return session
""",
    "a chain of mocks": """
from unittest import mock
def test_a():
    pool = mock.MagicMock()
    pool.acquire.return_value.__aexit__ = mock.AsyncMock()  # here
    pool.__exit__ = mock.Mock()  # here
    pool.__aexit__.return_value = True  # here
    assert pool
""",
    "it answers False or None": """
from unittest.mock import AsyncMock, MagicMock
class Fake:
    async def __aexit__(self, *error):
        return False
    def __exit__(self, *error):
        self.closed = True
def test_a():
    m = MagicMock()
    m.__aexit__ = AsyncMock(return_value=None)
    m.__aexit__.return_value = False
    assert m
""",
    "it decides by the error": """
class Suppress:
    def __exit__(self, kind, error, trace):
        return kind is not None and issubclass(kind, KeyError)
class Sometimes:
    def __exit__(self, kind, error, trace):
        if kind is KeyError:
            return True
        return False
class IfSo:
    def __exit__(self, kind, error, trace):
        if kind is KeyError:
            return True
""",
    "it enters": """
from unittest.mock import AsyncMock, MagicMock
def test_a():
    m = MagicMock()
    m.__aenter__ = AsyncMock()
    m.close = AsyncMock()
    assert m
""",
    "a function, and no method": """
def __exit__(*error):
    return True
""",
    "outside of tests": """
=== app/suppress.py
class Suppress:
    def __exit__(self, *error):
        return True
""",
    "what the block gives": """
from unittest.mock import AsyncMock, MagicMock
def test_a():
    lease = MagicMock()
    lease.return_value.__aenter__.return_value.__aexit__ = AsyncMock()
    assert load(lease)
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND004", case, tmp_path)
