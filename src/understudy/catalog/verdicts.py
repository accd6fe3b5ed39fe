"""What a driver's rules say of a value: nothing where it is fine, else one of these is raised."""

from __future__ import annotations

import sys
from collections.abc import Collection


class NotSent(Exception):
    """The driver raises instead of sending the value; the text says why, where there is more."""


class Killed(NotSent):
    """The driver panics, and its connection is lost."""


class NotTaken(Exception):
    """The driver sends the value and PostgreSQL refuses it; the text is what it says."""


class CannotTell(Exception):
    """What happens depends on something that cannot be seen from here; the text says on what."""


def class_of(value: object, module: str, names: Collection[str]) -> str | None:
    """Return the one of `names` that the class of `value` has in a module, if it has one.

    The module is not imported: a value of its class exists only where it is loaded.
    """
    loaded = sys.modules.get(module)
    if loaded is not None:
        for kind in type(value).__mro__:
            name = str(kind.__name__)
            if name in names and getattr(loaded, name, None) is kind:
                return name
    return None
