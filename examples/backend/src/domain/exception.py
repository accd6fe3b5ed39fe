"""The base class of all domain errors."""


class DomainException(Exception):  # noqa: N818 - callers know these errors as ...Exception
    """An error that the API returns as is: an HTTP status and a message for the user."""

    def __init__(self, status_code: int, detail: str) -> None:
        super().__init__(detail)
        self.status_code = status_code
        self.detail = detail
