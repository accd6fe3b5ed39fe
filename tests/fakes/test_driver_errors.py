"""What psqlpy raises, where there is no psqlpy."""

from __future__ import annotations

import sys

import psqlpy
import pytest

from understudy import FakeConnection
from understudy.fakes.driver_errors import DriverError


async def test_without_psqlpy(monkeypatch: pytest.MonkeyPatch) -> None:
    conn = FakeConnection()
    conn.on("SELECT 1").rows()
    with pytest.raises(psqlpy.exceptions.ConnectionExecuteError, match="number of rows"):
        await conn.fetch_row("SELECT 1")
    monkeypatch.setitem(sys.modules, "psqlpy", None)
    with pytest.raises(DriverError) as caught:
        await conn.fetch_row("SELECT 1")
    assert str(caught.value) == "query returned an unexpected number of rows"
