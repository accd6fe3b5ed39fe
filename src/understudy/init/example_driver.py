"""Example tests for DAOs on a real driver: what a method sends to `fake_postgres`.

The SQL need not stand in the method: an ORM or a library may make it. So the method is called in
the trial on a `fake_postgres` that knows nothing of it (`probe.recording`), and the test is made of
what it was seen to send.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import Any

from understudy.init import messages
from understudy.init.examples import (
    Candidate,
    Layer,
    file_name,
    import_line,
    layer_of,
    quoted,
    render,
    sql_block,
    words_of,
)
from understudy.init.layers import Part
from understudy.init.modules import Modules
from understudy.pg.sql import one_line
from understudy.project.sources import Module

_MOST = 10
_WIDTH = 76  # what is left of a line in a test, inside a with
_READS = re.compile(r"^(get|find|fetch|list|select|read|load|by)_?")
_SESSIONS = ("sqlalchemy.orm.Session", "sqlalchemy.orm.session.Session", "sqlmodel.Session")
_ASYNC_SESSIONS = (
    "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.ext.asyncio.session.AsyncSession",
    "sqlmodel.ext.asyncio.session.AsyncSession",
)
_VALUES = {
    "int": ("7", ""),
    "str": ('"Ana"', ""),
    "float": ("1.5", ""),
    "bool": ("True", ""),
    "uuid.UUID": ("UUID(int=7)", "from uuid import UUID"),
    "pydantic.EmailStr": ('"ana@example.com"', ""),
}
_TAGS = {"INSERT": "INSERT 0 1", "UPDATE": "UPDATE 1", "DELETE": "DELETE 1"}
# What a method answers when nothing was found, and how a test says so.
_ANSWERS = {"None": "is None", "[]": "== []", "0": "== 0", "False": "is False", "True": "is True"}
# What a method may raise on purpose where nothing is found, besides the project's own.
_MEANT = {"HTTPException", "NoResultFound"}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class _Way:
    """How a test comes by a connection.

    Attributes:
        name: the variable. `opening`: the line that makes it, a `with` where it ends in a colon.
    """

    name: str
    opening: str
    imports: tuple[str, ...] = ()


_ASYNCPG = _Way("conn", "conn = await fake_postgres.asyncpg.connect()")
_POOL = _Way("pool", "async with fake_postgres.asyncpg.pool() as pool:")
_PSYCOPG = _Way("conn", "conn = await fake_postgres.psycopg.connect()")
_PSYCOPG_SYNC = _Way("conn", "conn = fake_postgres.psycopg.connect_sync()")
_WAYS = {
    "asyncpg.Connection": _ASYNCPG,
    "asyncpg.connection.Connection": _ASYNCPG,
    "asyncpg.Pool": _POOL,
    "asyncpg.pool.Pool": _POOL,
    "psycopg.AsyncConnection": _PSYCOPG,
    "psycopg.Connection": _PSYCOPG_SYNC,
}


@dataclass(frozen=True)
class Recording:
    """A method that can be called with a connection and plain arguments.

    Attributes:
        call: the source of the call, awaited where it has to be.
        way: how to come by the connection.
    """

    part: Part
    name: str
    call: str
    way: _Way
    imports: tuple[str, ...]

    @property
    def is_async(self) -> bool:
        """Whether the test has to be."""
        return any(re.search(r"\b(await|async)\b", each) for each in (self.call, self.way.opening))

    @property
    def shown(self) -> str:
        """The method's name, for people."""
        is_method = isinstance(self.part.node, ast.ClassDef)
        return f"{self.part.name}.{self.name}" if is_method else self.name


def recordings(parts: Sequence[Part], modules: Modules, driver: str | None) -> list[Recording]:
    """The methods whose statements can be recorded, those that read first."""
    found = [
        recording
        for part in parts
        for node in _functions(part)
        if (recording := _recording(part, node, modules, driver)) is not None
    ]
    return sorted(found, key=lambda each: _READS.match(each.name) is None)[:_MOST]


def recording_text(recording: Recording, number: int) -> str:
    """The test file that records what a method sends, for the trial only."""
    act = f"with recording(fake_postgres, {number}) as noted:\n    noted.answer = {recording.call}"
    body = _test(recording, "test_recording(fake_postgres)", _steps(recording, act))
    needed = ["import pytest", "from understudy.init.probe import recording", *recording.imports]
    return render("What is sent.", needed, [body])


