"""Which PostgreSQL a run starts, by its settings."""

from __future__ import annotations

import os
from pathlib import Path

from understudy.embedded.binaries import Wanted, find_installation
from understudy.embedded.environment import URL_VARIABLE
from understudy.embedded.errors import PostgresError
from understudy.embedded.extensions import with_extensions
from understudy.embedded.schema_sources import schema_sources
from understudy.plugin.settings import Settings


def wanted(settings: Settings) -> Wanted:
    """Return what the settings say of the PostgreSQL to start."""
    folder = settings.postgres_binaries
    path = None if folder is None else settings.root / Path(folder).expanduser()
    return Wanted(path, settings.postgres_version)


def first_choice(settings: Settings) -> str | None:
    """Return the PostgreSQL that a run would start first, or None if it starts none."""
    if URL_VARIABLE in os.environ:
        return None
    try:
        sources = schema_sources(settings.schema, settings.root)
        texts = (text for source in sources for text in source.texts())
        return str(find_installation(with_extensions(wanted(settings), texts)))
    except PostgresError:
        # It is reported when a test needs it.
        return None
