from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.playground import Playground, new_playground

from understudy.embedded import EmbeddedServer

SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def server(session_cache: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERSTUDY_CACHE_DIR", str(session_cache))
        server.start()
    yield server
    server.stop()


@pytest.fixture
def database(server: EmbeddedServer) -> Iterator[str]:
    name = f"test_{time.monotonic_ns()}"
    server.admin.create(name)
    yield server.dsn(name)
    server.admin.drop(name)


@pytest.fixture
def playground() -> Iterator[Playground]:
    with new_playground() as place:
        yield place


@pytest.fixture
def warm(playground: Playground, server: EmbeddedServer, session_cache: Path) -> Playground:
    """A playground whose cache is filled, as the start of the session's server filled its own."""
    assert server.dsn()
    playground.cache.mkdir(mode=0o700)
    for packed in session_cache.glob("data-*.zip"):
        shutil.copy(packed, playground.cache)
    return playground


@pytest.fixture
def at_home(playground: Playground, monkeypatch: pytest.MonkeyPatch) -> Playground:
    """A playground that this process uses too."""
    monkeypatch.setenv("UNDERSTUDY_CACHE_DIR", str(playground.cache))
    monkeypatch.setenv("UNDERSTUDY_DATA_DIR", str(playground.data))
    return playground
