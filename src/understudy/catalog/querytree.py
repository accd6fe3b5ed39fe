"""Read PostgreSQL's analysed query tree: which tables and columns a statement touches.

With `debug_print_parse` on, the server sends the tree of every statement that it parses, in the
form in which it also stores views (`nodeToString`). The form is internal, so whoever reads it asks
for the server's major version first (`READABLE`), and takes what is not found for unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

# The major versions whose trees are understood.
READABLE = frozenset({16, 17, 18})

# A node is a dict of its fields, with its type under "": {"": "VAR", "varno": "1", ...}.
Node = dict[str, Any]

_TOKEN = re.compile(r"[{}()]|(?:\\.|[^\s{}()\\])+", re.DOTALL)
_RELATION = re.compile(r"\{RANGETBLENTRY\b(?:[^{}]|\{ALIAS\b[^{}]*\})*?\s:relid\s+(\d+)")
# Bit 0 of a set of columns stands for the attribute number -7, the lowest of a system column.
_FIRST_ATTRIBUTE = -7
_COMMANDS = {"1": "SELECT", "2": "UPDATE", "3": "INSERT", "4": "DELETE", "5": "MERGE"}


def read_tree(text: str) -> Any:
    """Read a tree: nodes become dicts, lists and sets become lists, `<>` becomes None.

    What is cut short or closed too often is read as far as it makes sense.
    """
    root: list[Any] = []
    stack: list[tuple[Any, str]] = []
    current: Any = root
    key = ""
    waiting = False
    for token in _TOKEN.findall(text):
        if token in "{(":
            child: Any = {} if token == "{" else []
            if isinstance(current, list):
                current.append(child)
            else:
                current[key] = child
            stack.append((current, key))
            current, key, waiting = child, "", token == "{"
        elif token in "})":
            if stack:
                current, key = stack.pop()
            waiting = False
        elif isinstance(current, list):
            current.append(None if token == "<>" else token)
        elif waiting:
            current[key] = None if token == "<>" else token
            waiting = False
        elif token[0] == ":":
            key, waiting = token[1:], True
        # Whatever else follows a value belongs to it: the bytes of a constant.
    return root[0] if len(root) == 1 else root


def queries(tree: Any) -> Iterator[Node]:
    """Every query in a tree, the outermost first."""
    todo = [tree]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            if part.get("") == "QUERY":
                yield part
            todo.extend(value for value in part.values() if isinstance(value, (dict, list)))
        elif isinstance(part, list):
            todo.extend(value for value in part if isinstance(value, (dict, list)))


def command_of(query: Node) -> str | None:
    """What a query does; None where it is no query but a utility statement."""
    command = _COMMANDS.get(query.get("commandType", ""))
    if command == "SELECT" and _is_values(query):
        return "VALUES"
    return command


def _is_values(query: Node) -> bool:
    """Whether the whole of a query is VALUES (...), (...)."""
    tables = nodes(query.get("rtable"))
    return len(tables) == 1 and tables[0].get("rtekind") == "5" and _is_unnamed(tables[0])


def _is_unnamed(table: Node) -> bool:
    return table.get("alias") is None and table.get("inFromCl") == "true"


def touched(tree: Any) -> dict[int, set[int]]:
    """The attribute numbers that are read or written, by the OID of the table or view.

    0 stands for the row as a whole. A table of which only the number of rows matters has none.
    """
    found: dict[int, set[int]] = {}
    for query in queries(tree):
        for permission in nodes(query.get("rteperminfos")):
            columns = found.setdefault(int(permission["relid"]), set())
            for kind in ("selectedCols", "insertedCols", "updatedCols"):
                columns.update(numbers(permission.get(kind), offset=_FIRST_ATTRIBUTE))
    return found


def relations_in(text: str) -> set[int]:
    """The OIDs of the tables and views in a tree that is too long to be read."""
    return {int(oid) for oid in _RELATION.findall(text)}


def nodes(value: Any) -> list[Node]:
    """The nodes in a list; none where there is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def numbers(value: Any, *, offset: int = 0) -> set[int]:
    """The members of a set or of a list of numbers: (b 1 2), (i 1 2), (o 1 2)."""
    if not isinstance(value, list):
        return set()
    return {int(item) + offset for item in value[1:]}


def number(node: Mapping[str, Any], field: str) -> int:
    """A field that is a number; 0 where it is missing or none."""
    value = node.get(field)
    return int(value) if isinstance(value, str) and value.lstrip("-").isdecimal() else 0
