"""What keeps the writer from its work."""

from __future__ import annotations


class InitError(Exception):
    """It cannot go on, and has written nothing; the text is the whole message."""
