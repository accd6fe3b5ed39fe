"""The exception of this package, and the message for a missing dependency."""


class AppError(Exception):
    """The application cannot be found, created, started or stopped.

    The text is the whole message. An exception of the application is its ``__cause__``.
    """


def not_installed(package: str, fixture: str) -> AppError:
    """Return the error for a missing package that a fixture needs."""
    ours = {"starlette": "fastapi", "httpx": "asgi", "asgi-lifespan": "asgi"}
    wanted = f'"understudy[{ours[package]}]"' if package in ours else package
    return AppError(f"`{fixture}` needs {package}, which is not installed.\npip install {wanted}")
