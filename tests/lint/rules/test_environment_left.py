"""UND010: environment variables that stay."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "in a test": """
import os
def test_a():
    os.environ["DEBUG"] = "1"  # here
    assert load()
""",
    "in a fixture": """
import os
import pytest
@pytest.fixture
def debug():
    os.environ["DEBUG"] = "1"  # here
    yield
""",
    "another name for it": """
from os import environ
import os as system
def test_a():
    environ["DEBUG"] = "1"  # here
    system.environ["MODE"] = "x"  # here
    assert load()
""",
    "put back": """
import os
def test_a():
    os.environ["DEBUG"] = "1"
    try:
        assert load()
    finally:
        del os.environ["DEBUG"]
""",
    "monkeypatch and patch.dict": """
import os
from unittest.mock import patch
def test_a(monkeypatch):
    monkeypatch.setenv("DEBUG", "1")
    assert load()
@patch.dict(os.environ, {"DEBUG": "1"})
def test_b():
    os.environ["MODE"] = "x"
    assert load()
""",
    "for the whole run": """
=== tests/conftest.py
import os
import pytest
os.environ["DATABASE_URL"] = "postgresql://"
@pytest.fixture(scope="session", autouse=True)
def environment():
    os.environ["MODE"] = "test"
""",
    "another mapping": """
def test_a(environ):
    environ["DEBUG"] = "1"
    assert load(environ)
""",
    "for every test": """
import os, pytest
@pytest.fixture(autouse=True)
def configured():
    os.environ["DEBUG"] = "1"
""",
    "several variables": """
import os
def test_a():
    os.environ.update({"DEBUG": "1"})  # here
    assert load()
""",
    "the working directory": """
import os
def test_a(tmp_path):
    os.chdir(tmp_path)  # here
    assert load()
""",
    "modules and their path": """
import sys
def test_a(fake):
    sys.modules["driver"] = fake  # here
    assert load()
def test_b(tmp_path):
    sys.path.insert(0, str(tmp_path))  # here
    assert load()
""",
    "the working directory as it was": """
import os
def test_a(tmp_path):
    before = os.getcwd()
    os.chdir(tmp_path)
    assert load()
    os.chdir(before)
""",
    "modules as they were": """
import sys
def test_a(fake):
    sys.modules["driver"] = fake
    assert load()
    del sys.modules["driver"]
def test_b(tmp_path):
    sys.path.insert(0, str(tmp_path))
    assert load()
    sys.path.remove(str(tmp_path))
""",
    "by monkeypatch, or for what is missing": """
import sys
import types
def test_a(monkeypatch, tmp_path, fake):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "driver", fake)
def test_b():
    if "optional" not in sys.modules:
        sys.modules["optional"] = types.ModuleType("optional")
    assert load()
""",
    "known to monkeypatch, or taken from the path": """
import os
import sys
def test_a(monkeypatch):
    monkeypatch.setenv("DEBUG", "")
    os.environ.update({"DEBUG": "1"})
    assert load()
def test_b(tmp_path):
    sys.path.insert(0, str(tmp_path))
    import made
    del sys.path[0]
""",
    "set back in a finally": """
import os
def test_a():
    os.environ["TZ"] = "America/New_York"
    try:
        assert load()
    finally:
        os.environ["TZ"] = "UTC"
""",
    "a module that is loaded from a file": """
import importlib.util
import sys
def test_a(path):
    spec = importlib.util.spec_from_file_location("made", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    assert module.value
""",
    "a fixture of a plugin that restores it": """
import os
import pytest
@pytest.fixture
def debug(restore_environ):
    os.environ["DEBUG"] = "1"
@pytest.mark.usefixtures("restore_environ")
def test_a():
    os.environ["DEBUG"] = "1"
    assert load()
""",
    "another fixture of a plugin": """
import os
def test_a(mocker):
    os.environ["DEBUG"] = "1"  # here
    assert load()
""",
    "a folder of its own": """
import os
from click.testing import CliRunner
def test_a():
    with CliRunner().isolated_filesystem():
        os.chdir("app")
        assert load()
""",
    "skipped": """
import os, unittest
class TestA(unittest.TestCase):
    @unittest.skip("does not work")
    def test_a(self):
        os.environ["DEBUG"] = "1"
""",
    "a script": """
import os
def test_a():
    os.environ["DEBUG"] = "1"
    print(load())
if __name__ == "__main__":
    test_a()
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND010", case, tmp_path)
