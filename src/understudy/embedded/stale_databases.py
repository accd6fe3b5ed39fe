"""The databases of a run on a server that others use too, and those that killed runs left there.

Every connection of a run that creates databases holds an advisory lock whose number is in the
names of the run's databases. The server itself lets go of it when the process dies, so a name
whose number nobody holds is of a dead run.
"""

from __future__ import annotations

from contextlib import suppress

from understudy.embedded.admin import RUN_LOCKS, Admin
from understudy.embedded.errors import DatabaseError

PREFIX = "understudy_"
_KEPT = "kept by understudy for a test that failed"
_OF_A_RUN = f"^{PREFIX}[0-9a-f]{{8}}_"
_ALL = """
    SELECT datname FROM pg_database
    WHERE datname ~ %s AND pg_has_role(datdba, 'USAGE')
"""
# Of every database: advisory locks are counted in each for itself.
_ALIVE = "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2"
_COMMENT = "coalesce(shobj_description(oid, 'pg_database'), '')"
_OF_THIS_RUN = (
    "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
    f" AND ({_COMMENT} = %s) = %s ORDER BY datname"
)


def number_of(run: str) -> int:
    """The number of the lock of a run, or of a database's name that begins with it."""
    return int(run[len(PREFIX) :][:8], 16)


def sweep_databases(admin: Admin) -> None:
    """Drop the databases of runs that are dead, kept ones included."""
    # First the names, then the locks: a run holds its lock before it creates its first database.
    names = [name for (name,) in admin.rows(_ALL, _OF_A_RUN)]
    alive = {number for (number,) in admin.rows(_ALIVE, RUN_LOCKS)}
    for name in names:
        if number_of(name) not in alive:
            # What cannot be dropped (a prepared transaction is in it) is the next run's to try.
            with suppress(DatabaseError):
                admin.drop(name, missing_ok=True)


def drop_all(admin: Admin, run: str) -> None:
    """Drop the databases of a run that nobody has kept."""
    for (name,) in admin.rows(_OF_THIS_RUN, f"{run}_", _KEPT, False):
        admin.drop(name, missing_ok=True)


def mark_as_kept(admin: Admin, name: str) -> None:
    """Have `drop_all` leave a database, whichever process of the run calls it."""
    admin.comment(name, _KEPT)


def kept(admin: Admin, run: str) -> list[str]:
    """The databases of a run that were marked as kept."""
    return [name for (name,) in admin.rows(_OF_THIS_RUN, f"{run}_", _KEPT, True)]
