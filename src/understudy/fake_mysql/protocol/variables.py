"""System variables of a session: their values at its start, and what SET makes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from understudy.fake_mysql.protocol.connection import Connection
from understudy.fake_mysql.protocol.login import ServerOptions
from understudy.mysql import charsets
from understudy.mysql import sql as mysql_sql
from understudy.mysql.error_fields import server_error
from understudy.mysql.sql import Piece

_COMMON: Final[dict[str, object]] = {
    "auto_increment_increment": 1,
    "auto_increment_offset": 1,
    "autocommit": 1,
    "big_tables": 0,
    "character_set_filesystem": "binary",
    "character_set_server": "utf8mb4",
    "character_set_system": "utf8mb3",
    "connect_timeout": 10,
    "default_storage_engine": "InnoDB",
    "default_week_format": 0,
    "div_precision_increment": 4,
    "event_scheduler": "OFF",
    "foreign_key_checks": 1,
    "group_concat_max_len": 1048576,
    "hostname": "localhost",
    "init_connect": "",
    "innodb_lock_wait_timeout": 50,
    "interactive_timeout": 28800,
    "license": "GPL",
    "local_infile": 0,
    "lock_wait_timeout": 86400,
    "lower_case_table_names": 0,
    "max_allowed_packet": 16777216,
    "max_connections": 151,
    "net_buffer_length": 16384,
    "net_read_timeout": 30,
    "net_write_timeout": 60,
    "read_only": 0,
    "sql_auto_is_null": 0,
    "sql_big_selects": 1,
    "sql_notes": 1,
    "sql_quote_show_create": 1,
    "sql_safe_updates": 0,
    "sql_select_limit": 18446744073709551615,
    "sql_warnings": 0,
    "system_time_zone": "UTC",
    "time_zone": "SYSTEM",
    "unique_checks": 1,
    "wait_timeout": 28800,
}
_MYSQL: Final[dict[str, object]] = {
    "collation_server": "utf8mb4_0900_ai_ci",
    "group_concat_max_len": 1024,
    "lock_wait_timeout": 31536000,
    "max_allowed_packet": 67108864,
    "max_execution_time": 0,
    "sql_mode": "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
    "super_read_only": 0,
    "transaction_isolation": "REPEATABLE-READ",
    "transaction_read_only": 0,
    "version_comment": "MySQL Community Server - GPL",
}
_MARIADB: Final[dict[str, object]] = {
    "collation_server": "utf8mb4_general_ci",
    "idle_readonly_transaction_timeout": 0,
    "idle_transaction_timeout": 0,
    "idle_write_transaction_timeout": 0,
    "max_statement_time": 0.0,
    "sql_mode": "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,"
    "NO_ENGINE_SUBSTITUTION",
    "tx_isolation": "REPEATABLE-READ",
    "tx_read_only": 0,
    "version_comment": "mariadb.org binary distribution",
}
_SWITCHES: Final = {"ON": 1, "TRUE": 1, "OFF": 0, "FALSE": 0}
# MySQL has the first name, MariaDB the second, and both from 11.1 on.
_SYNONYMS: Final = {
    "transaction_isolation": "tx_isolation",
    "transaction_read_only": "tx_read_only",
}
# The others are named ..._general_ci.
_COLLATIONS: Final = {
    "binary": "binary",
    "latin1": "latin1_swedish_ci",
    "latin5": "latin5_turkish_ci",
    "big5": "big5_chinese_ci",
    "gb18030": "gb18030_chinese_ci",
    "gb2312": "gb2312_chinese_ci",
    "gbk": "gbk_chinese_ci",
    "cp932": "cp932_japanese_ci",
    "sjis": "sjis_japanese_ci",
    "ujis": "ujis_japanese_ci",
    "euckr": "euckr_korean_ci",
    "tis620": "tis620_thai_ci",
}


def at_start(options: ServerOptions) -> dict[str, object]:
    """Return the system variables of a server, with which a session begins."""
    own = dict(_MARIADB if options.is_mariadb else _MYSQL)
    major, _, rest = options.version.partition(".")
    if options.is_mariadb and (int(major), rest[:1] != "0") >= (11, True):
        own |= {name: own[old] for name, old in _SYNONYMS.items()}
    settings = {**_COMMON, "version": options.version, **own, **options.settings}
    use_charset(settings, str(settings["character_set_server"]), None)
    settings["character_set_database"] = settings["character_set_server"]
    settings["collation_database"] = settings["collation_server"]
    return settings


def use_charset(settings: dict[str, object], charset: str, collation: str | None) -> None:
    """Set the variables that SET NAMES sets."""
    for name in ("client", "connection", "results"):
        settings[f"character_set_{name}"] = charset
    is_server = charset == settings.get("character_set_server")
    usual = _COLLATIONS.get(charset, f"{charset}_general_ci")
    default = settings["collation_server"] if is_server else usual
    settings["collation_connection"] = default if collation is None else collation


def set_names(connection: Connection, pieces: Sequence[Piece]) -> None:
    """Carry out SET NAMES.

    Raises:
        ServerError: the character set is unknown.
    """
    names = [_text(piece) for piece in pieces]
    default = connection.defaults["character_set_client"]
    name = str(default) if pieces[0].word == "DEFAULT" else names[0]
    charset = charsets.by_name(name)
    if charset is None:
        raise server_error(1115, "42000", f"Unknown character set: '{name}'")
    connection.charset = charset
    use_charset(connection.settings, charset.name, names[1] if len(names) > 1 else None)


def _text(piece: Piece) -> str:
    value = literal(piece)
    return value if isinstance(value, str) else piece.text


def literal(piece: Piece) -> Any:
    """Return what a literal or a word means as a value of a variable."""
    if piece.kind == "text":
        return mysql_sql.text_of(piece.text)
    if piece.kind == "number":
        return int(piece.text) if piece.text.isdecimal() else Decimal(piece.text)
    if piece.kind == "name":
        return piece.text[1:-1]
    return None if piece.word == "NULL" else piece.text


def assigned(name: str, pieces: Sequence[Piece], connection: Connection) -> Any:
    """Return the value that an assignment gives a variable.

    Args:
        name: of the variable, in lower case; a variable of the user's begins with @.
        pieces: what is assigned.
        connection: the connection.

    Raises:
        LookupError: the session cannot tell the value, or has no such variable.
    """
    value = _evaluated(pieces, connection)
    if name.startswith("@"):
        if pieces[0].kind == "word" and value is not None:  # or a function without brackets
            return {"TRUE": 1, "FALSE": 0}[pieces[0].word]
        return value
    default = connection.defaults[known_name(name, connection)]
    if pieces[0].word == "DEFAULT":
        return default
    if isinstance(default, int) and isinstance(value, str):
        return _SWITCHES.get(value.upper(), value)
    return value


def known_name(name: str, connection: Connection) -> str:
    """Return the name that the server has for a system variable of another version's."""
    old = _SYNONYMS.get(name, name)
    return old if name not in connection.settings else name


