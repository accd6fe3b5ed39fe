"""The phase of the running test, for the events at the boundary.

Nothing here imports the script: without it, no event needs the phase.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from understudy.script.requests import Phase

_REQUESTS = "understudy.script.requests"
_phase: Phase = "setup"


def begin(phase: Phase) -> None:
    """Note that a phase of a test begins; the setup begins a new test."""
    global _phase
    _phase = phase
    tell()
    if phase == "setup" and (requests := _loaded()) is not None:
        requests.begin_test()


def tell() -> None:
    """Tell the script the phase; call it when a server is made, which imports the script."""
    if (requests := _loaded()) is not None:
        requests.phase = _phase


def _loaded() -> Any:
    return sys.modules.get(_REQUESTS)
