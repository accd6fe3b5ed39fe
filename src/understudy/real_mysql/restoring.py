"""Put tables back as the schema has made them: their rows, and their AUTO_INCREMENT."""

from __future__ import annotations

from collections.abc import Iterable

from understudy.mysql.sql import quoted
from understudy.mysql_server.admin import LONGEST_WAIT, Admin
from understudy.mysql_server.copies import base_tables, copy_content, copy_rows, drop_content
from understudy.mysql_server.errors import MysqlDatabaseError

# Seconds: a statement that still runs for a test that is over may hold a table.
_LOCK_TIMEOUT = 20
_COUNTERS = (
    "SELECT table_name, auto_increment FROM information_schema.tables"
    " WHERE table_schema = %s AND auto_increment IS NOT NULL"
)
_TRIGGERS = (
    "SELECT trigger_name, event_object_table, event_manipulation FROM information_schema.triggers"
    " WHERE trigger_schema = %s"
)


class Restorer:
    """Puts the tables of a database back.

    Args:
        admin: a connection to the server, whose settings it changes.
        template: the name of the database with the schema, and the rows that come with it.
        database: the name of the database of the tests.
    """

    def __init__(self, admin: Admin, template: str, database: str) -> None:
        self._admin = admin
        self._template = template
        self._database = database
        admin.rows(f"USE {quoted(database)}")
        admin.rows(f"SET wait_timeout = {LONGEST_WAIT}")  # it is idle while a test runs
        admin.rows(f"SET lock_wait_timeout = {_LOCK_TIMEOUT}")
        admin.rows(f"SET innodb_lock_wait_timeout = {_LOCK_TIMEOUT}")
        if not admin.is_mariadb:
            admin.rows("SET information_schema_stats_expiry = 0")  # or counters may be a day old
        self._seeded = {
            name
            for name in base_tables(admin, template)
            if admin.rows(f"SELECT 1 FROM {quoted(template)}.{quoted(name)} LIMIT 1")
        }
        self._counters = dict(admin.rows(_COUNTERS, template))
        self._triggers: dict[str, dict[str, str]] = {}
        self._deleted_by_triggers: set[str] = set()
        for name, table, event in admin.rows(_TRIGGERS, template):
            [row] = admin.rows(f"SHOW CREATE TRIGGER {quoted(template)}.{quoted(name)}")
            self._triggers.setdefault(table, {})[name] = row[2]
            if event == "DELETE":
                self._deleted_by_triggers.add(table)

    def restore(self, tables: Iterable[str]) -> None:
        """Put tables back.

        Raises:
            MysqlDatabaseError: MySQL refuses; the message says why.
            MysqlUnavailable: the server is gone.
        """
        names = sorted(tables)
        if not names:
            return
        self._admin.rows("SET foreign_key_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
        counters = dict(self._admin.rows(_COUNTERS, self._database))
        for name in names:
            is_counted = counters.get(name) != self._counters.get(name)
            if name in self._seeded:
                self._copy(name)
                if is_counted:
                    first = self._counters[name]
                    self._admin.rows(f"ALTER TABLE {quoted(name)} AUTO_INCREMENT = {first}")
            elif is_counted or name in self._deleted_by_triggers:
                # It resets the counter and fires no trigger, but costs a disk more than DELETE.
                self._admin.rows(f"TRUNCATE TABLE {quoted(name)}")
            else:
                self._admin.rows(f"DELETE FROM {quoted(name)}")

    def replace(self) -> None:
        """Put everything back, after statements that may have changed the schema.

        Raises:
            MysqlDatabaseError: MySQL refuses.
            MysqlUnavailable: the server is gone.
        """
        drop_content(self._admin, self._database)
        copy_content(self._admin, self._template, self._database)

    def _copy(self, table: str) -> None:
        """Replace the rows of a table, while it has no triggers."""
        triggers = self._triggers.get(table, {})
        try:
            for name in triggers:
                self._admin.rows(f"DROP TRIGGER {quoted(name)}")
            self._admin.rows(f"DELETE FROM {quoted(table)}")
            copy_rows(self._admin, self._template, self._database, table)
            for text in triggers.values():
                self._admin.rows(text)
        except MysqlDatabaseError:
            self.replace()
