"""The routes of an app."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def routes_with_endpoint(routes: Iterable[Any]) -> Iterator[Any]:
    """Yield the routes that call a function, with those of included routers."""
    for route in routes:
        if hasattr(route, "endpoint") and getattr(route, "methods", None):
            yield route
        elif hasattr(route, "effective_candidates"):  # a router of FastAPI, in its later versions
            yield from routes_with_endpoint(route.effective_candidates())
