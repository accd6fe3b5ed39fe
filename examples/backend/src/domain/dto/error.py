"""The one form in which every error leaves the API."""

from pydantic import BaseModel


class ErrorDTO:
    """Errors as clients see them."""

    class Detail(BaseModel):
        """What is wrong with one field."""

        field: str
        message: str

    class Body(BaseModel):
        """What went wrong."""

        status: int
        message: str
        details: list["ErrorDTO.Detail"] = []

    class Envelope(BaseModel):
        """The body of every response that is not a success."""

        error: "ErrorDTO.Body"
