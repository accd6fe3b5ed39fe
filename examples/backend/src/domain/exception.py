"""The base of every error that the backend raises on purpose."""


class DomainException(Exception):  # noqa: N818 - because callers know the family as ...Exception
    """A failure that the API reports as it is: an HTTP status and a sentence for the user."""

    def __init__(self, status_code: int, detail: str) -> None:
        super().__init__(detail)
        self.status_code = status_code
        self.detail = detail
