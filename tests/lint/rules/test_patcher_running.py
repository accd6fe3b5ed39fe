"""UND020: patches that stay."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "started where it is made": """
from unittest.mock import patch
def test_a():
    clock = patch("app.users.hour").start()  # here
    clock.return_value = 9
    assert greet()
def test_b():
    patch.object(users, "hour").start()  # here
    assert greet()
""",
    "kept and not stopped": """
from unittest import mock
def test_a():
    patcher = mock.patch("app.users.hour")
    patcher.start()  # here
    assert greet()
""",
    "in setUp": """
from unittest import TestCase
from unittest.mock import patch
class TestIt(TestCase):
    def setUp(self):
        self.patcher = patch("app.users.hour")
        self.hour = self.patcher.start()  # here
    def test_a(self):
        self.hour.return_value = 9
""",
    "in a fixture": """
import pytest
from unittest.mock import patch
@pytest.fixture
def hour():
    return patch("app.users.hour").start()  # here
""",
    "stopped": """
import pytest
from unittest import TestCase
from unittest.mock import patch
@pytest.fixture
def hour():
    patcher = patch("app.users.hour")
    yield patcher.start()
    patcher.stop()
class TestIt(TestCase):
    def setUp(self):
        self.patcher = patch("app.users.hour")
        self.patcher.start()
    def tearDown(self):
        self.patcher.stop()
""",
    "a clean-up": """
from unittest import TestCase
from unittest.mock import patch
class TestIt(TestCase):
    def setUp(self):
        patcher = patch("app.users.hour")
        self.addCleanup(patcher.stop)
        patcher.start()
""",
    "all are stopped, here or in a base class": """
from tests.base import Base
from unittest.mock import patch
class TestIt(Base):
    def setUp(self):
        self.hour = patch("app.users.hour").start()
=== tests/base.py
from unittest import TestCase
from unittest.mock import patch
class Base(TestCase):
    def tearDown(self):
        patch.stopall()
""",
    "handed on, or of an unknown base class": """
from elsewhere import Base
from unittest.mock import patch
def test_a(patches):
    patcher = patch("app.users.hour")
    patcher.start()
    patches.append(patcher)
class TestIt(Base):
    def setUp(self):
        patch("app.users.hour").start()
""",
    "for the whole run, or no patch": """
import pytest
from unittest.mock import patch
from app.worker import Worker
patch("app.users.hour").start()
@pytest.fixture(scope="session", autouse=True)
def hour():
    return patch("app.users.hour").start()
def test_a():
    worker = Worker()
    worker.start()
    assert worker
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND020", case, tmp_path)
