"""Example tests for DAOs on a real driver: what a method sends to a scripted server.

The SQL is not read from the source, because an ORM may generate it. The method is called once in
the copy of the project, on a `fake_postgres` or `fake_mysql` that records (`probe.recording`), and
the test is written from the record.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import indent
from typing import Any

from understudy.init import connections, examples
from understudy.init.connections import Opening
from understudy.init.database_kind import MYSQL, POSTGRES
from understudy.init.examples import Candidate, LayerExamples
from understudy.init.layers import Part
from understudy.init.modules import Modules, parameters
from understudy.pg.sql import one_line
from understudy.project.scopes import FunctionNode
from understudy.project.sources import Module
from understudy.script.mysql_errors import DRIVERS as MYSQL_DRIVERS

_MOST = 10
_WIDTH = 76  # of a line in a test, inside a with
_READS = re.compile(r"^(get|find|fetch|list|select|read|load|by)_?")
# What a method returns if nothing is found, and how a test asserts it.
_ANSWERS = {"None": "is None", "[]": "== []", "0": "== 0", "False": "is False", "True": "is True"}
_NO_ROWS = ".rows()"
# What a method may raise on purpose if nothing is found, besides the project's own exceptions.
_INTENDED = {"HTTPException", "NoResultFound"}


@dataclass(frozen=True)
class _Creation:
    """How an object of a class is created: the call, its connection, and the imports it needs."""

    call: str
    connection: Opening | None = None
    imports: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recording:
    """A method that can be called with a connection and plain arguments.

    Attributes:
        part: the class or function.
        name: the method's name.
        call: the source of the call, with `await` if it is needed.
        connection: how the test gets the connection.
        imports: the imports that the test needs.
        fake: the fixture of the scripted server.
    """

    part: Part
    name: str
    call: str
    connection: Opening
    imports: tuple[str, ...]
    fake: str

    @property
    def is_async(self) -> bool:
        """Whether the test must be async."""
        source = f"{self.call} {self.connection.line}"
        return re.search(r"\b(await|async)\b", source) is not None


def recordings(parts: Sequence[Part], modules: Modules, driver: str | None) -> list[Recording]:
    """Return the methods whose statements can be recorded, those that read first."""
    bases = [part for part in parts if any(modules.derived(part.module, part.name))]
    found = [
        recording
        for part in parts
        if part not in bases or not _is_generic(part)
        for home, node in _functions(part, modules)
        if (recording := _recording(part, home, node, modules, driver)) is not None
    ]
    # What only serves as a base may lack what its subclasses set.
    found.sort(key=lambda one: (one.part in bases, _READS.match(one.name) is None))
    return found[:_MOST]


def _functions(part: Part, modules: Modules) -> Iterator[tuple[Module, FunctionNode]]:
    """Yield the public functions of a part, with their modules; those of its bases come last."""
    seen = set()
    bases = modules.ancestors(part.module, part.node) if isinstance(part.node, ast.ClassDef) else ()
    for home, node in [(part.module, part.node), *bases]:
        for function in examples.public_functions(replace(part, node=node)):
            if function.name not in seen:
                seen.add(function.name)
                yield home, function


def _is_generic(part: Part) -> bool:
    """Whether a class leaves open what it is for, such as its model."""
    if not isinstance(part.node, ast.ClassDef):
        return False
    # `class Repository[T]` since Python 3.12
    return bool(getattr(part.node, "type_params", ())) or any(
        part.module.qualified(base.value) in ("typing.Generic", "typing.Protocol")
        for base in part.node.bases
        if isinstance(base, ast.Subscript)
    )


def recording_text(recording: Recording, number: int) -> str:
    """Return the test file that records what a method sends. It is run and never kept."""
    act = (
        f"with recording({recording.fake}, {number}) as record:\n"
        f"    record.answer = {recording.call}"
    )
    test = examples.render_test(
        "recording",
        f"Record what {examples.qualified_name(recording.part, recording.name)} sends.",
        _steps(recording, act),
        fixtures=recording.fake,
        is_async=recording.is_async,
    )
    needed = ["import pytest", "from understudy.init.probe import recording", *recording.imports]
    return examples.render_file("A recording.", needed, test)


def recorded_examples(
    recorded: Sequence[Recording],
    records: Sequence[Mapping[str, Any]],
    modules: Modules,
    fakes: str,
) -> LayerExamples:
    """Return the tests that assert what was recorded.

    Args:
        recorded: the recordings, by number.
        records: what the probe recorded, at least once, each with the number of its recording.
        modules: the project's modules.
        fakes: the module to import ANY from.
    """
    candidates = []
    reasons = []
    for record in records:
        recording = recorded[record["number"]]
        reason = _reason_against(recording, record, modules)
        if reason is None:
            candidates.append(_candidate(recording, record, fakes))
        else:
            reasons.append(reason)
    return examples.examples_or_reason(candidates, (reasons or [""])[0])


def _recording(
    part: Part, home: Module, node: FunctionNode, modules: Modules, driver: str | None
) -> Recording | None:
    decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
    if node.args.posonlyargs or decorators - {"staticmethod", "classmethod"}:
        return None
    arguments = parameters(node)
    is_async = isinstance(node, ast.AsyncFunctionDef)
    target, connection = node.name, None
    imports = [examples.import_line(part.module.name, part.name)]
    if isinstance(part.node, ast.ClassDef):
        if decorators:
            target = f"{part.name}.{node.name}"
        else:
            created = _creation(part, modules, is_async, driver)
            if created is None:
                return None
            target, connection = f"{created.call}.{node.name}", created.connection
            imports += created.imports
        if "staticmethod" not in decorators:
            arguments = arguments[1:]
    given = []
    for argument, is_required in arguments:
        own = None
        if connection is None:
            own = _connection_for(modules, home, argument, is_async, driver)
        if own is not None:
            connection = own
            given.append(f"{argument.arg}={own.name}")
        elif is_required:
            value = examples.value_for(home, argument)
            if value is None:
                return None
            given.append(f"{argument.arg}={value[0]}")
            imports.append(value[1])
    if connection is None:
        return None
    call = f"{'await ' if is_async else ''}{target}({', '.join(given)})"
    imports += connection.imports
    needed = tuple(filter(None, imports))
    return Recording(part, node.name, call, connection, needed, _fake(driver))


def _creation(part: Part, modules: Modules, is_async: bool, driver: str | None) -> _Creation | None:
    """Return how to create an object of a class, or None if unknown."""
    if not isinstance(part.node, ast.ClassDef):
        return None
    for home, node in [(part.module, part.node), *modules.ancestors(part.module, part.node)]:
        wanted = examples.creation_parameters(node)
        if wanted is not None:
            return _construction(part.name, home, wanted, modules, is_async, driver)
    return None if modules.bases(part.module, part.node) else _Creation(f"{part.name}()")


def _construction(
    name: str,
    module: Module,
    wanted: Sequence[tuple[ast.arg, bool]],
    modules: Modules,
    is_async: bool,
    driver: str | None,
) -> _Creation | None:
    """Return how to call a class with these parameters, or None if that is unknown.

    A connection is passed even if it has a default, such as `Depends(get_session)`.
    """
    found: Opening | None = None
    given: list[str] = []
    imports: list[str] = []
    for argument, is_required in wanted:
        connection = None
        if found is None:
            connection = _connection_for(modules, module, argument, is_async, driver)
        if connection is not None:
            found = connection
            given.append(f"{argument.arg}={connection.name}")
        elif is_required:
            value = examples.value_for(module, argument)
            if value is None:
                return None
            given.append(f"{argument.arg}={value[0]}")
            imports.append(value[1])
    return _Creation(f"{name}({', '.join(given)})", found, tuple(imports))


def _connection_for(
    modules: Modules, module: Module, argument: ast.arg, is_async: bool, driver: str | None
) -> Opening | None:
    """Return the connection that an argument takes, or None if it takes something else."""
    annotation = argument.annotation
    kind = examples.annotated_type(module, annotation)
    if not kind and isinstance(annotation, ast.Subscript):
        # A generic class, such as asyncpg's Pool of records.
        kind = examples.annotated_type(module, annotation.value)
    if not kind and annotation is None:
        # Without an annotation, the name of the argument and the project's driver decide.
        kind = (
            connections.kind_by_name(
                argument.arg,
                is_async=is_async,
                driver=driver,
                uses_sqlalchemy=_uses_sqlalchemy(modules),
            )
            or ""
        )
    return connections.opening(kind, _fake(driver), driver)


def _fake(driver: str | None) -> str:
    """Return the fixture of the scripted server to which a driver connects."""
    return (MYSQL if driver in MYSQL_DRIVERS else POSTGRES).fake


def _uses_sqlalchemy(modules: Modules) -> bool:
    tops = {name.partition(".")[0] for module in modules for name in module.imports.values()}
    return bool(tops & {"sqlalchemy", "sqlmodel"})


def _reason_against(
    recording: Recording, record: Mapping[str, Any], modules: Modules
) -> str | None:
    """Return why a recording makes no example, or None if it does."""
    name = examples.qualified_name(recording.part, recording.name)
    if record["raised"] is not None:
        module, exception, text = record["raised"]
        if module not in modules.by_name and exception not in _INTENDED:
            return f"{name} fails if nothing is found: {text}"
    count = len(record["calls"])
    return None if count == 1 else f"{name} sends {count} statements if nothing is found, not one"


def _candidate(recording: Recording, record: Mapping[str, Any], fakes: str) -> Candidate:
    ((statement, arguments),) = record["calls"]
    fake = recording.fake
    answer = _answer(statement, fake)
    act = recording.call
    fixture_class = "FakeMysql" if fake == MYSQL.fake else "FakePostgres"
    imports = [f"from understudy import {fixture_class}", *recording.imports]
    if record["raised"] is not None:
        module, exception, _ = record["raised"]
        act = f"with pytest.raises({exception}):\n    {act}"
        imports.append(examples.import_line(module, exception))
    elif answer == _NO_ROWS and record["answer"] in _ANSWERS:
        act = f"assert {act} {_ANSWERS[record['answer']]}"
    if "ANY" in arguments:
        imports.append(f"from {fakes} import ANY")
    if recording.is_async or record["raised"] is not None:
        imports.append("import pytest")
    if any(argument.startswith("UUID(") for argument in arguments):
        imports.append("from uuid import UUID")
    script = examples.rule(fake, statement, arguments, answer, _WIDTH)
    gap = "\n\n" if recording.connection.line.endswith(":") else "\n"
    test = examples.render_test(
        f"{examples.words_of(recording.name)}_sends_its_statement",
        f"{examples.qualified_name(recording.part, recording.name)} sends this SQL with these "
        "parameters, and nothing else.",
        f"{script}{gap}{_steps(recording, act)}\n\nassert len({fake}.calls) == 1",
        fixtures=f"{fake}: {fixture_class}",
        is_async=recording.is_async,
    )
    return examples.candidate("dao", recording.part.module, imports, test)


def _answer(statement: str, fake: str) -> str:
    """Return how a rule answers a statement: without rows, or with one that it has changed."""
    text = one_line(statement)
    is_change = re.match(r"(?i)insert|replace|update|delete", text) is not None
    if not is_change or "RETURNING" in text.upper():
        return _NO_ROWS
    if fake == MYSQL.fake:
        return ".affected(1)"
    return f'.tag("{examples.TAGS[text.split()[0].upper()]}")'


def _steps(recording: Recording, act: str) -> str:
    opening = recording.connection.line
    return f"{opening}\n{indent(act, '    ')}" if opening[-1] == ":" else f"{opening}\n\n{act}"
