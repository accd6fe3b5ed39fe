"""How a method may be called: its signature as its caller sees it, through its decorators."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Callable
from typing import Any, NamedTuple


class Shape(NamedTuple):
    """A method as its callers see it.

    Attributes:
        signature: without `self` or `cls`, and without what a decorator passes in by itself.
        is_async: whether a call has to be awaited.
        is_generator: whether a call is iterated over (with `async for` if it is async).
    """

    signature: inspect.Signature
    is_async: bool
    is_generator: bool


def shape_of(owner: type, name: str) -> Shape:
    """Return the shape of method `name` of class `owner`."""
    static = inspect.getattr_static(owner, name)
    function = static.__func__ if isinstance(static, classmethod | staticmethod) else static
    innermost = inspect.unwrap(function)
    is_async_generator = inspect.isasyncgenfunction(innermost)
    is_coroutine = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(innermost)
    return Shape(
        _signature(function, bound=not isinstance(static, staticmethod)),
        is_coroutine or is_async_generator,
        is_async_generator or inspect.isgeneratorfunction(innermost),
    )


def _signature(function: Callable[..., Any], *, bound: bool) -> inspect.Signature:
    """Return the signature for callers, without the first parameter if it is `bound`.

    `functools.wraps` makes a decorated function show the signature of the original, although the
    decorator may pass an argument of its own: a connection, say. Its source tells which.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        # Built-in methods need not tell their parameters; then every call is accepted.
        return inspect.signature(_anything)
    parameters = list(signature.parameters.values())
    wrapper = function
    while (wrapped := getattr(wrapper, "__wrapped__", None)) is not None:
        if _says_itself(wrapper, wrapped):
            break
        passed = _passed_by(wrapper)
        # The wrapper's own named parameters come first (self among them) and stay the caller's.
        del parameters[passed.own : passed.own + passed.positional]
        parameters = [
            parameter for parameter in parameters if parameter.name not in passed.keywords
        ]
        wrapper = wrapped
    if bound and parameters and parameters[0].kind in _POSITIONAL:
        del parameters[0]
    return signature.replace(parameters=parameters)


def _says_itself(wrapper: Callable[..., Any], wrapped: Callable[..., Any]) -> bool:
    """Say whether `wrapper` was given a signature; `functools.wraps` copies one it did not make."""
    given = getattr(wrapper, "__signature__", None)
    return given is not None and given is not getattr(wrapped, "__signature__", None)


_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _anything(*args, **kwargs): ...  # type: ignore[no-untyped-def]  # its signature is used


class _Passed(NamedTuple):
    """How many named positional parameters a wrapper has, and what else it passes."""

    own: int
    positional: int
    keywords: frozenset[str]


_NOTHING = _Passed(0, 0, frozenset())


def _passed_by(wrapper: Callable[..., Any]) -> _Passed:
    """Return what `wrapper` passes to the wrapped function in addition to its own parameters.

    Looked for in its source: a call with `*args` that has further arguments before it, or keywords
    beside `**kwargs`. It passes nothing if there is no source, or no such call.
    """
    # Not inspect.signature: functools.wraps may have copied a `__signature__` of the wrapped one.
    code = getattr(wrapper, "__code__", None)
    if code is None or not code.co_flags & inspect.CO_VARARGS:
        return _NOTHING
    named = code.co_argcount + code.co_kwonlyargcount
    own, starred = set(code.co_varnames[:named]), code.co_varnames[named]
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, SyntaxError):
        # No source (built at run time, or compiled): the wrapped signature is all there is.
        return _NOTHING
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _forwards(node, starred):
            return _passed_in(node, own, code.co_argcount)
    return _NOTHING


def _forwards(call: ast.Call, args: str) -> bool:
    return any(
        isinstance(argument, ast.Starred)
        and isinstance(argument.value, ast.Name)
        and argument.value.id == args
        for argument in call.args
    )


def _passed_in(call: ast.Call, own: set[str], count: int) -> _Passed:
    before = itertools.takewhile(lambda argument: not isinstance(argument, ast.Starred), call.args)
    positional = sum(
        not (isinstance(argument, ast.Name) and argument.id in own) for argument in before
    )
    keywords = frozenset(
        keyword.arg for keyword in call.keywords if keyword.arg and keyword.arg not in own
    )
    return _Passed(count, positional, keywords)
