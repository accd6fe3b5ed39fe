"""Read PostgreSQL's analysed query tree: which tables and columns a statement touches.

With `debug_print_parse` on, the server sends the tree of every statement that it parses, in the
form in which it also stores views (`nodeToString`). The form is internal: check the server's major
version (`READABLE`) before reading a tree, and treat missing fields as unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from understudy.pg.oids import FIRST_OWN_OID

# The major versions whose trees are understood, and those whose tables and columns can be told:
# before 16, the tree does not say which columns an outer join makes NULL.
READABLE = frozenset({16, 17, 18})
SEARCHABLE = READABLE | {14, 15}

# A node is a dict of its fields, with its type under "": {"": "VAR", "varno": "1", ...}.
Node = dict[str, Any]

_TOKEN = re.compile(r"[{}()]|(?:\\.|[^\s{}()\\])+", re.DOTALL)
# The numbers and flags that this package reads: removing the others before the tree is read halves
# the time. PostgreSQL escapes spaces and first digits in names.
_FIELDS_READ = (
    "action|aggfilter|aggfnoid|agglevelsup|alias|argisrow|commandType|constisnull|consttype"
    "|ctelevelsup|cterecursive|funcformat|funcid|funcretset|funcvariadic|groupClause|groupingSets|hasAggs"
    "|hasTargetSRFs|havingQual|inFromCl|jointype|limitCount|limitOffset|limitOption|nulltesttype"
    "|op|opno|opretset|override|paramid|relid|resjunk|resno|resultRelation|resulttype|rtekind|rtindex"
    "|setOperations|subLinkType|utilityStmt|varattno"
    "|varlevelsup|varno|varreturningtype|winfnoid"
)
_FIELD_UNREAD = re.compile(rf":(?!(?:{_FIELDS_READ})\s)\w+\s+(?:-?\d+|true|false|<>)(?=[\s}}])")
# The value of a constant, as the bytes of a Datum (eight for an integer, little end first) or of a
# short text.
_CONSTANT = re.compile(r":constvalue\s+\d+\s+\[((?:\s+-?\d+){1,128})\s+\]")
# Queries of which constants are read: an INSERT, an UPDATE, and all with LIMIT.
_WITH_CONSTANTS = re.compile(r"\{QUERY\s+:commandType\s+[23]\s|:limitCount\s+\{")
_PERMISSION = re.compile(r"\{RTEPERMISSIONINFO\s+:relid\s+(\d+)([^{}]*)\}")
# Before 16, the fields stand at the table itself, behind nodes of its TABLESAMPLE.
_PERMISSION_BEFORE_16 = re.compile(
    r":rtekind\s+0\s+:relid\s+(\d+)(?=.*?(:requiredPerms\s[^{}]*))", re.DOTALL
)
_COLUMNS = re.compile(r":(?:selected|inserted|updated)Cols\s+\(b([\d\s]*)\)")
_REQUIRED = re.compile(r":requiredPerms\s+(\d+)")
_INSERT_RIGHT, _SELECT_RIGHT = 1, 2
_CALLED = re.compile(r":(?:funcid|aggfnoid|winfnoid|opfuncid|resulttype)\s+(\d{5,})")
# Bit 0 of a set of columns stands for the attribute number -7, the lowest of a system column.
_FIRST_ATTRIBUTE = -7
_INTEGERS = (20, 21, 23)
_COMMANDS = {"1": "SELECT", "2": "UPDATE", "3": "INSERT", "4": "DELETE", "5": "MERGE"}


def read_tree(text: str) -> Any:
    """Read a tree: nodes become dicts, lists and sets become lists, `<>` becomes None.

    Unused fields are left out, and so are the values of constants, except short ones in an INSERT,
    an UPDATE or a query with LIMIT ("#" and the bytes). A malformed tree is read as far as
    possible.
    """
    root: list[Any] = []
    stack: list[tuple[Any, str]] = []
    current: Any = root
    key = ""
    waiting = False
    if _WITH_CONSTANTS.search(text):
        text = _CONSTANT.sub(_as_one_word, text)
    for token in _TOKEN.findall(_FIELD_UNREAD.sub("", text)):
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
        # Other tokens after a value belong to it: the bytes of a constant.
    return root[0] if len(root) == 1 else root


def _as_one_word(match: re.Match[str]) -> str:
    return f":constvalue #{','.join(match[1].split())}"


def command_of(query: Node) -> str | None:
    """Return the command of a query, or None for a utility statement."""
    command = _COMMANDS.get(query.get("commandType", ""))
    if command == "SELECT" and _is_values(query):
        return "VALUES"
    return command


def _is_values(query: Node) -> bool:
    """Return whether a whole query is VALUES (...), (...)."""
    tables = nodes(query.get("rtable"))
    if len(tables) != 1 or tables[0].get("rtekind") != "5":
        return False
    return tables[0].get("alias") is None and tables[0].get("inFromCl") == "true"


def touched(text: str) -> dict[int, set[int]]:
    """Return the attribute numbers that a statement reads or writes, by the OID of the table.

    0 is the whole row. A table whose rows are only counted has none.

    Args:
        text: the tree as text.
    """
    found: dict[int, set[int]] = {}
    for oid, fields in _permissions(text):
        columns = found.setdefault(int(oid), set())
        for members in _COLUMNS.findall(fields):
            columns.update(int(member) + _FIRST_ATTRIBUTE for member in members.split())
    return found


def written(text: str) -> tuple[set[int], set[int]]:
    """Return the OIDs of the tables into which a statement inserts, and that it changes or locks.

    Args:
        text: the tree as text.
    """
    inserted: set[int] = set()
    changed: set[int] = set()
    for oid, fields in _permissions(text):
        match = _REQUIRED.search(fields)
        rights = int(match[1]) if match else 0
        if rights & _INSERT_RIGHT:
            inserted.add(int(oid))
        if rights & ~(_INSERT_RIGHT | _SELECT_RIGHT):
            changed.add(int(oid))
    return inserted, changed


def _permissions(text: str) -> list[tuple[str, str]]:
    """Return the OID of each table, and what is done to it."""
    return _PERMISSION.findall(text) or _PERMISSION_BEFORE_16.findall(text)


def called(text: str) -> set[int]:
    """Return the OIDs of the functions, operators and domains of the schema in a tree's text."""
    return {oid for oid in map(int, _CALLED.findall(text)) if oid >= FIRST_OWN_OID}


def nodes(value: Any) -> list[Node]:
    """Return the nodes in a list, or no nodes if the value is not a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def numbers(value: Any) -> set[int]:
    """Return the members of a set or a list of numbers: (b 1 2), (i 1 2), (o 1 2)."""
    if not isinstance(value, list):
        return set()
    return {int(item) for item in value[1:]}


def number(node: Mapping[str, Any], field: str) -> int:
    """Return a field as a number, or 0 if it is missing or not a number."""
    value = node.get(field)
    return int(value) if isinstance(value, str) and value.lstrip("-").isdecimal() else 0


def constant(node: Node) -> bytes | None:
    """Return the bytes of a constant; None for another node, and for one that was not read."""
    text = node.get("constvalue")
    if node.get("") != "CONST" or not isinstance(text, str) or not text.startswith("#"):
        return None
    return bytes(int(byte) & 255 for byte in text[1:].split(","))


def integer(node: Node) -> int | None:
    """Return the value of an integer constant."""
    data = constant(node)
    if data is None or number(node, "consttype") not in _INTEGERS:
        return None
    return int.from_bytes(data, "little", signed=True)
