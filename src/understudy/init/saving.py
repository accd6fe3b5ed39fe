"""Write the files of a plan, all together or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.atomic_write import write_files
from understudy.init.errors import InitError
from understudy.init.plan import Change


def save(changes: Sequence[Change]) -> None:
    """Write every file of a plan.

    Raises:
        InitError: A file cannot be written, or has changed since the plan was made. Nothing is
            changed then.
    """
    try:
        for change in changes:
            try:
                now = change.path.read_bytes()
            except FileNotFoundError:
                now = None
            if now != (None if change.before is None else change.before.encode()):
                raise InitError(
                    f"{change.path} has changed since it was read. Nothing was written; "
                    "run this again."
                )
        write_files({change.path: change.after.encode() for change in changes})
    except OSError as error:
        text = f"Cannot write {error.filename}: {error.strerror}. Nothing was changed."
        raise InitError(text) from error
