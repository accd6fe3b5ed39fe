"""What the tests of the scaffold share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="package", autouse=True)
def _bytecode_is_kept() -> Iterator[None]:
    """Many a process of pytest is started here: what one has compiled the next need not.

    Some environments forbid Python to keep it, and then importing takes twice as long.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield
