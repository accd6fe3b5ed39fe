"""Find the sources of the database's schema."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from understudy.init.modules import Modules
from understudy.init.sources import Sources
from understudy.project.files import Place
from understudy.script.formatting import counted

_CREATES = re.compile(r"(?im)^\s*create\s+(?:unlogged\s+)?table\b")
# Both directions are in one file, so running it would undo the upgrade.
_TWO_WAYS = re.compile(r"(?im)^--\s*(\+goose\s+down|\+migrate\s+down|migrate:down|rollback)\b")
_NUMBERED = re.compile(r"^(?:V|U)?\d+")
_URL = re.compile(r"postgres(?:ql)?(?:\+\w+)?://[^\s\"'<>]+")
_TESTS = {"test", "tests"}
_BASES = {
    "sqlalchemy.orm.DeclarativeBase",
    "sqlalchemy.orm.MappedAsDataclass",
    "sqlalchemy.ext.asyncio.AsyncAttrs",
}
_MAKES_BASE = {
    "sqlalchemy.orm.declarative_base",
    "sqlalchemy.ext.declarative.declarative_base",
    "sqlalchemy.MetaData",
    "sqlalchemy.schema.MetaData",
}


@dataclass(frozen=True)
class Metadata:
    """SQLAlchemy's or SQLModel's tables.

    Attributes:
        source: the MetaData as "module:expression", such as "app.db:Base.metadata".
        modules: the modules to import so that it has all tables.
    """

    source: str
    modules: tuple[str, ...]


@dataclass(frozen=True)
class Schema:
    """A source of the schema.

    Attributes:
        setting: the value in [tool.understudy]; empty if this source cannot be used.
        place: where it was found.
        what: a description for the user.
        metadata: the tables of SQLAlchemy, for which a function must be written.
    """

    setting: tuple[str, ...]
    place: Place
    what: str
    metadata: Metadata | None = None


def find_schemas(modules: Modules, sources: Sources, root: Path, tests: Path) -> list[Schema]:
    """Return every source of the schema, the most reliable first.

    Args:
        modules: the project's modules.
        sources: its files.
        root: its folder.
        tests: the folder of its tests, for the module that makes the tables of the models.
    """
    return [
        *_alembic(sources, root),
        *_sql(sources, root),
        *_metadata(modules, tests),
        *_tortoise(modules),
        *_urls(sources, root),
    ]


def _alembic(sources: Sources, root: Path) -> Iterator[Schema]:
    found = [
        file
        for file in sources.files
        if file.name == "alembic.ini" and file.is_relative_to(root) and not _TESTS & set(file.parts)
    ]
    # Those that the plugin finds by itself come first.
    near = [file for file in found if file.parent in (root, *_below(sources, root))]
    own = [file for file in near if file.parent == root] or near
    for file in own + [file for file in found if file not in own]:
        alone = len(own) == 1 and file in own
        setting = "alembic" if alone else f"alembic:{file.relative_to(root).as_posix()}"
        text = sources.text(file)
        match = re.search(r"(?m)^script_location\s*=\s*(.+)$", text)
        if match is None:
            continue
        place = Place(file, text[: match.start()].count("\n") + 1)
        location = match[1].strip().replace("%(here)s", ".")
        below = file.parent / location.replace(":", "/")
        # A relative location may also be meant from the project's folder.
        seen = {other.parent for other in sources.files}
        folder = next(
            (base for base in (below, root / location) if base / "versions" in seen), below
        )
        scripts = [file for file in sources.files if file.parent == folder / "versions"]
        scripts = [
            script for script in scripts if script.suffix == ".py" and script.stem != "__init__"
        ]
        if scripts:
            yield Schema((setting,), place, f"Alembic, {counted(len(scripts), 'migration')}")
        else:
            versions = (folder / "versions").as_posix()
            yield Schema((), place, f"Alembic without a migration: there is none in {versions}")


def _below(sources: Sources, root: Path) -> set[Path]:
    return {file.parent for file in sources.files if file.parent.parent == root}


def _sql(sources: Sources, root: Path) -> Iterator[Schema]:
    folders: dict[Path, list[Path]] = {}
    for file in sources.files:
        inside = file.is_relative_to(root) and not _TESTS & set(file.parts)
        if file.suffix == ".sql" and inside and not file.stem.endswith(".down"):
            folders.setdefault(file.parent, []).append(file)
    likely = []
    for folder, files in folders.items():
        creating = [file for file in files if _CREATES.search(sources.text(file))]
        if creating:
            likely.append((len(creating), folder, creating, files))
    for _, folder, creating, files in sorted(likely, key=lambda item: (-item[0], item[1])):
        yield _sql_folder(sources, root, folder, creating, files)


def _sql_folder(
    sources: Sources, root: Path, folder: Path, creating: list[Path], files: list[Path]
) -> Schema:
    shown = folder.relative_to(root)
    first = _CREATES.search(sources.text(creating[0]))
    assert first is not None, "the list contains matching files only"
    line = sources.text(creating[0])[: first.end()].count("\n") + 1
    place = Place(creating[0], line)
    two_ways = [file for file in creating if _TWO_WAYS.search(sources.text(file))]
    if two_ways:
        what = (
            f"SQL with both directions: {two_ways[0].as_posix()} also contains the downgrade, "
            "and loading the file would run it"
        )
        return Schema((), place, what)
    if all(file.stem.endswith(".up") for file in files):
        setting = [(shown / "*.up.sql").as_posix()]
    elif len(files) > 1 and all(_NUMBERED.match(file.name) for file in files):
        setting = [(shown / "*.sql").as_posix()]
    else:
        setting = [(shown / file.name).as_posix() for file in creating]
    return Schema(tuple(setting), place, f"SQL, {counted(len(creating), 'file')} with CREATE TABLE")


def _metadata(modules: Modules, tests: Path) -> Iterator[Schema]:
    sources: dict[str, Place] = {}
    tables: dict[str, Place] = {}
    for module in modules:
        if _TESTS & set(module.file.parts):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                direct = {module.qualified(base) for base in node.bases}
                every = set(modules.bases(module, node))
                if direct & _BASES:
                    sources[f"{module.name}:{node.name}.metadata"] = module.place(node)
                elif "sqlmodel.SQLModel" in every or "sqlmodel.main.SQLModel" in every:
                    if any(keyword.arg == "table" for keyword in node.keywords):
                        sources["sqlmodel:SQLModel.metadata"] = module.place(node)
                        tables[module.name] = module.place(node)
                elif any(_has_tablename(statement) for statement in node.body):
                    tables[module.name] = module.place(node)
            elif (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and isinstance(node.targets[0], ast.Name)
            ):
                made_by = module.qualified(node.value.func)
                name = node.targets[0].id
                if made_by in _MAKES_BASE:
                    attribute = "" if made_by.endswith("MetaData") else ".metadata"
                    sources[f"{module.name}:{name}{attribute}"] = module.place(node)
                elif made_by in ("sqlalchemy.Table", "sqlalchemy.schema.Table"):
                    tables[module.name] = module.place(node)
    if not tables or not sources:
        return
    place = next(iter(tables.values()))
    bases = {name: where for name, where in sources.items() if name.endswith(".metadata")}
    chosen = bases or sources
    if len(chosen) > 1:
        yield Schema((), place, f"tables in several collections: {', '.join(sorted(chosen))}")
        return
    metadata = Metadata(next(iter(chosen)), tuple(sorted(tables)))
    source = metadata.source.replace(":", ".")
    what = f"{source}, tables in {counted(len(tables), 'module')}"
    yield Schema((f"{'.'.join(tests.parts)}.schema:create",), place, what, metadata)


def _has_tablename(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign | ast.AnnAssign) and "__tablename__" in ast.dump(node)


def _tortoise(modules: Modules) -> Iterator[Schema]:
    for module in modules:
        for node in module.definitions.values():
            if isinstance(node, ast.ClassDef) and {"tortoise.models.Model", "tortoise.Model"} & set(
                modules.bases(module, node)
            ):
                what = "models of Tortoise ORM, from which no schema can be taken yet"
                yield Schema((), module.place(node), what)
                return


def _urls(sources: Sources, root: Path) -> Iterator[Schema]:
    """Yield the first URL of a database, from which the user can dump the schema."""
    hidden = [root / name for name in (".env", ".env.example", ".env.sample", ".env.dist")]
    for file in [*hidden, *sources.files]:
        inside = file.is_relative_to(root) and not _TESTS & set(file.parts)
        if not inside or not (file in hidden or file.suffix in (".py", ".ini", ".toml")):
            continue
        for number, line in enumerate(sources.text(file).splitlines(), 1):
            match = _URL.search(line)
            if match is not None and "{" not in match[0] and "@" in match[0]:
                yield Schema((), Place(file, number), f"a database, {without_password(match[0])}")
                return


def without_password(url: str) -> str:
    """Return a URL without its password."""
    url = re.sub(r"(://[^/@:]*):[^/]*@", r"\1:***@", url)
    return re.sub(r"(?i)(password=)[^&\s]*", r"\1***", url)
