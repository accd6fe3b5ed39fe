"""A copy of the reference backend for each test that asks, and one that several share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backend_copy import Folder, copy_backend

WRITTEN = Path(__file__).with_name("written")


def written(name: str) -> str:
    """The text of a test file that is written for the reference backend."""
    return (WRITTEN / f"{name}.py").read_text(encoding="utf-8")


@pytest.fixture
def backend(tmp_path: Path) -> Folder:
    """A copy of the reference backend, suite and all."""
    return copy_backend(tmp_path / "backend")


@pytest.fixture(scope="module")
def written_outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The outcome of every test in the written files, run once in a copy of the backend."""
    backend = copy_backend(tmp_path_factory.mktemp("seed") / "backend")
    files = ["fixtures", "patterns", "complete_file"]
    for name in files:
        backend.write(f"tests/test_{name}.py", written(name))
    return backend.outcomes(*(f"tests/test_{name}.py" for name in files))
