"""The format of every error response."""

from pydantic import BaseModel


class ErrorDTO:
    """Models of error responses."""

    class Detail(BaseModel):
        """The error of one field."""

        field: str
        message: str

    class Body(BaseModel):
        """The error."""

        status: int
        message: str
        details: list["ErrorDTO.Detail"] = []

    class Envelope(BaseModel):
        """The body of every error response."""

        error: "ErrorDTO.Body"
