"""What this room says. Each function returns a whole message."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from textwrap import indent

from understudy.asgi.exception_origin import innermost, place

CONFIGURE = (
    'The app is configured as app = "module:attribute" in [tool.understudy] of pyproject.toml,'
    " or by --understudy-app."
)


def _nearest(name: str, candidates: Sequence[str]) -> str | None:
    matches = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    return matches[0] if matches else None


def raised(error: BaseException, root: Path) -> str:
    """An exception, indented: its type, its text, and where it comes from."""
    error = innermost(error)
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    where = place(error, root)
    return indent(text if where is None else f"{text}\nat {where}", "  ")


def not_installed(package: str, what: str, extra: str) -> str:
    """An optional dependency that is missing."""
    return f'{what} needs {package}, which is not installed.\npip install "understudy[{extra}]"'


def no_module(target: str, missing: str, siblings: Sequence[str], root: Path) -> str:
    """No module of that name; ``missing`` is the first part of the path that is not there.

    ``siblings`` are the modules beside it, or those of the project's root.
    """
    parent, _, name = missing.rpartition(".")
    lines = [f"The app {target!r} cannot be loaded: there is no module {missing!r}."]
    nearest = _nearest(name, siblings)
    if nearest is not None:
        lines.append(f"Did you mean {f'{parent}.{nearest}' if parent else nearest!r}?")
    if parent:
        found = ", ".join(siblings) if siblings else "no module"
        lines.append(f"The package {parent!r} was found; it contains: {found}.")
    else:
        lines.append(f"Looked on sys.path, the rootdir {root} first.")
    return "\n".join([*lines, CONFIGURE])


def not_a_package(target: str, missing: str, file: str | None) -> str:
    """The path goes on below a plain module."""
    parent = missing.rpartition(".")[0]
    is_file = "" if file is None else f": it is the file {file}"
    return (
        f"The app {target!r} cannot be loaded: there is no module {missing!r}.\n"
        f"{parent!r} is a module, not a package{is_file}.\n{CONFIGURE}"
    )


def no_attribute(target: str, owner: str, name: str, candidates: Sequence[str]) -> str:
    """The module is there, the attribute is not; ``owner`` says where was looked."""
    lines = [f"The app {target!r} cannot be loaded: {owner} has no attribute {name!r}."]
    nearest = _nearest(name, candidates)
    if nearest is not None:
        lines.append(f"Did you mean {nearest!r}?")
    return "\n".join([*lines, CONFIGURE])


def _function(name: str, where: str | None) -> str:
    return f"{name}()" if where is None else f"{name}() at {where}"


def factory_needs_arguments(
    target: str, name: str, signature: str, required: Sequence[str], where: str | None
) -> str:
    """The factory cannot be called without arguments."""
    place_ = "" if where is None else f" at {where}"
    return (
        f"The app {target!r} cannot be made: the factory {name}{signature}{place_} is called"
        f" without arguments, and needs: {', '.join(required)}.\n"
        "Give them defaults, or name a function that needs none."
    )


def factory_is_async(target: str, name: str, where: str | None) -> str:
    """The factory is a coroutine function."""
    return (
        f"The app {target!r} cannot be made: the factory {_function(name, where)} is async.\n"
        "What it makes would be tied to an event loop that no test runs in. Move what it awaits"
        " into the app's lifespan and make the factory a plain function."
    )


def factory_raised(
    target: str, name: str, where: str | None, error: BaseException, root: Path
) -> str:
    """The factory was called and raised."""
    return (
        f"The app {target!r} cannot be made: the factory {_function(name, where)} raised\n"
        f"{raised(error, root)}"
    )


def not_an_app(target: str, value: object, made_by: str | None, where: str | None) -> str:
    """What was found or made cannot be called as ASGI's ``app(scope, receive, send)``."""
    kind = "None" if value is None else f"{value!r:.80} (a {type(value).__name__})"
    if made_by is None:
        return (
            f"The app {target!r} is {kind}, which is neither an ASGI app nor a factory of one.\n"
            f"{CONFIGURE}"
        )
    lines = [
        f"The app {target!r} cannot be made: the factory {_function(made_by, where)} returned"
        f" {kind}, which is not an ASGI app."
    ]
    if value is None:
        lines.append("Does it end with `return app`?")
    return "\n".join(lines)


def lifespan_raised(phase: str, error: BaseException, root: Path) -> str:
    """The app's lifespan raised; ``phase`` is startup or shutdown."""
    did = "start" if phase == "startup" else "shut down"
    return f"The app did not {did}: its lifespan raised\n{raised(error, root)}"


def lifespan_refused(phase: str, text: str) -> str:
    """The app answered ``lifespan.<phase>.failed`` without raising."""
    did = "start" if phase == "startup" else "shut down"
    reason = indent(text.strip() or "(it gave no reason)", "  ")
    return f"The app did not {did}: it answered lifespan.{phase}.failed\n{reason}"


def lifespan_not_run(phase: str) -> str:
    """The app returned from its lifespan call without an answer."""
    did = "start" if phase == "startup" else "shut down"
    return (
        f"The app did not {did}: it returned without answering lifespan.{phase}.\n"
        "`client` and `async_client` run the app's lifespan, as a server does. For an app that has"
        " none, define these fixtures in conftest.py."
    )


def lifespan_hung(phase: str, seconds: float) -> str:
    """The app neither finished nor raised in time."""
    did = "start" if phase == "startup" else "shut down"
    return (
        f"The app did not {did} within {seconds:g} seconds.\n"
        "Its lifespan awaits something that does not come."
    )
