"""A statement that the real server has prepared."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.fake_postgres.script_responder import StatementNotes


@dataclass(slots=True)
class ForwardedStatement(StatementNotes):
    """What is kept with a statement that the real server has prepared.

    Attributes:
        name: what it is called there.
        declared: the types that its client declared.
        generation: the number of the server's memory in which it is.
        is_logged: whether it is the user's own, and no question or command of a driver.
    """

    name: str = ""
    declared: tuple[int, ...] = ()
    generation: int = 0
    is_logged: bool = True
