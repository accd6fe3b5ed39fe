"""Permissions, written as 'resource:action'."""

from pydantic import BaseModel

from src.domain.dto.types import Code, Description


class PermissionDTO:
    """Request and response models of permissions."""

    class Create(BaseModel):
        """A new permission."""

        code: Code
        description: Description = ""

    class Read(BaseModel):
        """A stored permission."""

        id: int
        code: str
        description: str
