"""The plain lists of calls on a connection: `execute_calls` and its like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, overload

if TYPE_CHECKING:
    from understudy.fakes.answering import Answering

Calls = list[tuple[str, Any]]


class CallList:
    """An attribute that holds a list of (statement, parameters), kept under `_<its name>`.

    Whoever gets it has looked at the calls, which `check_calls` wants to know.
    """

    def __set_name__(self, owner: type[Answering], name: str) -> None:
        self._kept_as = f"_{name}"

    @overload
    def __get__(self, fake: None, owner: type[Answering]) -> Self: ...

    @overload
    def __get__(self, fake: Answering, owner: type[Answering]) -> Calls: ...

    def __get__(self, fake: Answering | None, owner: type[Answering]) -> Self | Calls:
        if fake is None:
            return self
        fake._script.calls.was_read = True
        calls: Calls = getattr(fake, self._kept_as)
        return calls

    def __set__(self, fake: Answering, calls: Calls) -> None:
        setattr(fake, self._kept_as, calls)
