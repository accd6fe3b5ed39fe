"""The objects that a service works with, and the stand-ins that record what they answer."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from understudy.init.connections import Opening
from understudy.script import requests
from understudy.write.trials import Expression, Target


@dataclass(frozen=True)
class Collaborator:
    """What a service takes in its constructor: a DAO, a client of another server.

    Attributes:
        name: the parameter, and the variable of its dummy.
        cls: its class.
        dummy: how its dummy is made.
        real: the source of a real one; of one that reaches another server, its dummy.
        is_remote: whether it reaches another server, so that it is always a dummy.
    """

    name: str
    cls: type
    dummy: Opening
    real: str
    is_remote: bool = False


@dataclass(frozen=True)
class ServiceTarget(Target):
    """A method of a service.

    Attributes:
        collaborators: what its object takes.
        pattern: the call with each collaborator by its name, in double braces.
        pattern_openings: what is opened for that call, without the project's own pool.
        pattern_imports: the lines that it needs.
        pool: the opening of the project's own pool, if the service uses it.
    """

    collaborators: tuple[Collaborator, ...] = ()
    pattern: str = ""
    pattern_openings: tuple[Opening, ...] = ()
    pattern_imports: tuple[str, ...] = ()
    pool: tuple[Opening, ...] = ()

    @property
    def recording(self) -> Target:
        """The target with its real collaborators, of which each call is recorded."""
        sources = {one.name: f'recorded("{one.name}", {one.real})' for one in self.collaborators}
        line = "from understudy.write.collaborators import recorded"
        return self._on(sources, (*self.pool, *self.pattern_openings), line)

    def on_dummies(self, *, has_database: bool) -> Target:
        """Return the target with dummies of its collaborators.

        Args:
            has_database: whether it needs the project's own pool besides.
        """
        pool = self.pool if has_database else ()
        found = self._on({one.name: one.name for one in self.collaborators}, pool)
        used = [one for one in self.pattern_openings if _mentions(found.call, one.name)]
        openings = (*pool, *used)
        fixtures = self.fixtures if openings or has_database else ()
        return replace(found, openings=openings, after=(), fixtures=fixtures)

    @property
    def variants(self) -> tuple[Target, ...]:
        """All targets of its trials."""
        dummies = (self.on_dummies(has_database=has_database) for has_database in (False, True))
        return (self, self.recording, *dummies)

    def _on(
        self, sources: Mapping[str, str], openings: tuple[Opening, ...], *imports: str
    ) -> Target:
        call = self.pattern
        for name, source in sources.items():
            call = call.replace(f"{{{{{name}}}}}", source)
        plain = {one: getattr(self, one) for one in Target.__dataclass_fields__}
        lines = (*self.pattern_imports, *imports)
        return Target(**plain | {"call": call, "openings": openings, "imports": lines})


def _mentions(source: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", source) is not None


@dataclass
class Recorded:
    """A call of a collaborator.

    Attributes:
        name: the collaborator's variable.
        method: what was called.
        sources: the source of each argument, taken when it was called.
        imports: the lines that these need.
        answer: the source of what it returned; None if it raised or there is none.
        value: what it returned.
        raised: what it raised.
        begun, ended: positions in the order of all that happens, see `requests.now`.
    """

    name: str
    method: str
    sources: list[str]
    imports: list[str]
    answer: Expression | None = None
    value: Any = None
    raised: Exception | None = None
    begun: int = 0
    ended: int = 0


@dataclass
class Recorder:
    """Keeps the calls of collaborators in one run of a trial.

    Attributes:
        calls: the calls, in order.
        argument: returns the source of an argument: `ANY` for one that has none.
        answer: returns the source of an answer, or None.
    """

    argument: Callable[[object], Expression]
    answer: Callable[[object], Expression | None]
    calls: list[Recorded] = field(default_factory=list)


_recorders: list[Recorder] = []


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Let a recorder keep the calls of what `recorded` returns."""
    _recorders.append(recorder)
    try:
        yield
    finally:
        _recorders.remove(recorder)


# Python looks these up in the class: `async with uow:`, `for row in rows:`, `service()`.
_SPECIAL = (
    *("__call__", "__enter__", "__exit__", "__aenter__", "__aexit__", "__await__", "__bool__"),
    *("__iter__", "__next__", "__aiter__", "__anext__", "__len__", "__contains__"),
    *("__getitem__", "__setitem__", "__delitem__"),
)


def recorded(name: str, real: Any) -> Any:
    """Return what does the same as a collaborator, and records its calls."""
    known = {one for base in type(real).__mro__ for one in vars(base)}
    special = {one: _special(one) for one in _SPECIAL if one in known}
    return type("_Stand", (_Stand,), special)(name, real)


def _special(name: str) -> Callable[..., Any]:
    return lambda stand, *args, **kwargs: stand.__getattr__(name)(*args, **kwargs)


class _Stand:
    """Passes everything on to a collaborator."""

    def __init__(self, name: str, real: Any) -> None:
        self.__dict__.update(_name=name, _real=real)

    @property  # type: ignore[misc] # the code may ask isinstance()
    def __class__(self) -> Any:
        return type(self._real)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        if name in _SPECIAL and name != "__call__":
            # No dummy scripts it, so the trial is one on the real collaborators.
            for recorder in _recorders[-1:]:
                recorder.calls.append(Recorded(self._name, name, [], []))
            return _itself(self, value)
        if not callable(value) or isinstance(value, type) or not _recorders:
            return value
        return _wrapped(self._name, name, value, _recorders[-1])

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._real, name, value)


def _itself(stand: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that answers with the stand for the collaborator: `async with uow`."""

    def plain(answer: Any) -> Any:
        return stand if answer is stand._real else answer

    async def awaited(answer: Any) -> Any:
        return plain(await answer)

    def called(*args: Any) -> Any:
        answer = function(*args)
        return awaited(answer) if inspect.isawaitable(answer) else plain(answer)

    return called


def _wrapped(owner: str, method: str, function: Callable[..., Any], recorder: Recorder) -> Any:
    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        call = _begun(owner, method, args, kwargs, recorder)
        with _noting(call):
            answer = function(*args, **kwargs)
            if inspect.isawaitable(answer):
                return _awaited(call, answer, recorder)
            _answered(call, answer, recorder)
            return answer

    return called


async def _awaited(call: Recorded, answer: Any, recorder: Recorder) -> Any:
    with _noting(call):
        value = await answer
        _answered(call, value, recorder)
        return value


@contextmanager
def _noting(call: Recorded) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        call.raised = error
        raise
    finally:
        call.ended = requests.now()


def _begun(
    owner: str, method: str, args: Any, kwargs: Mapping[str, Any], recorder: Recorder
) -> Recorded:
    plain = [recorder.argument(value) for value in args]
    named = {name: recorder.argument(value) for name, value in kwargs.items()}
    sources = [one.text for one in plain]
    sources += [f"{name}={one.text}" for name, one in named.items()]
    imports = [line for one in (*plain, *named.values()) for line in one.imports]
    call = Recorded(owner, method, sources, imports, begun=requests.now())
    recorder.calls.append(call)
    return call


def _answered(call: Recorded, value: Any, recorder: Recorder) -> None:
    call.value = value
    call.answer = recorder.answer(value)
