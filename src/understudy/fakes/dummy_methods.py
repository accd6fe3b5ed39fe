"""One method of a dummy: its rules, its calls, and the function that stands in for it."""

from __future__ import annotations

import inspect
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, Self

from understudy.catalog.errors import AnswerImpossible
from understudy.fakes.signatures import Shape
from understudy.fakes.waiting_answers import wait_for, without_traceback
from understudy.pg import sql
from understudy.script import answers
from understudy.script.answers import Answer, Computed, Error, Hang, Value
from understudy.script.calls import Call
from understudy.script.expectations import record_failure
from understudy.script.formatting import quoted, shown_expected
from understudy.script.origin import Origin
from understudy.script.parameter_matching import Parameters
from understudy.script.rules import F, Rule
from understudy.script.waiting import let_others_run

# A failure points at the line that called, not at the functions of this module.
__tracebackhide__ = True


class MethodRule(Rule):
    """A rule for calls of one method.

    Args:
        args: the expected arguments as the test wrote them. `kwargs`: the same by name.
        bound: the same by the name of their parameter, defaults included; None means any.
    """

    def __init__(
        self,
        method: str,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        bound: Mapping[str, Any] | None,
        origin: Origin,
    ) -> None:
        expected = Parameters(() if bound is None else (bound,))
        super().__init__(expected, origin, _on_source(method, args, kwargs))
        self.method = method

    def returns(self, value: Any) -> Self:
        """Answer by returning `value`; of a generator, an iterable of what it yields."""
        return self._add(answers.Value(value))

    def __call__(self, function: F) -> F:
        """Answer with what `function` returns for the same arguments; also a decorator."""
        self._add(answers.Computed(function))
        return function

    def matches_statement(self, call: Call) -> bool:
        """Say whether this rule is for the call's method, with any arguments."""
        return call.method == self.method

    @property
    def exact_statement(self) -> sql.Tokens:
        """The name of the method, as the only token."""
        return sql.tokens(self.method)

    def differences(self, call: Call) -> list[tuple[str, str]]:
        """Describe, as (what, how), everything in which `call` departs from this rule."""
        if call.method != self.method:
            return [("method", f"expected {self.method}, got {call.method}")]
        return [("argument", how) for how in self.parameters.differences(call.parameters)]

    def similarity(self, call: Call) -> float:
        """Return how similar `call` is to what this rule expects; higher is more similar."""
        if call.method != self.method:
            return 0.0
        return 1.0 - 0.01 * len(self.parameters.differences(call.parameters))


class MethodCall(Call):
    """A call of a dummy's method.

    Attributes:
        args: the positional arguments as they were given. `kwargs`: the keyword arguments.
        parameters: all arguments by the name of their parameter, defaults included.
    """

    __slots__ = ("args", "kwargs")

    def __init__(
        self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any], bound: Mapping[str, Any]
    ) -> None:
        super().__init__(method, method, bound)
        self.args = args
        self.kwargs = kwargs

    @property
    def source(self) -> str:
        """The call as it would be written."""
        return method_source(self.method, self.args, self.kwargs)

    @property
    def facts(self) -> list[str]:
        """The lines that describe the call in a failure."""
        return [f"  call: {self.source}    at: {self.origin.place}"]

    @property
    def rule_source(self) -> str:
        """The source of a rule that would answer the call, to be pasted."""
        return _on_source(self.method, self.args, self.kwargs) + ".returns(...)"


def stand_in(name: str, shape: Shape) -> Callable[..., Any]:
    """Return the stand-in for a method: a real function, async where the original is."""
    function: Callable[..., Any]
    if shape.is_async and shape.is_generator:

        async def yields_later(self: Any, /, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            for item in await _returned_later(self, name, shape, args, kwargs) or ():
                yield item

        function = yields_later
    elif shape.is_async:

        async def returns_later(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            return await _returned_later(self, name, shape, args, kwargs)

        function = returns_later
    elif shape.is_generator:

        def yields(self: Any, /, *args: Any, **kwargs: Any) -> Iterator[Any]:
            yield from _returned_now(*self._asked(name, shape, args, kwargs)) or ()

        function = yields
    else:

        def returns(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            return _returned_now(*self._asked(name, shape, args, kwargs))

        function = returns
    function.__name__ = function.__qualname__ = name
    receiver = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    # A static method may have a parameter called `self`.
    renamed = (
        parameter.replace(name="self_") if parameter.name == "self" else parameter
        for parameter in shape.signature.parameters.values()
    )
    # inspect.signature and FastAPI look here first (PEP 362).
    function.__dict__["__signature__"] = shape.signature.replace(parameters=[receiver, *renamed])
    return function


async def _returned_later(
    dummy: Any, name: str, shape: Shape, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Return what a call of an async method is answered with, or raise it."""
    call: MethodCall
    answer: Answer
    try:
        call, answer = dummy._asked(name, shape, args, kwargs)
    finally:
        await let_others_run()
    outcome = await wait_for(answer)
    if isinstance(outcome, Computed):
        result = outcome.function(*call.args, **call.kwargs)
        result = await result if inspect.isawaitable(result) else result
        await let_others_run()
        return result
    return outcome.value if isinstance(outcome, Value) else None


def _returned_now(call: MethodCall, answer: Answer) -> Any:
    time.sleep(answer.delay)
    outcome = answer.outcome
    if isinstance(outcome, Hang):
        text = f"{call.method}() is not async: it cannot hang until it is cancelled"
        raise record_failure(AnswerImpossible(text))
    if isinstance(outcome, Error):
        raise without_traceback(outcome.error)
    if isinstance(outcome, Computed):
        return outcome.function(*call.args, **call.kwargs)
    return outcome.value if isinstance(outcome, Value) else None


def method_source(method: str, args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    """Return a method's call as its source."""
    return f"{method}({', '.join(_argument_sources(args, kwargs))})"


def _on_source(method: str, args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    return f"on({', '.join([quoted(method), *_argument_sources(args, kwargs)])})"


def _argument_sources(args: Sequence[object], kwargs: Mapping[str, object]) -> list[str]:
    named = [f"{name}={shown_expected(value)}" for name, value in kwargs.items()]
    return [*map(shown_expected, args), *named]
