"""UND022: assertions below the line that raises."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "on the exception": """
import pytest
def test_a(store):
    with pytest.raises(LookupError) as caught:
        store.get(7)
        assert "7" in str(caught.value)  # here
async def test_b(store):
    with pytest.raises(LookupError) as caught:
        await store.get(7)
        count = 1
        assert caught.value.args == (7,)  # here
""",
    "on a result that never comes": """
from pytest import raises
def test_a(store):
    with raises(LookupError):
        row = store.get(7)
        assert row == 1  # here
def test_b(store):
    with raises((KeyError, ValueError)):
        row = store.get(7)
        assert row is None  # here
""",
    "on a mock": """
import pytest
def test_a(store, bus):
    with pytest.raises(LookupError):
        store.get(7)
        bus.publish.assert_not_called()  # here
class TestIt:
    async def test_b(self, store, bus):
        with pytest.raises(LookupError):
            await store.get(7)
            bus.publish.assert_awaited_once_with(7)  # here
""",
    "below the block": """
import pytest
def test_a(store):
    with pytest.raises(LookupError) as caught:
        store.get(7)
    assert "7" in str(caught.value)
""",
    "an assertion that may raise itself": """
import pytest
def test_a(store):
    with pytest.raises(LookupError):
        row = store.get(7)
        assert row.name == "Ana"
    with pytest.raises(LookupError):
        row = store.get(7)
        assert store.size(row) == 1
    with pytest.raises(TypeError):
        store.get(7)
        assert store["a"]
""",
    "the failure of the assertion is what is expected": """
import pytest
def test_a(store, bus):
    with pytest.raises(AssertionError):
        store.get(7)
        bus.publish.assert_called_once()
    with pytest.raises(Exception):
        row = store.get(7)
        assert row == 1
""",
    "nothing has raised above it": """
import pytest
def test_a(store, row):
    with pytest.raises(LookupError):
        assert row == 1
        store.get(7)
    with pytest.raises(LookupError):
        key = 7
        assert key == row
        store.get(key)
    with pytest.raises(LookupError):
        store.get(7)
        assert False, "it does not raise"
    with pytest.warns(UserWarning):
        row = store.get(7)
        assert row == 1
""",
    "the line that raises is below": """
import pytest
async def test_a(store, bus):
    with pytest.raises(LookupError):
        row = await store.get(7)
        assert row
        await store.get(8)
    with pytest.raises(LookupError):
        store.get(7)
        bus.publish.assert_called_once()
        store.get(8)
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND022", case, tmp_path)
