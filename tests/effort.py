"""Counts of calls and of sleeps, for tests that a busy machine must not fail."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

import pytest

T = TypeVar("T")


def calls_of(function: Callable[[], T]) -> tuple[T, int]:
    """Call a function.

    Returns:
        What it returns, and how many functions it called, including those in C.
    """
    count = 0

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        result = function()
    finally:
        sys.setprofile(before)
    return result, count


def record_sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note how long everything sleeps from now on, in seconds; it sleeps all the same."""
    slept: list[float] = []
    sleep, sleep_async = time.sleep, asyncio.sleep

    def noted(seconds: float) -> None:
        slept.append(seconds)
        sleep(seconds)

    async def noted_async(seconds: float) -> None:
        slept.append(seconds)
        await sleep_async(seconds)

    monkeypatch.setattr(time, "sleep", noted)
    monkeypatch.setattr(asyncio, "sleep", noted_async)
    return slept
