"""Which statements are a driver's or an ORM's own questions about the schema.

They ask the system catalogs and nothing else: which types there are, which columns a table has. No
test scripts them, and what comes back is a matter of the schema alone; so PostgreSQL is asked once
and its answer kept. Statements about what goes on in a server (pg_stat_activity, pg_locks) are the
user's, and so is everything that could change something.
"""

from __future__ import annotations

import re
from functools import lru_cache

from understudy.pg import sql

# Relations of the system catalogs that are about a running server, not about a schema.
_RUNNING = re.compile(
    r"pg_(stat|statio|locks|prepared|cursors|replication|subscription_rel|shmem|hba|ident|file"
    r"|backend|wait|aios|settings|timezone|config|database|authid|auth_members|shadow|user|roles"
    r"|group|largeobject|statistic|shseclabel|available)"
)
# Functions that do something, or that tell of more than the schema.
_DOING = re.compile(
    r"pg_(terminate|cancel|reload|rotate|read|ls|stat|sleep|advisory|try_advisory|notify|logical"
    r"|replication|create|drop|promote|wal|switch|start|stop|backup|export|log|import|restore"
    r"|current|last|xact|blocking|database_size|size|total_relation_size|relation_size|table_size"
    r"|indexes_size|tablespace_size|backend|postmaster|conf|is_in)\w*"
    r"|set_config|lo_\w+|lo\w*|dblink\w*|nextval|setval|currval|lastval|random"
    r"|now|clock_timestamp|statement_timestamp|transaction_timestamp|txid_\w+|gen_random_uuid"
    r"|query_to_xml\w*|table_to_xml\w*|cursor_to_xml\w*|database_to_xml\w*|schema_to_xml\w*"
)
_NAME = re.compile(r'[^\W\d][\w$]*|"(?:[^"]|"")*"')
_SYSTEM = ("pg_catalog", "information_schema")
# What stands where an alias or the next relation could.
_CLAUSES = frozenset(
    (
        *("as", "cross", "except", "fetch", "for", "from", "full", "group", "having", "inner"),
        *("intersect", "join", "lateral", "left", "limit", "natural", "offset", "on", "only"),
        *("order", "returning", "right", "select", "union", "using", "where", "window"),
    )
)
_WRITING = frozenset(["insert", "update", "delete", "merge", "into", "for"])


@lru_cache(maxsize=1024)
def is_housekeeping(statement: str) -> bool:
    """Say whether a statement asks the system catalogs about the schema, and nothing else."""
    words = [token if token[0] in "\"'$" else token.lower() for token in sql.tokens(statement)]
    if not words or words[0] not in ("select", "with") or ";" in words:
        return False
    if not _WRITING.isdisjoint(words) or any(map(_does_something, words, words[1:])):
        return False
    relations = _relations(words)
    return bool(relations) and all(map(_is_of_the_schema, relations))


def is_system(table: str) -> bool:
    """Say whether a table, spelt as a description spells it, is one of the system catalogs."""
    return table.startswith(tuple(f"{schema}." for schema in _SYSTEM))


def _does_something(word: str, following: str) -> bool:
    return following == "(" and _DOING.fullmatch(word) is not None


def _is_of_the_schema(relation: tuple[str, ...]) -> bool:
    *schema, name = relation
    if schema:
        return schema[-1] in _SYSTEM and not _RUNNING.match(name)
    return name.startswith("pg_") and not _RUNNING.match(name)


def _relations(words: list[str]) -> set[tuple[str, ...]]:
    """Return the names of the relations in all FROM clauses, but not those of WITH.

    A FROM that belongs to an expression (EXTRACT, IS DISTINCT FROM) stands in brackets that hold no
    query, or behind DISTINCT.
    """
    found: set[tuple[str, ...]] = set()
    own = _queries_of_with(words)
    in_query, in_from = [True], [False]
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "(":
            following = words[at] if at < len(words) else ""
            in_query.append(
                following in ("select", "with", "values") or (in_from[-1] and in_query[-1])
            )
            in_from.append(in_from[-1] and following not in ("select", "with", "values"))
        elif word == ")" and len(in_query) > 1:
            in_query.pop()
            in_from.pop()
        elif not in_query[-1]:
            continue
        elif (word == "from" and words[at - 2] != "distinct") or word == "join":
            in_from[-1] = True
            at = _item(words, at, found)
        elif word == "," and in_from[-1]:
            at = _item(words, at, found)
        elif word in ("where", "group", "order", "having", "limit", "union", "select", "window"):
            in_from[-1] = False
    return {each for each in found if not (len(each) == 1 and each[0] in own)}


def _queries_of_with(words: list[str]) -> set[str]:
    """Return the names that WITH gives: `name AS (`, or `name (columns) AS (`."""
    found: set[str] = set()
    for at in range(2, len(words)):
        if words[at] != "(" or words[at - 1] not in ("as", "materialized"):
            continue
        name = at - 2
        while name > 0 and words[name] in ("as", "not"):
            name -= 1
        if words[name] == ")":
            while name > 0 and words[name] != "(":
                name -= 1
            name -= 1
        found.add(words[name])
    return found


def _item(words: list[str], at: int, found: set[tuple[str, ...]]) -> int:
    """Read one item of a FROM clause, and return where it ends."""
    while at < len(words) and words[at] in ("only", "lateral"):
        at += 1
    name: list[str] = []
    while at < len(words) and _NAME.fullmatch(words[at]) and words[at] not in _CLAUSES:
        name.append(words[at].strip('"'))
        at += 1
        if at >= len(words) or words[at] != ".":
            break
        at += 1
    # What has a bracket behind it is a function: it reads what it is given.
    if name and not (at < len(words) and words[at] == "("):
        found.add(tuple(name))
    return at
