"""What it means that a test fails with a mutant."""

from __future__ import annotations

import re
from typing import Literal

# "text": the statement is another one than a script expects. "meaning": it did something else.
Kind = Literal["text", "meaning"]

# Failures that compare the text of a statement with a script or an expectation.
_OF_TEXT = re.compile(
    r"\b(UnexpectedStatement|UnusedAnswers|CallNotFound|StatementRefused|StatementUnknown)\b"
)


def kind(longrepr: str, *, is_scripted: bool) -> Kind:
    """Return whether a failure tells of a mutant's text or of its meaning.

    Args:
        longrepr: the failure, as pytest shows it.
        is_scripted: whether the test's script answers the statement. Any text then is as good as
            another, unless the test asks for it.
    """
    return "text" if is_scripted and _OF_TEXT.search(longrepr) else "meaning"
