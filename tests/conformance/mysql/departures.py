"""Where a driver sees another answer on the fake than on the real server, and why.

The script is what PyMySQL got. A driver that sends something else to the real server gets another
answer there. Without a schema the fake knows no types and reads no SQL.
"""

from __future__ import annotations

from itertools import product

_DECIMAL = "it pastes 0.5, which is a DECIMAL; PyMySQL pastes 0.5e0"
_BYTES = "it pastes bytes as a string"
_BOUND = "it binds the value, which keeps its type; PyMySQL pastes it as a string"
_TYPE = "it reads the value by its type, which only a schema tells"
_SYNTAX = "the server refuses the statement, which has a placeholder that PyMySQL has not sent"
_NEGATIVE = "it binds another value than the negative timedelta that it was given"
_CONNECTORS = ("mysql.connector", "mysql.connector prepared")
_PREPARED = ("asyncmy prepared", "mysql.connector prepared")

# By the driver and the flow.
DEPARTURES: dict[tuple[str, str], str] = {
    **{("mysql.connector", f"value {number}"): _DECIMAL for number in (9, 10, 13)},
    **{(name, f"value {number}"): _BYTES for name in _CONNECTORS for number in (36, 37, 39)},
    **dict.fromkeys(product(_PREPARED, [f"value {number}" for number in range(40, 45)]), _BOUND),
    ("asyncmy prepared", "value 45"): _BOUND,
    **dict.fromkeys(product(["mysql.connector"], ["column st 0", "column st 1"]), _TYPE),
    **dict.fromkeys(product(["mysql.connector"], ["column bt 0", "column bt 1"]), _TYPE),
    ("mysql.connector", "column st 2"): _TYPE,
    ("mysql.connector prepared", "column yr 0"): _TYPE,
    ("mysql.connector prepared", "column yr 1"): _TYPE,
    ("mysql.connector prepared", "statement 159"): "the text of the error has a value, not `?`",
    ("mysql.connector prepared", "session only a comment"): "MariaDB prepares a comment",
    ("mysql.connector prepared", "statement 126"): _SYNTAX,
}
# These the fake refuses, which fails a test: a rule answers what PyMySQL sends.
REFUSED: dict[tuple[str, str], str] = {
    ("mysql.connector prepared", "column t3 1"): _NEGATIVE,
    ("mysql.connector prepared", "value 45"): _NEGATIVE,
    **{(name, "statement 144"): _SYNTAX for name in _CONNECTORS},
    ("mysql.connector prepared", "statement 145"): _SYNTAX,
    ("asyncmy prepared", "statement 126"): "it binds the list as a string",
}
