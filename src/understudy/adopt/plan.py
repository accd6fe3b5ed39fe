"""What adopting changes in a project: the tests' files, and the settings that go with them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.adopt.adoption import Adoption, add_settings
from understudy.adopt.finders import find_all
from understudy.init import Change, Findings, InitError, changes_to, look
from understudy.init.database_kind import POSTGRES, DatabaseKind
from understudy.init.scaffold import schema_module
from understudy.init.schema import Schema
from understudy.init.toml_edits import checked, with_lines, with_table
from understudy.project.changed_lines import GitError, changed_lines
from understudy.project.sources import Project

_TABLE = "[tool.understudy]"
# In a rewritten file, it is the driver of an engine.
_ASYNC = re.compile(r"asyncpg|aiomysql|asyncmy|\.sqlalchemy\.engine\(")


@dataclass(frozen=True)
class Plan:
    """What to change.

    Attributes:
        findings: what the project consists of.
        adoptions: what was found in its tests.
        schema: the source of the schema that is written to the settings; None if one is configured
            already, or none was found.
        changes: the files to write.
    """

    findings: Findings
    adoptions: Sequence[Adoption]
    schema: Schema | None
    changes: Sequence[Change]

    @property
    def needs_server(self) -> bool:
        """Whether the tests as they are need a server or a container that may not be there."""
        return _need_server(self.adoptions)

    @property
    def database(self) -> DatabaseKind:
        """What the tests move to."""
        return _database(self.adoptions)

    @property
    def root(self) -> Path:
        """The folder of the project."""
        return self.findings.root


def _need_server(adoptions: Sequence[Adoption]) -> bool:
    return any(one.files and one.kind not in ("sqlite", "mock") for one in adoptions)


def _database(adoptions: Sequence[Adoption]) -> DatabaseKind:
    return next((one.database for one in adoptions if one.files), POSTGRES)


def make_plans(folder: Path) -> list[Plan]:
    """Return one plan for each source of the schema, the most reliable first; nothing is written.

    Raises:
        InitError: The folder has nothing to test, or a configuration file is broken or cannot be
            extended.
    """
    findings = look(folder)
    project = Project(findings.root, [findings.root / findings.base])
    adoptions = find_all(project)
    if not any(adoption.files for adoption in adoptions):
        return [Plan(findings, adoptions, None, ())]
    schemas: list[Schema | None] = [schema for schema in findings.schemas if schema.setting]
    configured = {"schema", _database(adoptions).schema}  # MySQL's is by default the other
    if configured & (findings.configured.understudy or {}).keys() or not schemas:
        schemas = [None]
    return [_plan(findings, adoptions, schema) for schema in schemas]


def _plan(findings: Findings, adoptions: Sequence[Adoption], schema: Schema | None) -> Plan:
    files: dict[Path, str] = {}
    settings: dict[str, object] = {}
    for adoption in adoptions:
        files |= adoption.files
        add_settings(settings, adoption.settings)
    database = _database(adoptions)
    is_of_app = findings.database is database
    if findings.variables is not None and is_of_app and _need_server(adoptions):
        # The server that the app itself would connect to is not there, either.
        name = f"{database.real}_env"
        own = settings.get(name, {})
        assert isinstance(own, Mapping), "a table"
        settings[name] = {**findings.variables.values, **own}
    if not is_of_app:  # the isolation is that of the other database's tests, too
        settings.pop("isolation", None)
    if schema is not None:
        setting = list(schema.setting)
        settings[database.schema] = setting[0] if len(setting) == 1 else setting
        if schema.metadata is not None:
            path = findings.root / findings.configured.tests / "schema.py"
            files.setdefault(path, schema_module(schema.metadata, setting[0], database))
    pyproject = findings.root / "pyproject.toml"
    files[pyproject] = _with_settings(findings, settings)
    if any(map(_ASYNC.search, files.values())):
        _let_loops_agree(findings, files)
    return Plan(findings, adoptions, schema, changes_to(files))


def _let_loops_agree(findings: Findings, files: dict[Path, str]) -> None:
    """Let tests share the event loop of their fixtures, which an async connection needs."""
    config = findings.configured.pytest
    options = config.options
    scope = options.get("asyncio_default_fixture_loop_scope")
    if scope in (None, "function") or "asyncio_default_test_loop_scope" in options:
        return
    if config.file is None or not findings.uses_pytest_asyncio:
        return
    path = findings.root / config.file
    line = f'asyncio_default_test_loop_scope = "{scope}"'
    if path.suffix != ".toml":
        line = line.replace('"', "")
    files[path] = with_lines(path, files.get(path) or path.read_text(), config.section, [line])


def _with_settings(findings: Findings, settings: Mapping[str, object]) -> str:
    """Return pyproject.toml with the settings in [tool.understudy].

    Raises:
        InitError: One of them has another value there.
    """
    path, text = findings.root / "pyproject.toml", findings.configured.pyproject
    there = findings.configured.understudy
    lines = []
    for key, value in settings.items():
        line = f"{key} = {_toml(value)}"
        if there is None or key not in there:
            lines.append(line)
        elif there[key] != value:
            raise InitError(
                f"{key} in [tool.understudy] of {path} has another value. Nothing was written.\n"
                f"Put this line there, and run this again:\n  {line}"
            )
    if not lines:
        return text or ""
    if there is None:
        return checked(path, with_table(text, _TABLE, lines), lines)
    return checked(path, with_lines(path, text or "", _TABLE, lines), lines)


def _toml(value: object) -> str:
    """Return a str, a list or a table of these as TOML."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def uncommitted(plan: Plan) -> list[Path]:
    """Return the existing files of a plan that git does not have as they are; none without git."""
    try:
        changed = changed_lines(plan.root, "HEAD")
    except GitError:
        return []
    existing = [change.path for change in plan.changes if change.before is not None]
    return [path for path in existing if changed.has_file(path)]
