"""Users and what they are assigned to."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field, model_validator

from src.domain.dto.page import PageRequest
from src.domain.dto.scope import ScopeType
from src.domain.dto.types import CPF, Email, Id, Name


class UserStatus(StrEnum):
    """Where a user stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    INACTIVE = "inactive"


class UserDTO:
    """The forms a user takes on the way in and out."""

    class Create(BaseModel):
        """A user to be written. Status and dates are the database's business."""

        name: Name
        email: Email
        cpf: CPF | None = None

    class Sync(BaseModel):
        """Users from another system, to be written all at once."""

        users: list["UserDTO.Create"] = Field(min_length=1, max_length=1000)

        @model_validator(mode="after")
        def _each_email_once(self) -> "UserDTO.Sync":
            if len({user.email for user in self.users}) < len(self.users):
                raise ValueError("cada e-mail pode aparecer uma única vez")
            return self

    class Update(BaseModel):
        """Changes to a user; what is left out stays as it is."""

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
        """What anyone may know of a user."""

        id: int
        name: str
        email: str
        created_at: datetime | None = None

    class Detail(Read):
        """What an administrator may know of a user."""

        cpf: str | None
        status: UserStatus
        updated_at: datetime

    class Filter(PageRequest):
        """Which users are wanted; what is left out does not restrict."""

        name: str | None = Field(None, min_length=1, max_length=120)
        status: UserStatus | None = None

    class Count(BaseModel):
        """How many users have a status."""

        status: UserStatus
        count: int

    class Assign(BaseModel):
        """A role for a user, within a scope of the type given."""

        user_id: Id
        role_id: Id
        scope_type: ScopeType = ScopeType.ORGANIZATION

    class Assignment(BaseModel):
        """A role that a user has within a scope."""

        role_id: int
        role_name: str
        scope_id: int
        scope_name: str
        created_at: datetime
