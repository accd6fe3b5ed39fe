"""Recognise the introspection queries of drivers and ORMs.

They query the system catalogs only: which types exist, which columns a table has. Tests do not
script them, and their answers depend on the schema alone, so PostgreSQL's answer is cached.
Statements about a running server (pg_stat_activity, pg_locks), and those that may change something,
do not count: they are the user's.
"""

from __future__ import annotations

import re
from functools import lru_cache

from understudy.pg import sql

# System catalogs about a running server rather than a schema.
_RUNNING = re.compile(
    r"pg_(stat|statio|locks|prepared|cursors|replication|subscription_rel|shmem|hba|ident|file"
    r"|backend|wait|aios|settings|timezone|config|database|authid|auth_members|shadow|user|roles"
    r"|group|largeobject|statistic|shseclabel|available)"
)
# Functions with side effects, or whose result depends on more than the schema.
_NOT_INTROSPECTION = re.compile(
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
# Keywords that may follow a relation, where an alias could be.
_CLAUSES = frozenset(
    (
        *("as", "cross", "except", "fetch", "for", "from", "full", "group", "having", "inner"),
        *("intersect", "join", "lateral", "left", "limit", "natural", "offset", "on", "only"),
        *("order", "returning", "right", "select", "union", "using", "where", "window"),
    )
)
_WRITING = frozenset(["insert", "update", "delete", "merge", "into", "for"])


@lru_cache(maxsize=1024)
def is_introspection(statement: str) -> bool:
    """Return whether a statement queries the system catalogs about the schema, and nothing else."""
    words = [token if token[0] in "\"'$" else token.lower() for token in sql.tokens(statement)]
    if not words or words[0] not in ("select", "with") or ";" in words:
        return False
    if not _WRITING.isdisjoint(words) or any(map(_is_excluded_call, words, words[1:])):
        return False
    relations = _relations(words)
    return bool(relations) and all(map(_is_about_schema, relations))


def is_system(table: str) -> bool:
    """Return whether a table, spelled as in a description, is a system catalog."""
    return table.startswith(tuple(f"{schema}." for schema in _SYSTEM))


def _is_excluded_call(word: str, following: str) -> bool:
    return following == "(" and _NOT_INTROSPECTION.fullmatch(word) is not None


def _is_about_schema(relation: tuple[str, ...]) -> bool:
    *schema, name = relation
    if schema:
        return schema[-1] in _SYSTEM and not _RUNNING.match(name)
    return name.startswith("pg_") and not _RUNNING.match(name)


def _relations(words: list[str]) -> set[tuple[str, ...]]:
    """Return the names of the relations in all FROM clauses, without those that WITH defines.

    The FROM of an expression (EXTRACT, IS DISTINCT FROM) is in parentheses without a query, or
    follows DISTINCT.
    """
    found: set[tuple[str, ...]] = set()
    defined = _with_names(words)
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
            at = _read_item(words, at, found)
        elif word == "," and in_from[-1]:
            at = _read_item(words, at, found)
        elif word in ("where", "group", "order", "having", "limit", "union", "select", "window"):
            in_from[-1] = False
    return {name for name in found if not (len(name) == 1 and name[0] in defined)}


def _with_names(words: list[str]) -> set[str]:
    """Return the names that WITH defines: `name AS (` or `name (columns) AS (`."""
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


def _read_item(words: list[str], at: int, found: set[tuple[str, ...]]) -> int:
    """Add the relation of one FROM item to `found`, and return the index after it."""
    while at < len(words) and words[at] in ("only", "lateral"):
        at += 1
    name: list[str] = []
    while at < len(words) and _NAME.fullmatch(words[at]) and words[at] not in _CLAUSES:
        name.append(words[at].strip('"'))
        at += 1
        if at >= len(words) or words[at] != ".":
            break
        at += 1
    # A name followed by a parenthesis is a function.
    if name and not (at < len(words) and words[at] == "("):
        found.add(tuple(name))
    return at
