"""Load an ASGI app from ``"module:attribute"``."""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from understudy.asgi.errors import AppError
from understudy.asgi.exception_origin import definition, described, module_file

_CONFIGURE = (
    'The app is configured as app = "module:attribute" in [tool.understudy] of pyproject.toml,'
    " or by --understudy-app."
)


def load_app(target: str, root: Path) -> Any:
    """Return the ASGI app that ``target``, a ``"module:attribute"``, names.

    The attribute is an app, or a factory that is called without arguments. A function, class or
    partial that can be called without arguments is a factory; so is any other object that cannot
    be called as ``app(scope, receive, send)``.

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
            raise AppError(
                f"The app {target!r} cannot be loaded: {owner} has no attribute {name!r}."
                f"{_did_you_mean(name, _public(value))}\n{_CONFIGURE}"
            )
        value = getattr(value, name)
        owner = repr(name)
    return _make(target, path, value, root)


def _did_you_mean(name: str, candidates: Sequence[str], parent: str = "") -> str:
    nearest = difflib.get_close_matches(name, candidates, n=1)
    names = [f"{parent}.{name}" if parent else name for name in nearest]
    return f"\nDid you mean {names[0]!r}?" if names else ""


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
            f"{described(error, root)}"
        ) from error


def _no_module(target: str, missing: str, root: Path) -> str:
    parent, _, name = missing.rpartition(".")
    headline = f"The app {target!r} cannot be loaded: there is no module {missing!r}."
    paths = getattr(sys.modules[parent], "__path__", None) if parent else [str(root)]
    if paths is None:
        file = module_file(parent, root)
        is_file = "" if file is None else f": it is the file {file}"
        return f"{headline}\n{parent!r} is a module, not a package{is_file}.\n{_CONFIGURE}"
    # An editable install may add a name that is not a folder.
    folders = [Path(path) for path in paths if Path(path).is_dir()]
    siblings = _modules_in(folders)
    found = (
        f"The package {parent!r} was found; it contains: {', '.join(siblings) or 'no module'}."
        if parent
        else f"Searched sys.path, starting with the rootdir {root}."
    )
    return f"{headline}{_did_you_mean(name, siblings, parent)}\n{found}\n{_CONFIGURE}"


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
        raise AppError(
            f"The app {target!r} is {_shown(value)}, which is neither an ASGI app nor a factory of"
            f" one.\n{_CONFIGURE}"
        )
    where = definition(value, root)
    factory = f"The app {target!r} cannot be made: the factory {name}()"
    factory += "" if where is None else f" at {where}"
    is_async = AppError(
        f"{factory} is async.\n"
        "The app would be tied to an event loop in which no test runs. Move the awaits into the"
        " app's lifespan and make the factory a plain function."
    )
    if inspect.iscoroutinefunction(value):
        raise is_async
    try:
        app = value()
    except (Exception, SystemExit) as error:
        raise AppError(f"{factory} raised\n{described(error, root)}") from error
    if inspect.iscoroutine(app):
        app.close()
        raise is_async
    if inspect.isclass(app) or not _accepts(app, 3):
        hint = "\nDoes it end with `return app`?" if app is None else ""
        raise AppError(f"{factory} returned {_shown(app)}, which is not an ASGI app.{hint}")
    return app


def _shown(value: object) -> str:
    return "None" if value is None else f"{value!r:.80} (a {type(value).__name__})"


def _is_function(value: object) -> bool:
    return inspect.isroutine(value) or inspect.isclass(value)


def _is_factory(value: object) -> bool:
    return _accepts(value, 0) and (_is_function(value) or not _accepts(value, 3))


def _accepts(value: object, count: int) -> bool:
    """Return whether ``value`` can be called with ``count`` positional arguments."""
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
    except ValueError:  # a callable written in C may have no signature
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
    where = definition(factory, root)
    place = "" if where is None else f" at {where}"
    return (
        f"The app {target!r} cannot be made: the factory {name}{signature}{place} is called"
        f" without arguments, and needs: {', '.join(required)}.\n"
        "Give them defaults, or name a function that needs none."
    )
