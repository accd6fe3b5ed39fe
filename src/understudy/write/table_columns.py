"""The arguments of `find(**filters)`: the columns of the model that a repository is for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from understudy.write import hints
from understudy.write.trials import Argument


def columns_of(cls: type | None, *, is_insert: bool) -> Iterator[Argument]:
    """Yield an argument for each column of the model of a class, if it has one.

    Args:
        cls: the class of a repository: it has the model as an attribute or as a type argument.
        is_insert: whether a row is made of them, so that some are required.
    """
    table = _table_of(cls)
    for column in () if table is None else table.columns:
        try:
            hint = column.type.python_type
        except NotImplementedError:  # what SQLAlchemy 2.0 raises where 2.1 returns object
            hint = object
        if hint is object:  # a type of an extension
            continue
        is_filled = (
            column.nullable or column.default is not None or column.server_default is not None
        )
        is_generated = column is table.autoincrement_column or column.identity is not None
        yield Argument(
            column.key,
            hint,
            is_required=is_insert and not (is_filled or is_generated),
            is_keyword=True,
        )


def _table_of(cls: type | None) -> Any:
    if cls is None:
        return None
    attributes = [value for base in cls.__mro__ for value in vars(base).values()]
    for value in (*attributes, *hints.variables_of(cls).values()):
        if isinstance(value, type) and hasattr(value, "__table__"):
            return value.__table__
    return None
