"""`dummy(UserDAO)`: a stand-in with the methods and signatures of a class."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from understudy.fakes.dummy_methods import MethodCall, MethodRule, method_source, stand_in
from understudy.fakes.signatures import Shape, shape_of
from understudy.script import expectations
from understudy.script.answers import Answer
from understudy.script.call_log import CallLog
from understudy.script.failures import ScriptError, UnexpectedCall, WrongArguments
from understudy.script.formatting import shown, suggestion
from understudy.script.origin import caller
from understudy.script.script import Script

_RESERVED = ("on", "calls", "assert_called")
# Special methods are not scripted, but for these: `service()`, and leaving and entering.
_SPECIAL = ("__call__",)


def dummy(spec: type[Any]) -> Any:
    """Return a stand-in for an instance of class `spec`, without its code.

    It has the same methods, sync or async as in the original, static and class methods included;
    a call with arguments that the original would refuse fails, and so does a call that was not
    scripted. Class attributes that are plain values are the original's; anything else can be set.

        dao = dummy(UserDAO)
        dao.on("fetch_by_id", 7).returns(user)
        dao.on("create").raises(DAOException(409, "..."))
        service = UserService(user_dao=dao)
        ...
        dao.assert_called("fetch_by_id", 7, times=1)

    Args:
        spec: the class to stand in for; `isinstance(dao, spec)` is true.

    Returns:
        The stand-in. It is typed as Any, since it is both a `spec` and its own script.

    Raises:
        ScriptError: `spec` is not a class, or has attributes that a dummy needs itself.
    """
    if not isinstance(spec, type):
        raise ScriptError(f"dummy() takes the class to stand in for, got {shown(spec)}")
    taken = [name for name in _RESERVED if hasattr(spec, name)]
    if taken:
        raise ScriptError(
            f"dummy({spec.__name__}): {spec.__name__} has {', '.join(taken)} itself, and a dummy "
            "needs these names to be scripted with; write a small class by hand"
        )
    namespace = _plain_values(spec)
    for name in _method_names(spec):
        namespace[name] = stand_in(name, shape_of(spec, name))
    namespace |= {"_spec": spec, "__class__": property(lambda _: spec)}
    return type(f"Dummy{spec.__name__}", (Dummy,), namespace)()


class Dummy:
    """The base of every stand-in: the script, the call log, and how a call is answered."""

    _spec: type[Any]

    def __init__(self) -> None:
        self._script = Script("dummy", UnexpectedCall)

    def on(self, method: str, *args: Any, **kwargs: Any) -> MethodRule:
        """Expect a call of `method`; the verbs of the returned rule say how it is answered.

        Args:
            method: the method's name.
            args: values or predicates, as the arguments of the call; none at all means any.
            kwargs: the same by name.

        Raises:
            ScriptError: the original has no such method, or would refuse such arguments.
        """
        return self._script.add(self._rule(method, args, kwargs))

    @property
    def calls(self) -> CallLog:
        """Every call, oldest first."""
        return self._script.calls

    def assert_called(
        self, method: str, *args: Any, times: int | None = None, **kwargs: Any
    ) -> None:
        """Assert that `method` was called, with these arguments if any are given.

        Args:
            method: the method's name.
            *args: the positional arguments expected.
            **kwargs: the keyword arguments expected.
            times: exactly how often (0: never); by default at least once.

        Raises:
            CallNotFound: with the calls there were, and how the nearest differs.
        """
        __tracebackhide__ = True
        self.calls.assert_matching(self._rule(method, args, kwargs), times)

    def _rule(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> MethodRule:
        shape = self._shape(method)
        if not args and not kwargs:
            return MethodRule(method, args, kwargs, None, caller())
        try:
            bound = _bound(shape, args, kwargs)
        except TypeError as error:
            raise ScriptError(_wrong_arguments(method, shape, args, kwargs, error)) from None
        return MethodRule(method, args, kwargs, bound, caller())

    def _shape(self, method: str) -> Shape:
        names = _method_names(self._spec)
        if method not in names:
            listed = ", ".join(sorted(names)) or "no public methods"
            near = suggestion(str(method), names) or f"; it has {listed}"
            raise ScriptError(f"{self._spec.__name__} has no method {shown(method)}{near}")
        return shape_of(self._spec, method)

    def _asked(
        self, method: str, shape: Shape, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[MethodCall, Answer]:
        """Log a call and return it with its answer."""
        __tracebackhide__ = True
        try:
            bound = _bound(shape, args, kwargs)
        except TypeError as error:
            text = _wrong_arguments(method, shape, args, kwargs, error)
            raise expectations.record_failure(WrongArguments(text)) from None
        call = MethodCall(method, args, kwargs, bound)
        self.calls.append(call)
        answer = self._script.answer(call)
        if answer is None:
            raise self._script.refuse(call)
        return call, answer

    def __getattr__(self, name: str) -> Any:
        """Refuse what the original does not have, with the nearest name that it has."""
        near = suggestion(name, [*_method_names(self._spec), *_plain_values(self._spec)])
        raise AttributeError(
            f"dummy of {self._spec.__name__} has no attribute {name!r}{near}; set it on the dummy "
            "if code reads it"
        )


def _bound(shape: Shape, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mapping[str, Any]:
    """Return all arguments by parameter name; a TypeError says what does not fit."""
    bound = shape.signature.bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.arguments


def _wrong_arguments(
    method: str, shape: Shape, args: tuple[Any, ...], kwargs: dict[str, Any], error: TypeError
) -> str:
    return (
        f"{method_source(method, args, kwargs)} does not fit the original: {error}\n"
        f"  signature: {method}{shape.signature}\n"
        f"  at: {caller().place}"
    )


def _method_names(spec: type[Any]) -> list[str]:
    return [name for name in _names(spec) if _is_method(inspect.getattr_static(spec, name))]


def _plain_values(spec: type[Any]) -> dict[str, Any]:
    found = {name: inspect.getattr_static(spec, name) for name in _names(spec)}
    return {
        name: value
        for name, value in found.items()
        if not _is_method(value) and not hasattr(type(value), "__get__")
    }


def _names(spec: type[Any]) -> list[str]:
    """Return the names that a class and its bases define, without special and mangled ones."""
    mangled = tuple(f"_{base.__name__.lstrip('_')}__" for base in spec.__mro__)
    defined = {name for base in spec.__mro__[:-1] for name in vars(base)}
    return sorted(
        name
        for name in defined
        if name in _SPECIAL or not name.startswith(("__", "_abc_", *mangled))
    )


def _is_method(static: Any) -> bool:
    function = static.__func__ if isinstance(static, classmethod | staticmethod) else static
    return callable(function) and not isinstance(function, type)
