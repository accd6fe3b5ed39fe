"""Suites that start or need a database server of their own, moved to real_postgres or real_mysql.

testcontainers and plugins of pytest start one, other suites need one that is running. The tests
keep the names of their fixtures. What changes is where the address comes from. The tables that
fixtures create and drop are made once, by the schema that is configured.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.adopt.adoption import Adoption, Kind, Place, Refusal, add_settings
from understudy.adopt.finders import test_modules
from understudy.adopt.server_sources import sources_of
from understudy.adopt.server_uses import Consumers, NotRewritten
from understudy.adopt.source_edits import Edits
from understudy.adopt.sources import Source
from understudy.adopt.tables import remove_tables
from understudy.project.sources import Module, Project

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
    target = sources[0].target  # a kind has one
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
    consumers = Consumers(target, modules, edits)
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
        refusals.append(reason.refusal)
        return Adoption(kind, places, refusals=refusals, database=target.database)
    if not rewritten:
        return Adoption(kind, places, refusals=refusals, database=target.database)
    add_settings(settings, target.settings)
    notes = [
        target.notes[kind],
        _OWN_TABLES if has_own_tables else target.isolation,
        *dict.fromkeys(note for one in rewritten for note in one.notes),
    ]
    changed = _changed(modules, files)
    return Adoption(kind, places, changed, settings, notes, refusals, target.database)


def _changed(modules: Sequence[Module], files: dict[Path, str]) -> dict[Path, str]:
    before = {module.path: module.text for module in modules}
    return {path: text for path, text in files.items() if text != before[path]}
