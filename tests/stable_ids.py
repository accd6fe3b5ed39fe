"""Names of parametrised tests that are the same in every process."""

from __future__ import annotations

import re


def stable_repr(value: object) -> str:
    """A value without addresses: pytest-xdist wants each worker to name a test alike."""
    return re.sub(r" at 0x[0-9a-f]+| id='\d+'", "", repr(value))
