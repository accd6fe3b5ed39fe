"""Where the tests connect to a server that has to run."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping

from understudy.adopt.address_parts import connects_to, parts_of
from understudy.adopt.adoption import Kind, Place, Refusal
from understudy.adopt.database_urls import (
    creates_database,
    driver_of,
    driver_of_variable,
    engine_url,
    environment_key,
    is_url,
    names_of,
    texts_of,
)
from understudy.adopt.sources import Source
from understudy.adopt.targets import TARGETS, Target, usual_target
from understudy.init.database_variables import dsn
from understudy.lint import pytest_items
from understudy.project.call_resolution import results_of, values_of
from understudy.project.files import is_test_code
from understudy.project.loop_bound import bound_to
from understudy.project.scopes import Function
from understudy.project.sources import Module

_ADOPTED = {name for target in TARGETS for name in (target.real, target.server)}


def running(module: Module, kinds: Mapping[Target, Kind]) -> Iterator[Source]:
    """Yield the URLs of a server that has to run, and the fixtures that get one in another way.

    Args:
        module: the file.
        kinds: what its containers and factories are, by their target.
    """
    variables = {}
    is_free = not kinds
    adopted = _adopted_variables(module)
    for name, value in module.defined.items() if is_free else ():
        source = _variable(module, name, value) if isinstance(value, ast.expr) else None
        if source is not None:
            variables[name] = source
    for source in variables.values():
        if not adopted.issuperset(source.variables):
            yield source
    for fixture in pytest_items.of(module).fixtures.values():
        if _ADOPTED & {parameter.arg for parameter in fixture.function.parameters}:
            continue
        found = []
        if is_free or creates_database(fixture.function):
            found = list(_in_fixture(module, kinds, fixture, variables))
        yield from found or _of_app(module, kinds, fixture)


def _adopted_variables(module: Module) -> set[str]:
    """Return the variables that `[tool.understudy]` sets already."""
    path = module.project.root / "pyproject.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError):  # missing, or reported when it is to be changed
        return set()
    table = document.get("tool", {}).get("understudy", {})
    return {name for target in TARGETS for name in table.get(target.environment, {})}


def _in_fixture(
    module: Module,
    kinds: Mapping[Target, Kind],
    fixture: pytest_items.Fixture,
    variables: Mapping[str, Source],
) -> Iterator[Source]:
    function = fixture.function
    creates = creates_database(function)
    given = [engine_url(module, call) for call in function.all(ast.Call)]
    given += [value for value in results_of(function) if is_url(module, value)]
    urls = [url for url in given if url is not None and not names_of(url) & variables.keys()]
    if not creates:  # a URL that is put together from other fixtures is not the tests' own
        urls = [url for url in urls if isinstance(url, ast.Name) or not _is_local(function, url)]
    for url in dict.fromkeys(url if creates else _assigned(function, url) for url in urls):
        if url is None:
            continue
        texts = list(texts_of(module, function, url))
        shown = next((one for one in TARGETS if any(map(one.url.search, texts))), None)
        target, is_certain = (shown, True) if shown else _usual(module, kinds)
        if not (is_certain or creates) or any("sqlite" in text for text in texts):
            continue
        kind = kinds.get(target, target.running)
        driver = driver_of(target, module, function, url)
        if creates:
            what = f"a database that {function.name}() creates"
            yield Source(
                target, kind, "database", module, url, what, function, fixture.name, [driver]
            )
            return
        what = f"a connection to a running server in {function.name}()"
        key = environment_key(module, url)
        settings = {target.environment: {key: dsn(driver)}} if key else {}
        yield Source(
            target,
            kind,
            "connects",
            module,
            url,
            what,
            function,
            drivers=[driver],
            settings=settings,
        )
    yield from _by_parts(module, kinds, fixture)


def _by_parts(
    module: Module, kinds: Mapping[Target, Kind], fixture: pytest_items.Fixture
) -> Iterator[Source]:
    """Yield the calls of a driver in a fixture that give the parts of an address."""
    function = fixture.function
    for call in function.all(ast.Call):
        target, given = connects_to(module, call), parts_of(module, call)
        unpacked = [keyword.value for keyword in call.keywords if keyword.arg is None]
        parts = unpacked if given is None else [*given.values()]
        if target is None or not parts or any(_is_local(function, part) for part in parts):
            continue
        kind = kinds.get(target, target.running)
        if creates_database(function) and given is not None:
            what = f"a database that {function.name}() creates"
            yield Source(target, kind, "database", module, call, what, function, fixture.name)
            return
        what = f"a connection to a running server in {function.name}()"
        refusal = None
        if given is None:
            refusal = Refusal(
                Place(module.path, call.lineno, what),
                f"Its address is in {ast.unparse(unpacked[0])}.",
                f"Request `{target.real}`, and give it host={target.real}.host and so on.",
            )
        yield Source(target, kind, "connects", module, call, what, function, refusal=refusal)


def _usual(module: Module, kinds: Mapping[Target, Kind]) -> tuple[Target, bool]:
    """Return what a URL is of that does not show it, and whether that is certain."""
    return (next(iter(kinds)), True) if len(kinds) == 1 else usual_target(module.project)


def _of_app(
    module: Module, kinds: Mapping[Target, Kind], fixture: pytest_items.Fixture
) -> Iterator[Source]:
    """Yield a fixture that uses an engine of the app, or creates a database with one."""
    function, project = fixture.function, module.project
    nodes = [*function.all(ast.Name), *function.all(ast.Attribute)]
    engines = [bound for node in nodes if (bound := bound_to(module, node)) is not None]
    of_app = [
        bound
        for bound in engines
        if not is_test_code(project.root / bound.place.file, project.root, project.pytest)
    ]
    if not of_app and not creates_database(function):
        return
    what = f"the fixture `{fixture.name}`"
    shown = f"{of_app[0].name} of {of_app[0].place}" if of_app else "an engine of the app"
    target, _ = _usual(module, kinds)
    refusal = Refusal(
        Place(module.path, function.node.lineno, what),
        f"It uses {shown}, which gets its address from the app's settings.",
        f"Set the app's variables in `{target.environment}` ({target.app_docs}), request"
        f" `{target.real}` here, and remove what creates the database and its tables.",
    )
    yield Source(
        target,
        kinds.get(target, target.running),
        "database",
        module,
        fixture.decorator,
        what,
        function,
        fixture.name,
        refusal=refusal,
    )


def _is_local(function: Function, url: ast.expr) -> bool:
    return any(function.binds(name) for name in names_of(url))


def _assigned(function: Function, url: ast.expr) -> ast.expr | None:
    """Return what a URL in a local variable is assigned; None for a parameter."""
    if not isinstance(url, ast.Name) or not function.binds(url.id):
        return url
    values = values_of(function, url.id)
    value = values[0] if len(values) == 1 else None
    return None if value is None or _is_local(function, value) else value


def _variable(module: Module, name: str, value: ast.expr) -> Source | None:
    """Return a URL that a variable of the module holds, or None."""
    nodes = [node for node in ast.walk(value) if isinstance(node, ast.Constant)]
    texts = [node.value for node in nodes if isinstance(node.value, str)]
    found = ((one, match) for one in TARGETS for text in texts if (match := one.url.match(text)))
    shown = next(found, None)
    target = shown[0] if shown else usual_target(module.project)[0]
    key = environment_key(module, value)
    if shown is None and (key is None or target.url_names.search(name) is None):
        return None
    driver = shown[1]["driver"] if shown else driver_of_variable(target, module, name)
    return Source(
        target,
        target.running,
        "variable",
        module,
        value,
        f"the URL `{name}`",
        name=name,
        drivers=[driver or ""],
        settings={target.environment: {key or name: dsn(driver or "")}},
    )
