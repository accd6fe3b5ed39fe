"""UND001: an async test that no plugin runs."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.scopes import Function
from understudy.project.sources import Module


def check(module: Module) -> Iterator[Found]:
    """Yield the async tests without a marker in projects that need one."""
    seen = pytest_items.of(module)
    candidates = [test for test in seen.tests if test.is_async and _is_unmarked(seen, test)]
    if not candidates:
        return
    runners = module.project.runners
    if seen.is_script or seen.hooked or pytest_items.package_marks(module) or runners.asyncio_auto:
        return
    if (
        runners.anyio_auto
        or runners.others
        or seen.has_unknown_plugins
        or any("asyncio_mode" in c.text for c in seen.conftests)
    ):
        return
    plugin = "anyio" if runners.only_anyio else "asyncio"
    for test in candidates:
        if "anyio_backend" not in seen.requested(test):
            yield Found(
                test.node, f"no plugin runs {test.name}: it is async and has no {plugin} marker"
            )


def _is_unmarked(seen: pytest_items.Collected, test: Function) -> bool:
    # A base class outside the project, such as IsolatedAsyncioTestCase, may run its tests.
    if seen.has_unknown_base(test.in_class) or test.is_generator:
        return False
    marks = seen.marks(test)
    ordinary = {"parametrize", "skipif", "xfail", "usefixtures", "filterwarnings"}
    # A mark of the project's own may be one that a plugin acts on.
    return not marks.unknown and marks.names <= ordinary | _KNOWN_LABELS


_KNOWN_LABELS = {"integration", "unit", "slow", "e2e", "smoke", "database", "db", "postgres"}

RULE = Rule(
    code="UND001",
    name="missing-marker",
    group="bugs",
    why="In strict mode, an async test without a marker does not run: it is skipped or fails.",
    instead=(
        'Mark it with @pytest.mark.asyncio, or set asyncio_mode = "auto" in the pytest'
        " configuration."
    ),
    wrong="""
import pytest


async def test_names_are_unique():  # UND001
    assert await names() == {"Ana", "Bia"}
""",
    right="""
import pytest


@pytest.mark.asyncio
async def test_names_are_unique():
    assert await names() == {"Ana", "Bia"}
""",
    check=check,
    fixable=True,
)
