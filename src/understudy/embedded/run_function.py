"""Call a function with the URL of a database, in a process of its own."""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import os
from collections.abc import Awaitable
from typing import Any

from understudy.embedded.guarded_process import run_guarded
from understudy.embedded.schema_function import NAME_VARIABLE

_ADVICE = "Connect to the URL with which the function is called."


def main(dsn: str) -> None:
    """Call the function."""
    module, _, attribute = os.environ[NAME_VARIABLE].partition(":")
    function: Any = functools.reduce(getattr, attribute.split("."), importlib.import_module(module))
    result = function(dsn)
    if inspect.isawaitable(result):
        asyncio.run(_wait(result))


async def _wait(result: Awaitable[object]) -> None:
    await result


if __name__ == "__main__":
    run_guarded(main, _ADVICE)
