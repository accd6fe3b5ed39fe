"""Suites that start or need a PostgreSQL of their own, moved to real_postgres.

testcontainers and pytest-postgresql start one, other suites need one that is running. The tests
keep the names of their fixtures. What changes is where the address comes from. The tables that
fixtures create and drop are made once, by the schema that is configured.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.adopt.adoption import Adoption, Kind, Place, Refusal, add_settings
from understudy.adopt.finders import test_modules
from understudy.adopt.server_sources import Source, sources_of
from understudy.adopt.server_uses import Consumers, NotRewritten
from understudy.adopt.source_edits import Edits
from understudy.adopt.tables import remove_tables
from understudy.project.sources import Module, Project

_NOTES = {
    "running-postgres": "The tests need no running server: real_postgres starts one from a wheel.",
    "testcontainers": "The tests need no Docker: real_postgres starts PostgreSQL from a wheel.",
    "pytest-postgresql": "The tests need no installed PostgreSQL, and start one server in all.",
}
_ROLLBACK = "Each test runs in a transaction that is rolled back, so nothing has to be deleted."
_OWN_TABLES = "The tests define tables of their own, so create_all and drop_all stay."


def find(project: Project) -> Sequence[Adoption]:
    """Return the rewrite of each kind of server that the tests stand on."""
    modules = list(test_modules(project))
    sources = [source for module in modules for source in sources_of(module)]
    kinds = list(dict.fromkeys(source.kind for source in sources))
    found = []
    for kind in kinds:
        of_kind = [source for source in sources if source.kind == kind]
        found.append(_adoption(modules, kind, of_kind))
    return found


def _adoption(modules: Sequence[Module], kind: Kind, sources: Sequence[Source]) -> Adoption:
    edits = {module.path: Edits(module) for module in modules}
    places = [Place(one.module.path, one.node.lineno, one.what) for one in sources]
    refusals: list[Refusal] = []
    settings: dict[str, object] = {}
    rewritten = []
    for source in sources:
        if source.refusal is not None:
            refusals.append(source.refusal)
            continue
        rewritten.append(source)
        add_settings(settings, source.settings)
    consumers = Consumers(modules, edits)
    has_own_tables = any("__tablename__" in module.text for module in modules)
    try:
        for source in rewritten:
            consumers.rewrite(source)
        consumers.isolate()
        for module in modules:
            if consumers.reaches(module) and not has_own_tables:
                remove_tables(module, edits[module.path])
        files = {path: edit.result() for path, edit in edits.items() if edit}
    except NotRewritten as reason:
        return Adoption(kind, places, refusals=[*refusals, reason.refusal])
    if not rewritten:
        return Adoption(kind, places, refusals=refusals)
    notes = [
        _NOTES[kind],
        _OWN_TABLES if has_own_tables else _ROLLBACK,
        *(note for one in rewritten for note in one.notes),
    ]
    return Adoption(kind, places, _changed(modules, files), settings, notes, refusals)


def _changed(modules: Sequence[Module], files: dict[Path, str]) -> dict[Path, str]:
    before = {module.path: module.text for module in modules}
    return {path: text for path, text in files.items() if text != before[path]}
