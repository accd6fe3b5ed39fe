"""The URLs of databases in the tests: where they are given, and which driver they name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.adopt.targets import POSTGRES, TARGETS, Target
from understudy.project.call_resolution import keywords_of, values_of, variable_read
from understudy.project.engines import MAKERS, engine_maker, url_of
from understudy.project.parsing import last_name
from understudy.project.scopes import Function
from understudy.project.sources import Module

DATABASES = frozenset({"create_database", "drop_database"})
_CREATES = re.compile(r"(?i)\b(?:create|drop)\s+database\b")


def creates_database(function: Function) -> bool:
    """Whether a fixture creates or drops a database."""
    if any(last_name(call) in DATABASES for call in function.all(ast.Call)):
        return True
    return any(
        isinstance(node.value, str) and _CREATES.search(node.value) is not None
        for node in function.all(ast.Constant)
    )


def engine_url(module: Module, call: ast.Call) -> ast.expr | None:
    """Return the URL that a call makes an engine, a pool or a connection of, or None."""
    if engine_maker(module, call) is None and module.qualified(call.func) not in POSTGRES.connects:
        return None
    return url_of(call) or keywords_of(call).get("dsn")


def driver_of(target: Target, module: Module, function: Function, url: ast.expr) -> str:
    """Return SQLAlchemy's name of the driver in a URL; empty for none."""
    texts = list(texts_of(module, function, url))
    for text in texts:
        match = target.url.search(text)
        if match is not None:
            return match["driver"] or ""
    # The driver may be taken out of a URL of the settings: `.replace("+asyncpg", "")`.
    is_removed = any(text.startswith("+") for text in texts)
    return "" if is_removed else _usual_driver(target, module, url)


def driver_of_variable(target: Target, module: Module, name: str) -> str:
    """Return the driver of the engine that a file makes of a variable; empty for none."""
    urls = (url_of(call) for call in module.calls(*MAKERS))
    used = next((url for url in urls if isinstance(url, ast.Name) and url.id == name), None)
    return "" if used is None else _usual_driver(target, module, used)


def _usual_driver(target: Target, module: Module, url: ast.expr) -> str:
    """Return the driver of an engine whose URL does not show it, by the project's dependencies."""
    call = next(above for above in module.above(url) if isinstance(above, ast.Call | ast.stmt))
    name = last_name(call) if isinstance(call, ast.Call) else ""
    about = module.project.runners.about
    choices = target.drivers.get(name, [])
    return next((driver for required, driver in choices if required in about), "")


def is_url(module: Module, value: ast.expr | None) -> bool:
    """Whether a fixture returns a URL of a database as a text or from the environment."""
    if value is None:
        return False
    text = value.values[0] if isinstance(value, ast.JoinedStr) and value.values else value
    if isinstance(text, ast.Constant):
        return isinstance(text.value, str) and any(one.url.match(text.value) for one in TARGETS)
    return environment_key(module, value) is not None and any(
        one.url.search(ast.dump(value)) for one in TARGETS
    )


def environment_key(module: Module, value: ast.expr) -> str | None:
    """Return the environment variable that an expression reads, or None."""
    key = variable_read(module, value)
    return str(key.value) if isinstance(key, ast.Constant) else None


def texts_of(module: Module, function: Function, url: ast.expr) -> Iterator[str]:
    """Yield the texts that a URL consists of, those of local variables included."""
    names = names_of(url)
    nodes = [url]
    for assign in function.own(ast.Assign):
        if any(isinstance(target, ast.Name) and target.id in names for target in assign.targets):
            nodes.append(assign.value)
    for node in nodes:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                yield inner.value


def names_of(node: ast.expr) -> set[str]:
    """Return the names in an expression."""
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def url_made(
    target: Target, module: Module, call: ast.Call, driver: str
) -> tuple[ast.expr, str, list[tuple[ast.expr, str]]]:
    """Return the expression to replace, the driver of the URL in the end, and other changes.

    Args:
        target: the kind of its database.
        module: the file.
        call: it returns a URL.
        driver: that of the URL.
    """
    scheme = target.scheme
    node, url = _replaced(module, call, f"{scheme}+{driver}://" if driver else f"{scheme}://")
    assign = module.parents.get(node)
    function = module.function_of(node)
    uses: list[tuple[ast.expr, str]] = []
    if isinstance(assign, ast.Assign) and isinstance(assign.targets[0], ast.Name) and function:
        name = assign.targets[0].id
        read = [_replaced(module, use, url) for use in function.reads(name)]
        is_set_once = len(values_of(function, name)) == 1
        if len({text for _, text in read}) == 1 and is_set_once:
            url = read[0][1]
            uses = [(use, name) for use, _ in read if not isinstance(use, ast.Name)]
    match = target.url.match(url)
    return node, (match["driver"] or "") if match else driver, uses


def _replaced(module: Module, node: ast.expr, url: str) -> tuple[ast.expr, str]:
    """Return an expression with the `.replace(...)` after it, and the text that they make."""
    while True:
        attribute = module.parents.get(node)
        after = module.parents.get(attribute) if isinstance(attribute, ast.Attribute) else None
        if (
            not isinstance(attribute, ast.Attribute)
            or attribute.attr != "replace"
            or not isinstance(after, ast.Call)
            or len(after.args) < 2
            or not all(isinstance(given, ast.Constant) for given in after.args)
        ):
            return node, url
        old, new = (str(getattr(given, "value", "")) for given in after.args[:2])
        url, node = url.replace(old, new), after
