"""What the tests of the scaffold share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def _compiled(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="package", autouse=True)
def _bytecode_is_kept(_compiled: str) -> Iterator[None]:
    """Many a process of pytest is started here: what one has compiled the next need not.

    Some environments forbid Python to keep it, and then importing takes twice as long.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("PYTHONPYCACHEPREFIX", _compiled)
        yield
