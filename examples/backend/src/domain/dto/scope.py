"""Scopes: where a role holds. They form a tree."""

from enum import StrEnum

from pydantic import BaseModel, model_validator

from src.domain.dto.types import Id, Name


class ScopeType(StrEnum):
    """What kind of place a scope is."""

    ORGANIZATION = "organization"
    DEPARTMENT = "department"
    PROJECT = "project"


class ScopeDTO:
    """The forms a scope takes on the way in and out."""

    class Create(BaseModel):
        """A scope to be written; an organization is a root, everything else hangs below one."""

        name: Name
        type: ScopeType
        parent_id: Id | None = None

        @model_validator(mode="after")
        def _fits_the_tree(self) -> "ScopeDTO.Create":
            if self.type is ScopeType.ORGANIZATION and self.parent_id is not None:
                raise ValueError("uma organização não tem escopo superior")
            if self.type is not ScopeType.ORGANIZATION and self.parent_id is None:
                raise ValueError("informe o escopo superior")
            return self

    class Rename(BaseModel):
        """A new name for a scope."""

        name: Name

    class Read(BaseModel):
        """A scope as it is stored."""

        id: int
        name: str
        type: ScopeType
        parent_id: int | None = None

    class Node(Read):
        """A scope below another one, and how far below."""

        depth: int
