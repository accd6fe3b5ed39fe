"""Roles: permissions under a name."""

from pydantic import BaseModel, model_validator

from src.domain.dto.types import Description, Name


class RoleDTO:
    """The forms a role takes on the way in and out."""

    class Create(BaseModel):
        """A role to be written."""

        name: Name
        description: Description = ""

    class Update(BaseModel):
        """Changes to a role; what is left out stays as it is."""

        name: Name | None = None
        description: Description | None = None

        @model_validator(mode="after")
        def _changes_something(self) -> "RoleDTO.Update":
            if self.name is None and self.description is None:
                raise ValueError("informe ao menos um campo para alterar")
            return self

    class Read(BaseModel):
        """A role as it is stored."""

        id: int
        name: str
        description: str
