"""Why a check cannot be done."""


class LintError(Exception):
    """The check cannot be done; the text is the whole message."""


class UnknownRule(LintError):
    """No rule, group or name is called this."""
