"""A statement that the real server has prepared."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.fake_postgres.script_responder import StatementNotes


@dataclass(slots=True)
class ForwardedStatement(StatementNotes):
    """The notes on a statement that the real server has prepared.

    Attributes:
        name: its name on the real server.
        declared: the types that its client declared.
        generation: the scheduler's generation in which it was prepared.
        is_logged: whether the user sent it, rather than a driver.
    """

    name: str = ""
    declared: tuple[int, ...] = ()
    generation: int = 0
    is_logged: bool = True
