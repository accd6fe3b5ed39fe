"""Permissions: what may be done, as 'resource:action'."""

from pydantic import BaseModel

from src.domain.dto.types import Code, Description


class PermissionDTO:
    """The forms a permission takes on the way in and out."""

    class Create(BaseModel):
        """A permission to be written."""

        code: Code
        description: Description = ""

    class Read(BaseModel):
        """A permission as it is stored."""

        id: int
        code: str
        description: str
