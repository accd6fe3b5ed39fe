"""Create the roles that a schema names and does not create: they belong to a server.

Such a role cannot log in. Its comment tells that it is Understudy's, so that a CREATE ROLE that
follows completes it.
"""

from __future__ import annotations

import re
from contextlib import closing
from itertools import islice

from understudy.embedded.driver import connect
from understudy.embedded.environment import CLUSTER_NAME
from understudy.embedded.errors import SchemaError
from understudy.pg import sql as lexer

KINDS = ("ROLE", "USER", "GROUP")
# Neither a login that failed nor what a function of the project raises.
_MISSING = re.compile(
    r'^(?!.*(?:FATAL|P0001|RaiseE)).*\brole "([^"\n]+)" does not exist', re.MULTILINE
)
_OWNER = """
    SELECT shobj_description(to_regrole(%s)::oid, 'pg_authid'), current_setting('cluster_name')
"""
_COMMENT = "created by understudy, because a schema names this role"


def missing_role(message: str) -> str | None:
    """Return the role that does not exist according to a message, or None if it is about others."""
    found = _MISSING.search(message)
    return found[1] if found else None


def create(dsn: str, name: str) -> None:
    """Create a role, without login.

    Raises:
        SchemaError: the user of the connection may not create roles.
    """
    import psycopg
    from psycopg import sql

    role = sql.Identifier(name)
    # A connection of its own: that of a file may be another role at the moment.
    with closing(connect(dsn)) as connection:
        try:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
            connection.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(role, _COMMENT))
        except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            # Another run has created it at the same time.
            return
        except psycopg.Error as error:
            reason = error.diag.message_primary or " ".join(str(error).split())
            raise SchemaError(
                f"The schema names the role {name!r}, which this server does not have, and it "
                f"could not be created: {reason}\n"
                f"Create it there: CREATE ROLE {role.as_string(connection)}"
            ) from error


def complete(dsn: str, statement: str) -> bool:
    """Carry out a CREATE ROLE of a role that exists, if it is a run's own.

    Another role on a shared server is somebody else's and stays as it is.

    Returns:
        Whether the role is a run's own.
    """
    import psycopg

    kind, name = islice(lexer.first_tokens(statement), 1, 3)
    with closing(connect(dsn)) as connection:
        row = connection.execute(_OWNER.encode(), (name,)).fetchone()
        comment, cluster = row or ("", "")
        if comment == _COMMENT:
            options = statement[statement.index(name) + len(name) :]
            login = "LOGIN" if kind.upper() == "USER" and "LOGIN" not in options.upper() else ""
            try:
                connection.execute(f"ALTER ROLE {name} {options} {login}".encode())
            except psycopg.Error as error:
                raise SchemaError(
                    f"The schema uses the role {name} before it creates it, and its CREATE ROLE "
                    f"could not be applied afterwards: {error.diag.message_primary}\n"
                    "Move CREATE ROLE to the beginning."
                ) from error
            connection.execute(f"COMMENT ON ROLE {name} IS NULL".encode())
        return bool(comment == _COMMENT or cluster == CLUSTER_NAME)
