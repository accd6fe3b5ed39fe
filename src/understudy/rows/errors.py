"""What this room raises. Every message is complete: `messages` holds the wording."""


class RowsError(Exception):
    """The base of everything this room raises."""


class UnknownName(RowsError):
    """There is no such table, or no such column in it."""


class NotATable(RowsError):
    """What was named takes no rows of its own, as a view does not."""


class NoValue(RowsError):
    """A column needs a value of a type that we do not know how to make up."""


class RowRefused(RowsError):
    """PostgreSQL refuses the row: what was given, or everything that was tried."""
