"""Users and their role assignments."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field, model_validator

from src.domain.dto.page import PageRequest
from src.domain.dto.scope import ScopeType
from src.domain.dto.types import CPF, Email, Id, Name


class UserStatus(StrEnum):
    """The status of a user."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    INACTIVE = "inactive"


class UserDTO:
    """Request and response models of users."""

    class Create(BaseModel):
        """A new user. The database sets status and dates."""

        name: Name
        email: Email
        cpf: CPF | None = None

    class Sync(BaseModel):
        """Users from another system, written in one transaction."""

        users: list["UserDTO.Create"] = Field(min_length=1, max_length=1000)

        @model_validator(mode="after")
        def _each_email_once(self) -> "UserDTO.Sync":
            if len({user.email for user in self.users}) < len(self.users):
                raise ValueError("cada e-mail pode aparecer uma única vez")
            return self

    class Update(BaseModel):
        """Changes to a user; omitted fields stay unchanged."""

        name: Name | None = None
        email: Email | None = None
        cpf: CPF | None = None

        @model_validator(mode="after")
        def _changes_something(self) -> "UserDTO.Update":
            if self.name is None and self.email is None and self.cpf is None:
                raise ValueError("informe ao menos um campo para alterar")
            return self

    class ChangeStatus(BaseModel):
        """A new status for a user."""

        status: UserStatus

    class Read(BaseModel):
        """The public fields of a user."""

        id: int
        name: str
        email: str
        created_at: datetime | None = None

    class Detail(Read):
        """All fields of a user, for administrators."""

        cpf: str | None
        status: UserStatus
        updated_at: datetime

    class Filter(PageRequest):
        """A filter for users; omitted fields match everything."""

        name: str | None = Field(None, min_length=1, max_length=120)
        status: UserStatus | None = None

    class Count(BaseModel):
        """The number of users with a status."""

        status: UserStatus
        count: int

    class Assign(BaseModel):
        """A role to assign to a user, in a scope of the given type."""

        user_id: Id
        role_id: Id
        scope_type: ScopeType = ScopeType.ORGANIZATION

    class Assignment(BaseModel):
        """A role of a user in a scope."""

        role_id: int
        role_name: str
        scope_id: int
        scope_name: str
        created_at: datetime
