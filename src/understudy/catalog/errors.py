"""The catalog's errors, and the failures of its checks."""

from __future__ import annotations

from understudy.catalog.description import Refusal
from understudy.script.failures import Failure


class CatalogError(Exception):
    """The catalog cannot be read, written or extended; the text is the whole message."""


class CatalogFileError(CatalogError):
    """The catalog's file is broken, or of another kind. It is left as it is."""


class CatalogLocked(CatalogError):
    """Something new would have to be learned, and the catalog is locked."""


class DescribeFailed(CatalogError):
    """PostgreSQL gave no verdict on a statement: it was unreachable, lost, locked or full.

    That says nothing about the statement.
    """


class StatementUnknown(Failure):
    """The catalog does not hold a statement, and cannot learn it."""


class StatementRefused(Failure):
    """PostgreSQL refuses a statement that was given to a fake.

    Attributes:
        refusal: what PostgreSQL says; None if the driver refuses it.
    """

    def __init__(self, text: str, refusal: Refusal | None = None) -> None:
        super().__init__(text)
        self.refusal = refusal


class ParametersRefused(Failure):
    """The driver or PostgreSQL would refuse a statement's parameters."""


class AnswerImpossible(Failure):
    """The statement could never return what it was answered with."""


class ErrorImpossible(Failure):
    """The statement could never fail as it was scripted to."""


class UncheckedWarning(UserWarning):
    """What a check found that is configured to warn."""

    __module__ = "understudy"
