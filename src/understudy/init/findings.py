"""Find out what a project consists of, by its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.init import report
from understudy.init.apps import App, find_apps, speaks_of_apps
from understudy.init.database_kind import MYSQL, POSTGRES, DatabaseKind
from understudy.init.database_variables import DatabaseVariables, find_variables
from understudy.init.dependencies import (
    MYSQL_DRIVERS,
    Driver,
    dependencies,
    find_drivers,
    uses_a_database,
)
from understudy.init.errors import InitError
from understudy.init.existing_configuration import Configured, read_configuration
from understudy.init.layers import Part, find_layers
from understudy.init.modules import Bases, Modules
from understudy.init.schema import Schema, find_schemas
from understudy.init.sources import Sources, Unread, read_sources
from understudy.project.files import Place
from understudy.project.loop_bound import LoopBound, kept_by
from understudy.script.formatting import counted

# Files in the folder of a project.
_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "pytest.ini", "requirements.txt")

_NOT_THE_APP = {"tests", "test", "migrations", "alembic"}


@dataclass(frozen=True)
class Findings:
    """What was found in a project.

    Attributes:
        folder: the folder that the user named.
        root: the project's folder, which is the same or below.
        base: the folder that its imports start from, relative to `root`.
        sources: its files.
        modules: its modules.
        apps: the apps, the likeliest first.
        schemas: the sources of the schema, the best first.
        drivers: the database drivers, the likeliest first.
        layers: the parts of each layer.
        dependencies: the packages it depends on, each with its place.
        configured: what is configured already.
        unread: the files that could not be read.
        variables: the environment variables that name its database, or None.
        loop_bound: the first engine or pool that a module keeps for all tests, or None.
    """

    folder: Path
    root: Path
    base: Path
    sources: Sources
    modules: Modules
    apps: Sequence[App]
    schemas: Sequence[Schema]
    drivers: Sequence[Driver]
    layers: Mapping[str, Sequence[Part]]
    dependencies: Mapping[str, Place]
    configured: Configured
    unread: Sequence[Unread]
    variables: DatabaseVariables | None
    loop_bound: LoopBound | None

    @property
    def database(self) -> DatabaseKind:
        """The kind of its database: MySQL if it has a driver of it and none of PostgreSQL."""
        return kind_of(self.drivers)

    @property
    def package(self) -> str:
        """The top-level package or module of the app, or of most modules, for coverage."""
        if self.apps:
            return self.apps[0].module.partition(".")[0]
        tops = Counter(
            module.name.partition(".")[0]
            for module in self.modules
            if not _NOT_THE_APP & set(module.file.parts)
        )
        return tops.most_common(1)[0][0] if tops else "."

    @property
    def uses_pytest_asyncio(self) -> bool:
        """Whether pytest-asyncio 1.0 or newer runs the tests, or will."""
        runners = next(iter(self.modules)).project.runners
        return not (runners.asyncio_before_1 or runners.only_anyio or runners.anyio_auto)

    @property
    def web_extra(self) -> str | None:
        """The extra of Understudy for the app's framework, or None without an app."""
        if not self.apps:
            return None
        imports = {name for module in self.modules for name in module.imports.values()}
        uses_fastapi = any(name.partition(".")[0] == "fastapi" for name in imports)
        return "fastapi" if uses_fastapi else "asgi"


def kind_of(drivers: Sequence[Driver]) -> DatabaseKind:
    """Return the kind of database that drivers are for."""
    return MYSQL if drivers and drivers[0].name in MYSQL_DRIVERS else POSTGRES


def look(folder: Path) -> Findings:
    """Read a project, without importing it.

    Raises:
        InitError: The folder is missing or has neither an app nor code for a database, or a
            configuration file is broken.
    """
    if not folder.is_dir():
        raise InitError(f"{folder} is not a folder. Name the folder of a project.")
    folder = folder.resolve()
    sources = read_sources(folder)
    base, modules, apps = _likeliest(sources)
    if modules is None:
        raise _nothing_found(sources)
    start = modules.by_name[apps[0].module].file if apps else base / "-"
    root = _root(sources, start, base)
    configured = read_configuration(folder / root)
    named = dependencies(sources, root)
    drivers = find_drivers(modules, sources, named, root)
    return Findings(
        folder=folder,
        root=folder / root,
        base=base.relative_to(root),
        sources=sources,
        modules=modules,
        apps=apps,
        schemas=find_schemas(modules, sources, root, configured.tests),
        drivers=drivers,
        layers=find_layers(modules),
        dependencies=named,
        configured=configured,
        unread=sources.unread,
        variables=find_variables(
            modules, sources, drivers[0].name if drivers else None, kind_of(drivers)
        ),
        loop_bound=_loop_bound(modules),
    )


def _loop_bound(modules: Modules) -> LoopBound | None:
    """Return the first engine or pool of the app that belongs to one event loop, or None."""
    kept = (
        bound
        for module in modules
        if not _NOT_THE_APP & set(module.file.parts)
        for bound in kept_by(module)
    )
    return min(kept, key=lambda bound: (str(bound.place.file), bound.place.line), default=None)


def _nothing_found(sources: Sources) -> InitError:
    files = counted(len(sources.trees), "Python file")
    text = (
        f"Nothing to test was found in {sources.folder}: looked in {files} for an app of FastAPI,\n"
        "Starlette, Litestar, Quart, BlackSheep or Falcon, for a function that returns one, and\n"
        "for imports of a driver of PostgreSQL or MySQL, or of SQLAlchemy.\n"
        "Name the folder of your project: understudy init path/to/backend"
    )
    unread = report.unread_files(sources.unread)
    return InitError(f"{text}\nLeft out:\n{unread}" if unread else text)


def _likeliest(sources: Sources) -> tuple[Path, Modules | None, list[App]]:
    """Return the folder that the likeliest app is imported from, its modules, and their apps.

    Without an app it is the folder of most files that use a database; without one, no modules.
    """
    bases = Bases(sources)
    speaking = [file for file, tree in sources.trees.items() if speaks_of_apps(tree)]
    best: tuple[Path, Modules | None, list[App]] = (Path(), None, [])
    for base in sorted({bases.of(file) for file in speaking}):
        modules = Modules(sources, base)
        found = find_apps(modules, sources)
        # A folder above has the same files, under names that nobody imports.
        apps = [app for app in found if bases.of(modules.by_name[app.module].file) == base]
        if apps and (not best[2] or apps[0].score > best[2][0].score):
            best = (base, modules, apps)
    if best[1] is None:
        using = (file for file, tree in sources.trees.items() if uses_a_database(tree))
        for base, _ in Counter(map(bases.of, using)).most_common(1):
            best = (base, Modules(sources, base), [])
    return best


def _root(sources: Sources, app: Path, base: Path) -> Path:
    """Return the nearest folder above the app that looks like a project's, not below `base`."""
    files = set(sources.files)
    for folder in app.parents:
        if base.is_relative_to(folder) and any(folder / mark in files for mark in _MARKS):
            return folder
    return base if base.parts and base.name != "src" else Path()
