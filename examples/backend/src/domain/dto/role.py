"""Roles: named sets of permissions."""

from pydantic import BaseModel, model_validator

from src.domain.dto.types import Description, Name


class RoleDTO:
    """Request and response models of roles."""

    class Create(BaseModel):
        """A new role."""

        name: Name
        description: Description = ""

    class Update(BaseModel):
        """Changes to a role; omitted fields stay unchanged."""

        name: Name | None = None
        description: Description | None = None

        @model_validator(mode="after")
        def _changes_something(self) -> "RoleDTO.Update":
            if self.name is None and self.description is None:
                raise ValueError("informe ao menos um campo para alterar")
            return self

    class Read(BaseModel):
        """A stored role."""

        id: int
        name: str
        description: str
