"""Each test has the names of its own written file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from understudy.write.imported_names import NAMES


@pytest.fixture(autouse=True)
def _new_names() -> Iterator[None]:
    yield
    NAMES.clear()
