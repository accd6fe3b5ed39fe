"""UND302: names that say nothing."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "a number": """
def test_1():  # here
    assert 1
def test_2():  # here
    assert 1
""",
    "a word": """
async def test_it():  # here
    assert 1
def test_works():  # here
    assert 1
""",
    "words together": """
class TestA:
    def test_happy_path(self):  # here
        assert 1
    def test_basic_case_2(self):  # here
        assert 1
    def testExample(self):  # here
        assert 1
""",
    "what and when": """
def test_fetch_by_id_error_maps_to_500():
    assert 1
def test_create_calls_execute():
    assert 1
""",
    "a vague word among others": """
def test_simple_query_is_cached():
    assert 1
def test_main_menu():
    assert 1
""",
    "no test": """
def helper_1():
    return 1
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND302", case, tmp_path)
