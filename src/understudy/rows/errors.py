"""The exceptions of `insert` and `changes`."""


class RowsError(Exception):
    """The base of every error that `insert` and `changes` raise."""


class UnknownName(RowsError):
    """The table, or a column of it, does not exist."""


class NotATable(RowsError):
    """The name is that of a view, which cannot be inserted into."""


class NoValue(RowsError):
    """A column needs a value of a type for which none can be generated."""


class RowRefused(RowsError):
    """PostgreSQL refuses the row: the values that were given, or every value that was tried."""


class ChangesUnknown(RowsError):
    """It cannot be told how the rows of the tables have changed."""
