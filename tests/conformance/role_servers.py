"""A schema with roles, on a rolled-back transaction, on a clone and on the server itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from understudy.embedded import TestDatabases
from understudy.real_postgres.fixture import ClonedPostgres, RealPostgres
from understudy.real_postgres.rollback_server import RollbackServer
from understudy.script import expectations

SCHEMA = """
CREATE ROLE roles_app LOGIN PASSWORD 's3cret';
CREATE ROLE roles_tenant NOLOGIN;
CREATE ROLE roles_defaults LOGIN PASSWORD 's3cret';
CREATE ROLE roles_outside LOGIN PASSWORD 's3cret';
GRANT roles_tenant TO roles_app;
ALTER ROLE roles_defaults SET search_path = private, public;
ALTER ROLE roles_defaults SET app.tenant = '3';
ALTER ROLE roles_defaults SET work_mem = '6MB';
CREATE SCHEMA private;
CREATE TABLE private.secrets (id int PRIMARY KEY);
CREATE TABLE notes (
    id int PRIMARY KEY,
    tenant int NOT NULL,
    parent int REFERENCES notes DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE private.links (
    id int PRIMARY KEY, parent int REFERENCES private.links DEFERRABLE INITIALLY DEFERRED
);
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO roles_app, roles_tenant, roles_defaults;
GRANT CREATE ON SCHEMA public TO roles_app;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenants ON notes USING (
    tenant = nullif(current_setting('app.tenant', true), '')::int
);
CREATE POLICY all_for_tenant ON notes TO roles_tenant USING (tenant = 1);
CREATE FUNCTION enter(tenant text) RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN PERFORM set_config('app.tenant', tenant, true); END $$;
CREATE FUNCTION remain(tenant text) RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN PERFORM set_config('app.tenant', tenant, false); END $$;
CREATE FUNCTION as_tenant() RETURNS name LANGUAGE plpgsql AS
    $$ BEGIN SET LOCAL ROLE roles_tenant; RETURN current_user; END $$;
CREATE FUNCTION with_clause() RETURNS text LANGUAGE sql SET app.tenant = '9' SET work_mem = '9MB'
    AS $$ SELECT current_setting('app.tenant') || current_setting('work_mem') $$;
CREATE FUNCTION definer() RETURNS text LANGUAGE sql SECURITY DEFINER
    AS $$ SELECT current_user || session_user || (SELECT count(*) FROM notes) $$;
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET lock_timeout = 9000', current_database());
END $$;
INSERT INTO notes (id, tenant) VALUES (1, 1), (2, 2), (3, 2);
"""

# Returns the URL for a user.
Address = Callable[[str], str]


class Servers:
    """A real server, a transaction on it that is rolled back, and a clone."""

    def __init__(self, databases: TestDatabases) -> None:
        self.rollback = RollbackServer(lambda: databases.new()[1])
        self.rollback.start()
        name, clone = (databases.new()[0] for _ in range(2))
        self._dsn = databases.place.dsn(name)
        self._clone = databases.place.socket_dsn(clone)

    def play(self, scene: Callable[[Address], Any]) -> dict[str, Any]:
        """Return what a scene comes to on each."""
        played = {}
        with expectations.opened() as found:
            real = RealPostgres(self.rollback)
            try:
                played["rollback"] = scene(_address(real.dsn))
            finally:
                real.end()
            cloned = ClonedPostgres(self.rollback, self._clone)
            try:
                played["clone"] = scene(_address(cloned.dsn))
            finally:
                cloned.end()
        assert found.verify() == []
        played["itself"] = scene(_address(self._dsn))
        for dsn in (self._dsn, self._clone):
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute("DELETE FROM notes WHERE id > 3")
        return played


def _address(dsn: str) -> Address:
    return lambda user: dsn.replace("//postgres:", f"//{user}:", 1)


@contextmanager
def servers_in(folder: Path) -> Iterator[Servers]:
    """Run the servers."""
    (folder / "schema.sql").write_text(SCHEMA)
    with TestDatabases(["schema.sql"], folder) as databases:
        servers = Servers(databases)
        yield servers
        servers.rollback.stop()
