"""The plain lists of calls on a connection: `execute_calls` and the others."""

from __future__ import annotations

from typing import Any, Self, overload

from understudy.fakes.scripted import Scripted

Calls = list[tuple[str, Any]]


class CallList:
    """An attribute that holds a list of (statement, parameters), kept under `_<its name>`.

    Reading it counts as looking at the calls, which `check_calls` wants to see.
    """

    def __set_name__(self, owner: type[Scripted], name: str) -> None:
        self._kept_as = f"_{name}"

    @overload
    def __get__(self, fake: None, owner: type[Scripted]) -> Self: ...

    @overload
    def __get__(self, fake: Scripted, owner: type[Scripted]) -> Calls: ...

    def __get__(self, fake: Scripted | None, owner: type[Scripted]) -> Self | Calls:
        if fake is None:
            return self
        fake._script.calls.was_read = True
        calls: Calls = getattr(fake, self._kept_as)
        return calls

    def __set__(self, fake: Scripted, calls: Calls) -> None:
        setattr(fake, self._kept_as, calls)
