"""The error of `understudy init`."""

from __future__ import annotations


class InitError(Exception):
    """It failed, and nothing was written; the text is the whole message."""
