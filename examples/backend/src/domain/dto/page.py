"""Lists that are too long to send whole."""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, Field

Item = TypeVar("Item")


class PageRequest(BaseModel):
    """Which part of a list is wanted."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    offset: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0


class Page(BaseModel, Generic[Item]):
    """One part of a list, and how long the whole is."""

    items: list[Item]
    total: int
    limit: int
    offset: int