def recorded_examples(
    recorded: Sequence[Recording],
    notes: Sequence[Mapping[str, Any]],
    modules: Modules,
    fakes: str,
) -> Layer:
    """Return the tests that assert what was recorded.

    Args:
        recorded: the recordings, by number.
        notes: what the probe wrote down, one or more, each with the number of its recording.
        modules: the project's modules.
        fakes: the module that ANY is imported from.
    """
    candidates = []
    reasons = []
    for note in notes:
        recording = recorded[note["number"]]
        problem = _problem(recording, note, modules)
        if problem is None:
            candidates.append(_candidate(recording, note, fakes))
        else:
            reasons.append(problem)
    return layer_of(candidates, next(iter(reasons), ""))


def _functions(part: Part) -> Iterator[_Function]:
    nodes = part.node.body if isinstance(part.node, ast.ClassDef) else [part.node]
    for node in nodes:
        if isinstance(node, _Function) and not node.name.startswith("_"):
            yield node


def _recording(
    part: Part, node: _Function, modules: Modules, driver: str | None
) -> Recording | None:
    decorators = {ast.unparse(each) for each in node.decorator_list}
    arguments = _arguments(node)
    if arguments is None or decorators - {"staticmethod", "classmethod"}:
        return None
    target, way = node.name, None
    imports = [import_line(part.module.name, part.name)]
    if isinstance(part.node, ast.ClassDef):
        if decorators:
            target = f"{part.name}.{node.name}"
        else:
            made = _made(part, modules, isinstance(node, ast.AsyncFunctionDef), driver)
            if made is None:
                return None
            target, way = f"{made[0]}.{node.name}", made[1]
        if "staticmethod" not in decorators:
            arguments = arguments[1:]
    is_async = isinstance(node, ast.AsyncFunctionDef)
    given = []
    for argument, is_required in arguments:
        own = None if way is not None else _way(modules, part.module, argument, is_async, driver)
        if own is not None:
            way = own
            given.append(f"{argument.arg}={way.name}")
        elif is_required:
            value = _value(part.module, argument)
            if value is None:
                return None
            given.append(f"{argument.arg}={value[0]}")
            imports.append(value[1])
    if way is None:
        return None
    call = f"{'await ' if is_async else ''}{target}({', '.join(given)})"
    imports += way.imports
    return Recording(part, node.name, call, way, tuple(filter(None, imports)))


def _arguments(node: _Function) -> list[tuple[ast.arg, bool]] | None:
    """The arguments, and whether each is required; None where not all can be given by name."""
    if node.args.posonlyargs:
        return None
    defaults: list[ast.expr | None] = [None] * (len(node.args.args) - len(node.args.defaults))
    defaults += [*node.args.defaults, *node.args.kw_defaults]
    every = [*node.args.args, *node.args.kwonlyargs]
    return [(each, default is None) for each, default in zip(every, defaults, strict=True)]


def _made(
    part: Part, modules: Modules, is_async: bool, driver: str | None
) -> tuple[str, _Way | None] | None:
    """How an object of a class is made, and with which connection; None where that is not known."""
    module = part.module
    node: ast.AST = part.node
    while isinstance(node, ast.ClassDef):
        for each in node.body:
            if isinstance(each, _Function) and each.name == "__init__":
                needed = [arg for arg, required in (_arguments(each) or [])[1:] if required]
                if not needed:
                    return f"{part.name}()", None
                way = _way(modules, module, needed[0], is_async, driver)
                alone = len(needed) == 1 and way is not None
                return (f"{part.name}({way.name})", way) if alone and way else None
        if not node.bases:
            return f"{part.name}()", None
        known = modules.find(module.qualified(node.bases[0]))
        if known is None:
            return None
        module, node = known
    return None


def _way(
    modules: Modules, module: Module, argument: ast.arg, is_async: bool, driver: str | None
) -> _Way | None:
    """How to come by what an argument is to be, if that is a connection."""
    kind = _kind(module, argument.annotation)
    if kind in _WAYS:
        return _WAYS[kind]
    if kind in _ASYNC_SESSIONS:
        return _async_session(kind, driver)
    if kind in _SESSIONS:
        return _session(kind)
    if argument.annotation is not None:
        return None
    # Without an annotation its name says it, and what the project imports or is on.
    if argument.arg in ("session", "db", "db_session") and _uses_sqlalchemy(modules):
        return _async_session(_ASYNC_SESSIONS[0], driver) if is_async else _session(_SESSIONS[0])
    if argument.arg in ("conn", "connection"):
        ways = {"asyncpg": _ASYNCPG, "psycopg": _PSYCOPG if is_async else _PSYCOPG_SYNC}
        return ways.get(driver or "")
    return _POOL if argument.arg == "pool" and driver == "asyncpg" else None


