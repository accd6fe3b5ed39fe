"""Roles and run-time parameters: on `real_postgres` as on the real server itself.

Every command is played at every place of a transaction, and each connection is asked afterwards
which role and parameters it has. A rolled-back transaction, a clone and the server itself must give
the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from tests.conformance.role_servers import Address, Servers

PROBE = """
SELECT current_user, session_user, current_setting('role'), current_setting('is_superuser'),
    nullif(current_setting('app.tenant', true), ''), current_setting('search_path'),
    current_setting('TimeZone'), current_setting('work_mem'), current_setting('application_name'),
    current_setting('statement_timeout'), current_setting('lock_timeout'),
    current_setting('DateStyle'), (SELECT count(*) FROM notes)
"""
COMMANDS = [
    "SET ROLE roles_tenant",
    "SET LOCAL ROLE roles_tenant",
    "SET ROLE NONE",
    "RESET ROLE",
    "SET ROLE nobody_at_all",
    "SET SESSION AUTHORIZATION roles_tenant",
    "SET LOCAL SESSION AUTHORIZATION roles_app",
    "SET SESSION AUTHORIZATION DEFAULT",
    "SET SESSION AUTHORIZATION nobody_at_all",
    "RESET SESSION AUTHORIZATION",
    "SELECT set_config('role', 'roles_tenant', false)",
    "SELECT set_config('role', 'roles_tenant', true)",
    "SET app.tenant = '2'",
    "SET LOCAL app.tenant = 2",
    "RESET app.tenant",
    "SELECT set_config('app.tenant', '2', false)",
    "SELECT set_config('app.tenant', '2', true), set_config('work_mem', '8MB', false)",
    "SELECT set_config(name, '2', true) FROM (VALUES ('app.tenant')) AS names (name)",
    "SET search_path TO private, public",
    "SET LOCAL search_path = ''",
    "SET search_path TO DEFAULT",
    "SET TimeZone TO 'asia/tokyo'",
    "SET LOCAL TIME ZONE -3",
    "SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE",
    "SET LOCAL work_mem = '5MB'",
    "SET work_mem TO 7000",
    "SET application_name TO 'here'",
    "SET lock_timeout TO 100",
    "RESET lock_timeout",
    "SET LOCAL DateStyle TO german",
    "SET log_statement TO 'all'",
    "SET no_such_thing TO 1",
    "RESET ALL",
    "DISCARD ALL",
    "SELECT enter('2')",
    "SELECT remain('2')",
    "SELECT as_tenant()",
    "SELECT with_clause()",
    "SELECT definer()",
    "DO $$ BEGIN SET LOCAL app.tenant = '2'; SET work_mem = '5MB'; END $$",
    "DO $$ BEGIN PERFORM set_config('ROLE', 'roles_tenant', true); END $$",
    "SET LOCAL ROLE roles_tenant; SET app.tenant = '1'; SELECT current_user",
    "SET ROLE roles_tenant; SELECT 1/0",
    "SELECT * FROM private.secrets",
    "INSERT INTO notes (id, tenant) VALUES (9, 1)",
    "INSERT INTO notes (id, tenant) VALUES (9, 1); SET TRANSACTION READ ONLY",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "BEGIN READ ONLY",
    "/* first */ SET LOCAL app.tenant = '2'",
    "DO $$ BEGIN EXECUTE format('SET app.tenant = %L', '2'); END $$",
]
# Where each command is played; "cmd" stands for it, and "?" asks.
PLACES: dict[str, list[str]] = {
    "by itself": ["cmd", "?"],
    "committed": ["BEGIN", "cmd", "?", "COMMIT", "?"],
    "rolled back": ["BEGIN", "cmd", "?", "ROLLBACK", "?"],
    "rolled back to": ["BEGIN", "SAVEPOINT s", "cmd", "?", "ROLLBACK TO s", "?", "COMMIT", "?"],
    "released": ["BEGIN", "SAVEPOINT s", "cmd", "RELEASE s", "?", "COMMIT", "?"],
    "after a value": [
        "SET app.tenant = '1'",
        "SET ROLE roles_tenant",
        "BEGIN",
        "cmd",
        "?",
        "COMMIT",
        "?",
    ],
    "before a failure": ["BEGIN", "cmd", "SELECT 1/0", "ROLLBACK", "?"],
}
LOGINS: dict[str, dict[str, str]] = {
    "superuser": {"user": "postgres"},
    "app": {"user": "roles_app"},
    "app as tenant": {"user": "roles_app", "options": "-c role=roles_tenant -c work_mem=5MB"},
    "defaults": {"user": "roles_defaults", "application_name": "mine"},
}


def ask(connection: psycopg.Connection, sql: str, *, is_extended: bool = False) -> Any:
    """What a statement comes to, and what the server has told about it."""
    notices: list[Any] = []
    connection.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    try:
        # A parameter, even none, makes psycopg use the extended protocol.
        cursor = connection.execute(sql.encode(), () if is_extended else None)
        rows: Any = cursor.fetchall() if cursor.description else cursor.statusmessage
    except psycopg.Error as error:
        rows = (error.sqlstate, error.diag.message_primary)
    told = [
        connection.info.parameter_status(name)
        for name in ("TimeZone", "is_superuser", "session_authorization", "DateStyle",
                     "application_name", "search_path")
    ]  # fmt: skip
    connection._notice_handlers.clear()
    return rows, notices, told


def play_at(
    place: Sequence[str], command: str, login: dict[str, str], *, is_extended: bool = False
) -> Callable[[Address], list[Any]]:
    def scene(address: Address) -> list[Any]:
        def connect(user: str, **given: str) -> psycopg.Connection:
            return psycopg.connect(address(user), autocommit=True, **given)  # type: ignore[arg-type]  # options

        story: list[Any] = []
        with ExitStack() as stack:
            one = stack.enter_context(connect(**login))
            other = stack.enter_context(connect("postgres"))
            story.append(("other", ask(other, PROBE)))
            for step in place:
                if step == "cmd":
                    extended = is_extended and ";" not in command.partition("$$")[0]
                    story.append((step, ask(one, command, is_extended=extended)))
                    continue
                if step != "?":
                    story.append((step, ask(one, step)))
                    continue
                story.append(("same", ask(one, PROBE)))
                if one.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                    story.append(("other", ask(other, PROBE)))
                    story.append(("same", ask(one, PROBE)))
                    with connect("roles_app") as new:
                        story.append(("new", ask(new, PROBE)))
        return story

    return scene


FAST = ("committed", "rolled back to")


@pytest.mark.parametrize(
    ("login", "place"),
    [
        pytest.param(
            login, place, marks=() if login == "app" and place in FAST else pytest.mark.slow
        )
        for login in LOGINS
        for place in PLACES
    ],
)
def test_a_setting_has_the_scope_that_it_has_on_the_real_server(
    role_servers: Servers, login: str, place: str
) -> None:
    differences = []
    for number, command in enumerate(COMMANDS):
        scene = play_at(PLACES[place], command, LOGINS[login], is_extended=number % 2 == 1)
        played = role_servers.play(scene)
        itself = played.pop("itself")
        differences += [
            (command, how, one, other)
            for how, story in played.items()
            for one, other in zip(story, itself, strict=True)
            if one != other
        ]
    assert differences == []
