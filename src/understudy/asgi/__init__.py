"""Load, start and call a FastAPI (or any ASGI) application under test.

Importing this package imports neither FastAPI nor httpx. Each is imported by the function that
uses it; if it is missing, the message names the extra to install.
"""

from understudy.asgi.app_loading import load_app
from understudy.asgi.clients import SyncClient, open_async_client
from understudy.asgi.errors import AppError
from understudy.asgi.overrides import Overrides

__all__ = ["AppError", "Overrides", "SyncClient", "load_app", "open_async_client"]
