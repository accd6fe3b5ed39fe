"""UND301: test files whose name says too little."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "a number": """
def test_a():  # here
    assert 1
def test_b():
    assert 1
""",
    "a module alone": """
=== tests/test_users.py
def test_a():  # here
    assert 1
""",
    "the other way round": """
=== tests/dao_user_test.py
class TestA:
    def test_a(self):  # here
        assert 1
""",
    "module and layer": """
=== tests/test_user_dao.py
def test_a():
    assert 1
""",
    "a layer of another kind": """
=== tests/test_user_routers.py
def test_a():
    assert 1
""",
    "no tests in it": """
=== tests/test_helpers.py
def helper():
    return 1
=== tests/conftest.py
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND301", case, tmp_path)
