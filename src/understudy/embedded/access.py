"""Who may connect to the embedded server.

Over TCP, everybody needs a password, which is made for each server. The Unix socket is in a folder
that only its owner can enter. If the server's user is another one (`nobody` instead of root), its
processes can enter the folder too, and the system tells PostgreSQL who is connecting.
"""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

from understudy.embedded.accounts import Account
from understudy.embedded.driver import connect
from understudy.pg import scram

HOST = "127.0.0.1"
HAS_SOCKETS = sys.platform != "win32"
SUPERUSER = "postgres"

_WITH_PASSWORD = f"host all all {HOST}/32 scram-sha-256\n"
_ADMIT = """
    SELECT format('ALTER ROLE %%I PASSWORD %%L', rolname, %s::text) FROM pg_authid
    WHERE rolcanlogin AND rolname <> current_user
"""
_MAP = "understudy"


def write_rules(data: Path, account: Account, major: int) -> None:
    """Write pg_hba.conf and pg_ident.conf, before the server starts.

    Args:
        data: the data directory.
        account: the user that the server runs as.
        major: its version.
    """
    rules, identities = _WITH_PASSWORD, ""
    if not HAS_SOCKETS:
        rules = f"host all all {HOST}/32 trust\n"  # until the password is set
    elif account.uid is None:
        rules += "local all all trust\n"
    else:
        import pwd

        owner = pwd.getpwuid(os.geteuid()).pw_name
        # Before 16, a map cannot name all roles.
        mapped = "all" if major >= 16 else SUPERUSER
        rules += f"local all {mapped} peer map={_MAP}\nlocal all all scram-sha-256\n"
        identities = f'{_MAP} "{owner}" {mapped}\n'
    _write(data / "pg_hba.conf", rules)
    _write(data / "pg_ident.conf", identities)


def set_password(data: Path, dsn: str, password: str, token: str) -> None:
    """Give the superuser a password.

    Args:
        data: the data directory.
        dsn: the URL with which the current user gets in without one.
        password: of ASCII characters.
        token: the server's token.
    """
    with closing(connect(dsn, token=token)) as connection:
        connection.execute(f"ALTER ROLE {SUPERUSER} PASSWORD '{scram.verifier(password)}'")
        if not HAS_SOCKETS:
            _write(data / "pg_hba.conf", _WITH_PASSWORD)
            connection.execute("SELECT pg_reload_conf()")


def admit_roles(dsn: str, password: str, token: str) -> None:
    """Give the server's password to every role of the schema that may log in.

    Args:
        dsn: the URL of a superuser.
        password: of ASCII characters.
        token: the server's token.
    """
    with closing(connect(dsn, token=token)) as connection:
        for (command,) in connection.execute(_ADMIT, (scram.verifier(password),)).fetchall():
            connection.execute(command)


def _write(file: Path, text: str) -> None:
    # The file is there, and keeps its owner.
    file.write_text(text, encoding="utf-8")
