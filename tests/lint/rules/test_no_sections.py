"""UND304: long tests in one block."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "a function": """
def test_a():  # here
    x0 = 0
    x1 = 1
    x2 = 2
    x3 = 3
    x4 = 4
    x5 = 5
    x6 = 6
""",
    "async": """
async def test_a():  # here
    x0 = 0
    x1 = 1
    x2 = 2
    x3 = 3
    x4 = 4
    x5 = 5
    x6 = 6
    assert x0
""",
    "a method": """
class TestA:
    def test_a(self):  # here
        a = 1
        b = 2
        c = 3
        d = 4
        e = 5
        f = 6
        assert a
""",
    "an empty line": """
def test_a():
    x0 = 0
    x1 = 1
    x2 = 2
    x3 = 3
    x4 = 4
    x5 = 5
    x6 = 6

    assert x0
""",
    "a comment": """
def test_a():
    # arrange
    x0 = 0
    x1 = 1
    x2 = 2
    x3 = 3
    x4 = 4
    x5 = 5
    x6 = 6
    # assert
    assert x0
""",
    "short": """
def test_a():
    a = 1
    b = 2
    assert a, b
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND304", case, tmp_path)
