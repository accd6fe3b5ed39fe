"""Scopes of roles. They form a tree."""

from enum import StrEnum

from pydantic import BaseModel, model_validator

from src.domain.dto.types import Id, Name


class ScopeType(StrEnum):
    """The type of a scope."""

    ORGANIZATION = "organization"
    DEPARTMENT = "department"
    PROJECT = "project"


class ScopeDTO:
    """Request and response models of scopes."""

    class Create(BaseModel):
        """A new scope. An organization is a root; other scopes have a parent."""

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
        """A stored scope."""

        id: int
        name: str
        type: ScopeType
        parent_id: int | None = None

    class Node(Read):
        """A descendant of a scope, and its depth."""

        depth: int
