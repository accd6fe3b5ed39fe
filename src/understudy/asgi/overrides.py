"""The dependency overrides of an app, put back after each test."""

from __future__ import annotations

from typing import Any


class Overrides:
    """Remembers ``app.dependency_overrides`` and puts it back.

    An app without such a mapping (any ASGI app that is not FastAPI's) is left alone.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self.hold()

    def hold(self) -> None:
        """Remember the overrides as they are now."""
        mapping = getattr(self._app, "dependency_overrides", None)
        self._held = (mapping, dict(mapping)) if isinstance(mapping, dict) else None

    def restore(self) -> None:
        """Put back what was last remembered, in the same mapping object."""
        if self._held is None:
            return
        mapping, content = self._held
        # A test may have assigned a mapping of its own; the app gets the first one back.
        self._app.dependency_overrides = mapping
        mapping.clear()
        mapping.update(content)
