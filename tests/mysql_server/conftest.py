from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.playground import Playground, new_playground


@pytest.fixture
def playground() -> Iterator[Playground]:
    with new_playground() as place:
        yield place