def _async_session(kind: str, driver: str | None) -> _Way:
    engine = f"fake_postgres.sqlalchemy.engine({quoted(driver) if driver == 'psycopg' else ''})"
    return _Way("session", f"async with AsyncSession({engine}) as session:", (_import(kind),))


def _session(kind: str) -> _Way:
    engine = "fake_postgres.sqlalchemy.sync_engine()"
    return _Way("session", f"with Session({engine}) as session:", (_import(kind),))


def _import(kind: str) -> str:
    module, _, name = kind.rpartition(".")
    return import_line(module, name)


def _uses_sqlalchemy(modules: Modules) -> bool:
    tops = {name.partition(".")[0] for module in modules for name in module.imports.values()}
    return bool(tops & {"sqlalchemy", "sqlmodel"})


def _kind(module: Module, annotation: ast.expr | None) -> str:
    """What an annotation speaks of: in `int | None`, `Optional[int]` and `Annotated[int, ...]`."""
    if isinstance(annotation, ast.BinOp):
        return _kind(module, annotation.left)
    if isinstance(annotation, ast.Subscript):
        if ast.unparse(annotation.value).rpartition(".")[2] in ("Optional", "Annotated"):
            inner = annotation.slice
            return _kind(module, inner.elts[0] if isinstance(inner, ast.Tuple) else inner)
        return ""
    return "" if annotation is None else module.qualified(annotation) or ast.unparse(annotation)


def _value(module: Module, argument: ast.arg) -> tuple[str, str] | None:
    """A value for an argument, and the import that it needs; None where it is not plain."""
    kind = _kind(module, argument.annotation)
    if kind == "str" and "email" in argument.arg:
        kind = "pydantic.EmailStr"
    return _VALUES.get(kind)


def _problem(recording: Recording, note: Mapping[str, Any], modules: Modules) -> str | None:
    """Why a recording makes no example."""
    if note["raised"] is not None:
        module, name, text = note["raised"]
        if module not in modules.by_name and name not in _MEANT:
            return f"{recording.shown} does not go on where nothing is found: {text}"
    if len(note["calls"]) != 1:
        return messages.not_one_statement(recording.shown, len(note["calls"]))
    return None


def _candidate(recording: Recording, note: Mapping[str, Any], fakes: str) -> Candidate:
    ((statement, parameters),) = note["calls"]
    text = one_line(statement)
    has_rows = re.match(r"(?i)insert|update|delete", text) is None or "RETURNING" in text.upper()
    answer = ".rows()" if has_rows else f'.tag("{_TAGS[text.split()[0].upper()]}")'
    rule = f"fake_postgres.on({', '.join([quoted(text), *parameters])}){answer}"
    if len(rule) > _WIDTH or "--" in statement:
        given = [sql_block(statement, 4), *parameters]
        rule = "fake_postgres.on(\n" + "".join(f"    {each},\n" for each in given) + f"){answer}"
    act = recording.call
    imports = ["from understudy import FakePostgres", *recording.imports]
    if note["raised"] is not None:
        act = f"with pytest.raises({note['raised'][1]}):\n    {act}"
        imports.append(import_line(note["raised"][0], note["raised"][1]))
    elif has_rows and note["answer"] in _ANSWERS:
        act = f"assert {act} {_ANSWERS[note['answer']]}"
    if "ANY" in parameters:
        imports.append(f"from {fakes} import ANY")
    if recording.is_async or note["raised"] is not None:
        imports.append("import pytest")
    if any(each.startswith("UUID(") for each in parameters):
        imports.append("from uuid import UUID")
    first = f"{rule}\n\n" if recording.way.opening.endswith(":") else f"{rule}\n"
    body = _test(
        recording,
        f"test_{words_of(recording.name)}_sends_its_statement(fake_postgres: FakePostgres)",
        f"{first}{_steps(recording, act)}\n\nassert len(fake_postgres.calls) == 1",
    )
    module = recording.part.module
    text = render(f"Tests for {module.name}.", imports, [body])
    return Candidate("dao", file_name(module, "dao"), text)


def _steps(recording: Recording, act: str) -> str:
    opening = recording.way.opening
    inside = opening.endswith(":")
    return f"{opening}\n{indent(act, '    ')}" if inside else f"{opening}\n\n{act}"


def _test(recording: Recording, signature: str, steps: str) -> str:
    mark = "@pytest.mark.asyncio\nasync " if recording.is_async else ""
    return (
        f"{mark}def {signature} -> None:\n"
        f'    """{recording.shown} sends this SQL with these parameters, and nothing else."""\n'
        f"{indent(steps, '    ')}\n"
    )
