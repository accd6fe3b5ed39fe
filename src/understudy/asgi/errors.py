"""What this room raises."""


class AppError(Exception):
    """The application cannot be found, made, started or stopped.

    Its text is the whole message, ready to be shown as it is. Where an exception of the
    application's own is the reason, that one is the ``__cause__``.
    """
