"""The error of `understudy write`."""

from __future__ import annotations


class WriteError(Exception):
    """Nothing can be written; the text is the whole message."""
