"""Why a value is refused, or cannot be judged: raised by psqlpy's rules."""

from __future__ import annotations

import sys
from collections.abc import Collection


class NotSent(Exception):
    """psqlpy raises instead of sending the value; the text says why, if there is more to say."""


class Killed(NotSent):
    """psqlpy panics, and its connection is lost."""


class NotTaken(Exception):
    """psqlpy sends the value and PostgreSQL refuses it; the text is PostgreSQL's."""


class CannotTell(Exception):
    """What happens depends on something unknown here; the text says on what."""


def class_of(value: object, module: str, names: Collection[str]) -> str | None:
    """Return the one of `names` that the class of `value` has in a module, if it has one.

    The module is not imported: a value of its class exists only if it is loaded.
    """
    loaded = sys.modules.get(module)
    if loaded is not None:
        for kind in type(value).__mro__:
            name = str(kind.__name__)
            if name in names and getattr(loaded, name, None) is kind:
                return name
    return None
