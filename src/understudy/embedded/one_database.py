"""Point what SQL files say of databases at the one database that they are loaded into.

Files that pg_dump -C and pg_dumpall write, or that initialise a container, create databases by
name and connect to them. A test's database has a name of its own, and a database of that name on a
shared server is somebody else's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from understudy.embedded.environment import CLUSTER_NAME
from understudy.embedded.errors import SchemaError
from understudy.embedded.psql_script import Connect, Statement, Step, statement_of
from understudy.pg import sql
from understudy.pg.sql_spelling import name_of, quoted
from understudy.script.excerpt import line_and_column

if TYPE_CHECKING:
    import psycopg

_MAINTENANCE = ("postgres", "template0", "template1")
_ACCOUNTS = ("ROLE", "USER", "GROUP")


def in_one_database(
    steps: Sequence[Step], connection: psycopg.Connection[tuple[Any, ...]]
) -> list[Step]:
    """Return the steps without those that create, drop or rename a database, or belong to another.

    Raises:
        SchemaError: there are objects for several databases.
    """
    chosen = _chosen(steps)
    known = connection.info
    row = connection.execute("SHOW cluster_name").fetchone()
    is_own = row == (CLUSTER_NAME,)
    found: list[Step] = []
    database: str | None = None
    for step in steps:
        if isinstance(step, Connect):
            database = step.database if step.database not in ("", "-") else database
        if database not in (None, chosen):
            continue
        if isinstance(step, Connect):
            found.append(step)
        else:
            _refuse_for_others(step, is_own=is_own)
            adapted = _adapted(step, chosen, known.dbname, known.user, is_own=is_own)
            if adapted is not None:
                found.append(adapted)
    return found


def _chosen(steps: Sequence[Step]) -> str | None:
    """Return the database that files connect to and fill, or None if they connect to none."""
    places: dict[str, Connect] = {}
    filled: dict[str, None] = {}
    place: str | None = None
    for step in steps:
        if isinstance(step, Connect):
            if step.database not in ("", "-"):
                place = step.database
                places.setdefault(place, step)
        elif place is not None and _fills(step):
            filled[place] = None
    names = list(filled)
    if len(names) > 1:
        # Objects in the template of databases are also in the database made from it.
        names = [name for name in names if name != "template1"]
    if len(names) > 1:
        lines = [
            f"  {name}: line {line_and_column(step.source.text, step.start)[0]}"
            for name, step in places.items()
            if name in names
        ]
        raise SchemaError(
            f"The schema file {places[names[0]].source.shown} fills several databases, and a test "
            "has one:\n"
            + "\n".join(lines)
            + f"\nDump one of them (pg_dump {names[-1]}), or cut the file in parts."
        )
    return names[0] if names else next(iter(places), None)


def _fills(statement: Statement) -> bool:
    """Return whether a statement is about a database's content, and not about the server."""
    words = (*statement.words, "", "", "")
    if words[0] in ("SET", "UPDATE", "GRANT", "REVOKE", "COMMENT") or "SET_CONFIG" in words:
        return False
    return words[0] not in ("CREATE", "ALTER", "DROP") or words[1] not in (
        "DATABASE",
        "TABLESPACE",
        *_ACCOUNTS,
    )


def _adapted(
    statement: Statement, chosen: str | None, database: str, user: str, *, is_own: bool
) -> Statement | None:
    words = (*statement.words, "", "", "")
    if words[:2] == ("DROP", "DATABASE"):
        return None
    if words[:2] == ("CREATE", "DATABASE"):
        return _owned(statement, database) if is_own else None
    if words[0] == "SET" and words[1] == "TRANSACTION_TIMEOUT":
        # pg_dump 17 writes it, and older servers do not know it. It does not time out.
        return None
    if words[0] == "ALTER" and words[1] in _ACCOUNTS and name_of(words[2]).lower() == user.lower():
        # The account that runs this: pg_dumpall repeats its password.
        return None
    if "DATABASE" not in statement.text.upper():
        return statement
    return _renamed(statement, words, chosen, database, is_own=is_own)


def _owned(statement: Statement, database: str) -> Statement | None:
    """Return the statement that gives this database the owner of one that would be created."""
    tokens = [token.text for token in sql.pieces(statement.text)]
    words = [token.upper() for token in tokens]
    if "OWNER" not in words:
        return None
    place = words.index("OWNER") + 1
    owner = tokens[place + (words[place] == "=")]
    text = f"ALTER DATABASE {quoted(database)} OWNER TO {owner}"
    return statement_of(text, statement.source, statement.start)


def _refuse_for_others(statement: Statement, *, is_own: bool) -> None:
    """Refuse what changes a whole server that is not this run's."""
    if not is_own and statement.words[:2] == ("ALTER", "SYSTEM"):
        source = statement.source
        raise SchemaError(
            f"The schema file {source.shown}, line "
            f"{line_and_column(source.text, statement.start)[0]}, has ALTER SYSTEM, which would "
            "change a server that others may use.\n"
            "Write ALTER DATABASE ... SET instead: it is applied to the databases of the tests."
        )


def _renamed(
    statement: Statement, words: Sequence[str], chosen: str | None, database: str, *, is_own: bool
) -> Statement | None:
    """Return a statement about a database as one about this database."""
    tokens = sql.pieces(statement.text)
    place = _place_of_names(words, [token.text.upper() for token in tokens])
    if place is None:
        return statement
    stop = place + 1
    while stop + 1 < len(tokens) and tokens[stop].text == ",":
        stop += 2
    names = [name_of(token.text).lower() for token in tokens[place:stop:2]]
    if (chosen or "").lower() not in names and all(name in _MAINTENANCE for name in names):
        return None
    rest = [token.text.upper() for token in tokens[stop : stop + 2]]
    kept = ("SET", "RESET", "OWNER") if is_own else ("SET", "RESET")
    if words[:2] == ("ALTER", "DATABASE") and not {*rest[:1]} & {*kept}:
        # Its name and limits are those of a test's database, and on a shared server its owner.
        return None
    if rest == ["SET", "TABLESPACE"]:
        return None
    end = tokens[stop - 1].start + len(tokens[stop - 1].text)
    text = statement.text[: tokens[place].start] + quoted(database) + statement.text[end:]
    return replace(statement, text=text, is_exact=False)


def _place_of_names(words: Sequence[str], tokens: Sequence[str]) -> int | None:
    """Return the index of the first name of a database, or None if there is none."""
    if words[:2] == ("ALTER", "DATABASE"):
        return 2
    if words[:3] == ("COMMENT", "ON", "DATABASE"):
        return 3
    before = {"GRANT": "ON", "REVOKE": "ON", "SECURITY": "ON", "ALTER": "IN"}.get(words[0])
    if before is None or (words[0] == "ALTER" and words[1] not in _ACCOUNTS):
        return None
    for place, pair in enumerate(pairwise(tokens)):
        if pair == (before, "DATABASE"):
            return place + 2
    return None
