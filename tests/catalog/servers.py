"""A server for each PostgreSQL version in the wheel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pytest

from understudy.embedded import EmbeddedServer
from understudy.embedded.binaries import Installation, find_installation

VERSIONS = (pytest.param(16, marks=pytest.mark.slow), 18)
_FOLDERS = {16: "pginstall", 18: "pginstall18"}


@contextmanager
def server_of(version: int) -> Iterator[EmbeddedServer]:
    """A running server of a major version."""
    newest = find_installation()
    chosen = Installation(newest.prefix.parent / _FOLDERS[version])
    with mock.patch("understudy.embedded.server.find_installation", return_value=chosen):
        server = EmbeddedServer().start()
    try:
        yield server
    finally:
        server.stop()
