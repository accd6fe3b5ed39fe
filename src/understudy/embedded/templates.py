"""The template database, into which the schema is loaded once.

On a shared server, a template made of SQL files is left for the next run: its name contains a
fingerprint of everything that it depends on. Other sources (Alembic, a function, another database)
may depend on more than a fingerprint covers, and are loaded again in every run.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Sequence
from contextlib import suppress

from understudy.embedded import roles, stale_databases
from understudy.embedded.admin import Admin
from understudy.embedded.clones import Place
from understudy.embedded.errors import DatabaseError, SchemaError
from understudy.embedded.schema_sources import Source

# Part of the fingerprint: raise it when the same schema gives another template.
_FORMAT = 2
_PREFIX = f"{stale_databases.PREFIX}template_"
_UNUSED = datetime.timedelta(days=14)
_USED = "understudy's copy of a schema, last used on "
# Owners, collation and the versions of extensions depend on the server.
_SERVER = """
    SELECT version(), current_user::text, datcollate, datctype,
        pg_encoding_to_char(encoding),
        ARRAY(SELECT name || ' ' || default_version FROM pg_available_extensions ORDER BY 1)
    FROM pg_database WHERE datname = 'template1'
"""
_EXISTS = "SELECT 1 FROM pg_database WHERE datname = %s"
_ALL = """
    SELECT datname, coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database
    WHERE datname ~ %s AND pg_has_role(datdba, 'USAGE')
"""


def provide_template(
    admin: Admin, place: Place, sources: Sequence[Source], *, rebuild: bool = False
) -> str:
    """Return the name of a template with the schema, after loading it if necessary.

    Args:
        admin: Creates the database.
        place: The server.
        sources: The sources of the schema.
        rebuild: Load the schema even if there is a template.

    Raises:
        SchemaError: The schema cannot be loaded. The end of the run drops the incomplete database.
        PostgresUnavailable: The server does not answer.
        DatabaseError: PostgreSQL refuses to create, seal, rename or drop a database.
    """
    own = f"{place.run}_template"
    if place.is_embedded:
        _load(admin, place, sources, own)
        return own
    stale_databases.sweep_databases(admin)
    _drop_unused(admin)
    if not all(source.is_covered for source in sources):
        _load(admin, place, sources, own)
        return own
    fingerprint = _fingerprint(admin, sources)
    name = _PREFIX + fingerprint
    with admin.locked(int(fingerprint[:8], 16)):
        if rebuild or not admin.rows(_EXISTS, name):
            _load(admin, place, sources, own)
            if _fingerprint(admin, sources) != fingerprint:
                # A file was edited while it was loaded: do not reuse the result.
                return own
            admin.drop(name, missing_ok=True)
            admin.rename(own, name)
        admin.comment(name, _USED + _today().isoformat())
    return name


def _load(admin: Admin, place: Place, sources: Sequence[Source], name: str) -> None:
    """Load the schema into a new database, which gets its name when it is complete."""
    unfinished = f"{place.run}_unfinished"
    created: set[str] = set()
    while not _fill(admin, place.dsn(unfinished), sources, unfinished, created):
        admin.drop(unfinished)
    admin.seal(unfinished)
    admin.rename(unfinished, name)


def _fill(admin: Admin, dsn: str, sources: Sequence[Source], name: str, created: set[str]) -> bool:
    """Load the schema into a new database, or create a role that it lacks and return False."""
    admin.create(name)
    try:
        for source in sources:
            source.load(dsn)
    except SchemaError as error:
        role = roles.missing_role(str(error))
        if role is None or role in created:
            raise
        roles.create(dsn, role)
        created.add(role)
        return False
    return True


def _fingerprint(admin: Admin, sources: Sequence[Source]) -> str:
    digest = hashlib.sha256(json.dumps([_FORMAT, admin.rows(_SERVER)]).encode())
    for source in sources:
        for content in source.content():
            digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:24]


def _drop_unused(admin: Admin) -> None:
    """Drop the templates that no run has used for 14 days."""
    for name, comment in admin.rows(_ALL, f"^{_PREFIX}[0-9a-f]{{24}}$"):
        # Without this comment, the database may belong to someone else.
        used = re.fullmatch(re.escape(_USED) + r"(\d{4}-\d\d-\d\d)", comment)
        if used and _today() - datetime.date.fromisoformat(used[1]) > _UNUSED:
            # It may be in use, or another run may have dropped it.
            with suppress(DatabaseError):
                admin.drop(name, missing_ok=True)


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()
