"""From ``"module:attribute"`` to an ASGI app."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from understudy.asgi import messages
from understudy.asgi.errors import AppError
from understudy.asgi.exception_origin import definition, module_file


def load_app(target: str, root: Path) -> Any:
    """Return the ASGI app that ``target``, a ``"module:attribute"``, names.

    The attribute is an app, or a factory that is called without arguments. What can be called
    without arguments and is a function, a class or a partial is a factory; so is any other
    object that cannot be called as ``app(scope, receive, send)``.

    Args:
        target: the ``"module:attribute"``.
        root: the project's directory; messages name files relative to it.

    Raises:
        AppError: the module or the attribute is missing, importing or calling it raised, or
            the result is not an ASGI app.
    """
    module_name, _, path = target.partition(":")
    module = _import(target, module_name, root)
    value: Any = module
    owner = f"the module {module_name!r}"
    file = module_file(module_name, root)
    if file is not None:
        owner += f" ({file})"
    for name in path.split("."):
        if not hasattr(value, name):
            raise AppError(messages.no_attribute(target, owner, name, _public(value)))
        value = getattr(value, name)
        owner = repr(name)
    return _make(target, path, value, root)


def _public(value: object) -> list[str]:
    return [name for name in dir(value) if not name.startswith("__")]


def _import(target: str, name: str, root: Path) -> object:
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is not None and (name == missing or name.startswith(f"{missing}.")):
            raise AppError(_no_module(target, missing, root)) from error
        raise AppError(
            f"The app {target!r} cannot be loaded: importing {name!r} raised\n"
            f"{messages.raised(error, root)}"
        ) from error


def _no_module(target: str, missing: str, root: Path) -> str:
    parent = missing.rpartition(".")[0]
    paths = getattr(sys.modules[parent], "__path__", None) if parent else [str(root)]
    if paths is None:
        return messages.not_a_package(target, missing, module_file(parent, root))
    # An editable install may put a name there that is no folder.
    folders = [Path(path) for path in paths if Path(path).is_dir()]
    return messages.no_module(target, missing, _modules_in(folders), root)


def _modules_in(folders: Sequence[Path]) -> Sequence[str]:
    names = {info.name for info in pkgutil.iter_modules([str(folder) for folder in folders])}
    for folder in folders:
        # A directory without __init__.py is a package as well; pkgutil does not list it.
        names.update(
            child.name
            for child in folder.iterdir()
            if child.is_dir() and child.name.isidentifier() and child.name != "__pycache__"
        )
    return sorted(names)


def _make(target: str, name: str, value: Any, root: Path) -> Any:
    if not _is_factory(value):
        if _accepts(value, 3) and not inspect.isclass(value):
            return value
        if _is_function(value):
            raise AppError(_needs_arguments(target, name, value, root))
        raise AppError(messages.not_an_app(target, value, None, None))
    where = definition(value, root)
    if inspect.iscoroutinefunction(value):
        raise AppError(messages.factory_is_async(target, name, where))
    try:
        app = value()
    except (Exception, SystemExit) as error:
        raise AppError(messages.factory_raised(target, name, where, error, root)) from error
    if inspect.iscoroutine(app):
        app.close()
        raise AppError(messages.factory_is_async(target, name, where))
    if inspect.isclass(app) or not _accepts(app, 3):
        raise AppError(messages.not_an_app(target, app, name, where))
    return app


def _is_function(value: object) -> bool:
    return inspect.isroutine(value) or inspect.isclass(value)


def _is_factory(value: object) -> bool:
    return _accepts(value, 0) and (_is_function(value) or not _accepts(value, 3))


def _accepts(value: object, count: int) -> bool:
    """Whether ``value`` can be called with so many positional arguments."""
    if not callable(value):
        return False
    try:
        _signature(value).bind(*[None] * count)
    except TypeError:
        return False
    return True


def _signature(value: Callable[..., object]) -> inspect.Signature:
    try:
        return inspect.signature(value)
    except ValueError:  # a callable written in C may keep its signature to itself
        anything = inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)
        return inspect.Signature([anything])


def _needs_arguments(target: str, name: str, factory: Callable[..., object], root: Path) -> str:
    signature = inspect.signature(factory)
    required = [
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    return messages.factory_needs_arguments(
        target, name, str(signature), required, definition(factory, root)
    )
