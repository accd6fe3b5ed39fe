"""The databases of a run on a shared server, and those that killed runs have left there.

The names of a run's databases contain the number of an advisory lock that the run holds. The server
releases the lock when the process dies, so a number without a lock belongs to a dead run.
"""

from __future__ import annotations

from contextlib import suppress

from understudy.embedded.admin import RUN_LOCKS, Admin
from understudy.embedded.errors import DatabaseError

PREFIX = "understudy_"
# The comment of a database that the end of its run does not drop.
KEPT = "kept by understudy for a test that failed"
_OF_A_RUN = f"^{PREFIX}[0-9a-f]{{8}}_"
_ALL = """
    SELECT datname FROM pg_database
    WHERE datname ~ %s AND pg_has_role(datdba, 'USAGE')
"""
# Of all databases: each database has its own advisory locks.
_ALIVE = "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2"
_COMMENT = "coalesce(shobj_description(oid, 'pg_database'), '')"
_OF_THIS_RUN = (
    "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
    f" AND ({_COMMENT} = %s) = %s ORDER BY datname"
)


def number_of(run: str) -> int:
    """Return the lock number in the name of a run or of one of its databases."""
    return int(run[len(PREFIX) :][:8], 16)


def sweep_databases(admin: Admin) -> None:
    """Drop the databases of dead runs, kept ones included."""
    # Names before locks, because a run takes its lock before it creates a database.
    names = [name for (name,) in admin.rows(_ALL, _OF_A_RUN)]
    alive = {number for (number,) in admin.rows(_ALIVE, RUN_LOCKS)}
    for name in names:
        if number_of(name) not in alive:
            # The next run retries if it cannot be dropped (a prepared transaction is in it).
            with suppress(DatabaseError):
                admin.drop(name, missing_ok=True)


def drop_all(admin: Admin, run: str) -> None:
    """Drop the databases of a run, except for kept ones."""
    for (name,) in admin.rows(_OF_THIS_RUN, f"{run}_", KEPT, False):
        admin.drop(name, missing_ok=True)


def kept(admin: Admin, run: str) -> list[str]:
    """Return the names of a run's databases that were marked as kept."""
    return [name for (name,) in admin.rows(_OF_THIS_RUN, f"{run}_", KEPT, True)]
