"""Why a review cannot be made."""

from __future__ import annotations


class ReviewError(Exception):
    """The review cannot be made; the text is the whole message."""
