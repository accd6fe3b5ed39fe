"""The error of a run of mutants."""


class MutationError(Exception):
    """The mutants cannot be run; the text is the whole message."""
