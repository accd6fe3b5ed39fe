"""The branches of a module, and those that a call takes."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from understudy.write.line_arcs import LineArcs

_SOURCE = """\
import asyncio


async def sign(number):
    await asyncio.sleep(0)
    if number < 0:
        return "minus"
    for _ in range(number):
        pass
    return "plus"
"""


@pytest.fixture
def module(tmp_path: Path) -> Iterator[ModuleType]:
    path = tmp_path / "signs.py"
    path.write_text(_SOURCE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("signs", path)
    assert spec is not None
    assert spec.loader is not None
    found = sys.modules["signs"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    yield found
    del sys.modules["signs"]


async def test_each_call_has_its_own_arcs(module: ModuleType) -> None:
    arcs = LineArcs(Path(str(module.__file__)))

    with arcs.traced() as minus:
        await module.sign(-1)
    with arcs.traced() as plus:
        await module.sign(1)

    assert arcs.branches == {(6, 7), (6, 8), (8, 9), (8, 10)}
    assert minus & arcs.branches == {(6, 7)}
    assert plus & arcs.branches == {(6, 8), (8, 9), (8, 10)}


async def test_a_call_that_raises_has_arcs(module: ModuleType) -> None:
    arcs = LineArcs(Path(str(module.__file__)))

    with pytest.raises(TypeError), arcs.traced() as found:
        await module.sign("1")

    assert (5, 6) in found


async def test_nothing_is_traced_if_it_is_off(module: ModuleType) -> None:
    arcs = LineArcs(Path(str(module.__file__)))

    with arcs.traced(is_on=False) as found:
        await module.sign(1)

    assert found == set()