def set_variable(name: str, value: object, connection: Connection) -> None:
    """Give a system variable a value, under each of its names."""
    for new, old in {name: name, **_SYNONYMS}.items():
        if name in (new, old):
            for known in {new, old} & connection.settings.keys():
                connection.settings[known] = value


def _evaluated(pieces: Sequence[Piece], connection: Connection) -> Any:
    match [piece.kind for piece in pieces]:
        case ["variable"]:
            return read(pieces[0].text, connection)
        case ["text" | "number" | "word" | "name"]:
            return literal(pieces[0])
        case ["symbol", "number"] if pieces[0].text in "+-":
            number = literal(pieces[1])
            return -number if pieces[0].text == "-" else number
    raise LookupError


def read(variable: str, connection: Connection) -> Any:
    """Return the value of `@x` or `@@x`.

    Raises:
        LookupError: the session does not have it.
        ServerError: no server of this version has it.
    """
    if not variable.startswith("@@"):
        return connection.variables.get(variable[1:].strip("`'\"").lower())
    name = variable.lower().removeprefix("@@").split(".")[-1].strip("`")
    if name in _OF_LATEST:
        return _OF_LATEST[name](connection)
    is_of_others = name in _SYNONYMS or name in _SYNONYMS.values()
    if is_of_others and name not in connection.settings:
        raise server_error(1193, "HY000", f"Unknown system variable '{name}'")
    return connection.settings[name]


_OF_LATEST: Final[dict[str, Callable[[Connection], int]]] = {
    "warning_count": lambda connection: len(connection.warnings),
    "error_count": lambda connection: sum(one.level == "Error" for one in connection.warnings),
    "last_insert_id": lambda connection: connection.last_insert_id,
    "identity": lambda connection: connection.last_insert_id,
    "pseudo_thread_id": lambda connection: connection.pid,
}
