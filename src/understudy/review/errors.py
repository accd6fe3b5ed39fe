"""The error of a review."""

from __future__ import annotations


class ReviewError(Exception):
    """A review failed; the text is the whole message."""
