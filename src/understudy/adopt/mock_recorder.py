"""A pytest plugin that records what the code under test asks of one mock.

`first_mock.py` loads it into the project's pytest.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from understudy.project import pytest_process

_MAKERS = ("AsyncMock", "MagicMock", "Mock")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Note the mock that is made on a line of the test, and report its calls."""
    line = pytest_process.requested()["line"]
    made: list[Any] = []

    def noting(original: Any) -> Any:
        def make(*given: Any, **options: Any) -> Any:
            one = original(*given, **options)
            caller = sys._getframe(1)
            if Path(caller.f_code.co_filename) == item.path and caller.f_lineno == line:
                made.append(one)
            return one

        return make

    patched = pytest.MonkeyPatch()
    makers = {name: noting(getattr(mock, name)) for name in _MAKERS}
    # Mocks make their attributes by the classes in their own module, which stays as it is.
    for name, value in list(vars(getattr(item, "module", item)).items()):
        if value is mock:
            patched.setattr(item.module, name, SimpleNamespace(**{**vars(mock), **makers}))  # type: ignore[attr-defined] # it has one, as just seen
        for maker, replacement in makers.items():
            if value is getattr(mock, maker):
                patched.setattr(item.module, name, replacement)  # type: ignore[attr-defined] # as above
    try:
        yield
    finally:
        patched.undo()
    if made:
        pytest_process.answer({"calls": [_call(made[0], call) for call in made[0].mock_calls]})


def _call(made: Any, call: Any) -> dict[str, object]:
    name, given, options = call
    method = getattr(made, name, None) if name.isidentifier() else None
    return {
        "method": name,
        "given": [repr(value) for value in given],
        "options": sorted(options),
        "result": repr(getattr(method, "return_value", None)),
        "is_scripted": getattr(method, "side_effect", None) is not None,
    }
