"""Pagination of lists."""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, Field

Item = TypeVar("Item")


class PageRequest(BaseModel):
    """The requested part of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    offset: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0


class Page(BaseModel, Generic[Item]):
    """One part of a list, and the total length."""

    items: list[Item]
    total: int
    limit: int
    offset: int
