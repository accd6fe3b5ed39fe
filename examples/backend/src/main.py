"""The ASGI entry point: ``uvicorn src.main:app``."""

from src.config.factory import create_app

app = create_app()
