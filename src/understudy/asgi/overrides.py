"""Restore the dependency overrides of an app after each test."""

from __future__ import annotations

from typing import Any


class Overrides:
    """Saves ``app.dependency_overrides`` and restores it.

    An app without such a mapping (any ASGI app that is not FastAPI's) is left alone.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self.save()

    def save(self) -> None:
        """Save the current overrides."""
        mapping = getattr(self._app, "dependency_overrides", None)
        self._saved = (mapping, dict(mapping)) if isinstance(mapping, dict) else None

    def restore(self) -> None:
        """Restore the saved overrides, in the same mapping object."""
        if self._saved is None:
            return
        mapping, content = self._saved
        # A test may have assigned another mapping.
        self._app.dependency_overrides = mapping
        mapping.clear()
        mapping.update(content)
