"""Where the tests get a database from: a container, a plugin of pytest, or a server that runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from understudy.adopt.adoption import Place, Refusal
from understudy.adopt.running_sources import running
from understudy.adopt.sources import Source
from understudy.adopt.targets import CONTAINERS, POSTGRES, TARGETS, Role, Target
from understudy.lint import pytest_items
from understudy.project.call_resolution import keywords_of
from understudy.project.parsing import last_name
from understudy.project.sources import Module

_IMAGE = re.compile(r"^(?:[\w./-]*/)?(?P<name>[\w.-]+):(?P<version>\d+)")
_OLDEST = 14


def sources_of(module: Module) -> Iterator[Source]:
    """Yield the sources in one file of the tests."""
    found = [*_containers(module), *_factories(module)]
    yield from found
    yield from running(module, {source.target: source.kind for source in found})
    yield from _of_plugin(module)


def _containers(module: Module) -> Iterator[Source]:
    for call in module.calls(*CONTAINERS):
        name = last_name(call)
        target = CONTAINERS.get(name)
        if target is None:
            continue
        function = module.function_of(call)
        fixture = pytest_items.of(module).fixture(function) if function else None
        what = f"{name} in {function.name}()" if function else f"{name} of the module"
        given = keywords_of(call).get(target.driver_option)
        drivers = target.container_drivers
        if isinstance(given, ast.Constant):
            drivers = [str(given.value or "").rpartition("+")[2]]
        image = call.args[0] if call.args else keywords_of(call).get("image")
        settings, notes = _version(target, image)
        seed, more = _seed(module, target, keywords_of(call).get("seed"))
        refusal = None
        if fixture is None:
            refusal = Refusal(
                Place(module.path, call.lineno, what),
                "The container is not in a fixture.",
                f"Give its URL to the tests as `{target.real}.dsn`.",
            )
        yield Source(
            target,
            target.container,
            "container",
            module,
            call,
            what,
            function,
            fixture.name if fixture else "",
            drivers,
            settings={**settings, **seed},
            notes=[*notes, *more],
            refusal=refusal,
        )


def _version(target: Target, image: ast.expr | None) -> tuple[Mapping[str, object], Sequence[str]]:
    """Return the setting for the version of a container's image, and what is to be said of it."""
    if not isinstance(image, ast.Constant):
        return {}, ()
    if target is not POSTGRES:
        return {}, [f"The image is {image.value!s}: if the tests need that version, install it."]
    match = _IMAGE.match(str(image.value))
    if match is None:
        return {}, ()
    notes = []
    if not match["name"].startswith("postgres"):
        notes.append(
            f"The image is {match[0]}: real_postgres finds a PostgreSQL with the extensions of the"
            " schema (docs/versions.md)."
        )
    if int(match["version"]) < _OLDEST:
        notes.append(
            f"The image has PostgreSQL {match['version']}; Understudy supports {_OLDEST} and newer."
        )
        return {}, notes
    return {"postgres_version": match["version"]}, notes


def _seed(
    module: Module, target: Target, folder: ast.expr | None
) -> tuple[Mapping[str, object], Sequence[str]]:
    """Return the setting for the folder of SQL files that a container loads."""
    if folder is None:
        return {}, ()
    root = module.project.root
    given = root / str(folder.value) if isinstance(folder, ast.Constant) else Path()
    files = sorted(given.glob("*.sql"))
    if isinstance(folder, ast.Constant) and files and given.is_relative_to(root):
        return {target.database.schema: [file.relative_to(root).as_posix() for file in files]}, ()
    return {}, [f"The container loads its `seed`: set `{target.database.schema}` to those files."]


def _factories(module: Module) -> Iterator[Source]:
    for assign in module.scope.own(ast.Assign):
        target = assign.targets[0]
        call = next((one for one in ast.walk(assign.value) if _made(module, one)), None)
        made = _made(module, call)
        if not isinstance(target, ast.Name) or not isinstance(call, ast.Call) or made is None:
            continue
        moved_to, role = made
        load = keywords_of(call).get("load")
        files = _files(load)
        what = f"the fixture `{target.id}`"
        refusal = None
        if load is not None and not files:
            refusal = Refusal(
                Place(module.path, call.lineno, what),
                "Its `load` is not a list of SQL files.",
                f"Set `{moved_to.database.schema}` in [tool.understudy] to a function that loads"
                " the schema (docs/configuration.md), and remove `load`.",
            )
        settings = {moved_to.database.schema: files} if files else {}
        yield Source(
            moved_to,
            moved_to.plugin,
            role,
            module,
            call,
            what,
            name=target.id,
            settings=settings,
            refusal=refusal,
        )


def _made(module: Module, node: ast.AST | None) -> tuple[Target, Role] | None:
    """Return what a factory of a plugin makes, or None if a node calls none."""
    dotted = (module.qualified(node.func) or "") if isinstance(node, ast.Call) else ""
    package, name = dotted.partition(".")[0], dotted.rpartition(".")[2]
    for target in TARGETS:
        if package == target.package and name in target.factories:
            return target, target.factories[name]
    return None


def _of_plugin(module: Module) -> Iterator[Source]:
    """Yield the first use of each fixture that a plugin itself makes, which are not rewritten."""
    collected = pytest_items.of(module)
    homes = (module, *collected.conftests)
    if any(home.stars for home in homes):
        return  # it may be among those names
    made = {name for home in homes for name in (*home.defined, *home.imports)}
    fixtures = [fixture.function for fixture in collected.fixtures.values()]
    for target in TARGETS:
        if target.plugin not in module.project.runners.about:
            continue
        used = {
            parameter.arg: parameter
            for function in reversed([*fixtures, *collected.tests])
            for parameter in function.parameters
            if parameter.arg in target.factories and parameter.arg not in made
        }
        for name, parameter in used.items():
            if collected.find_fixture(name) is not None:
                continue
            what = f"the fixture `{name}` of {target.plugin}"
            refusal = Refusal(
                Place(module.path, parameter.lineno, what),
                "It is not defined in the project.",
                f"Define `{name}` in conftest.py by a factory of {target.plugin}, and run this"
                f" again; or use `{target.real}`.",
            )
            role = target.factories[name]
            yield Source(target, target.plugin, role, module, parameter, what, refusal=refusal)


def _files(load: ast.expr | None) -> list[str]:
    """Return the SQL files of `load`; empty if it is not a list of literal paths."""
    found = []
    for item in load.elts if isinstance(load, ast.List | ast.Tuple) else []:
        if isinstance(item, ast.Call) and last_name(item) == "Path" and len(item.args) == 1:
            item = item.args[0]
        if not isinstance(item, ast.Constant) or not str(item.value).endswith(".sql"):
            return []
        found.append(str(item.value).removeprefix("./"))
    return found
