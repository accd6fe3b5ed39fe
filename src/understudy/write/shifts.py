"""Change what a test must not depend on: numbers, the order of rows, generated values, the day."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

_LATER = dt.timedelta(days=37)

# A row that is updated moves to the end of its table. Triggers would change more than that.
_SHIFT = """
DO $$
DECLARE one record;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN
        SELECT c.oid::regclass AS name, min(quote_ident(a.attname)) AS column_name
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
            AND a.attidentity <> 'a'
        GROUP BY c.oid
    LOOP
        EXECUTE format(
            'UPDATE %1$s SET %2$s = %2$s WHERE ctid = (SELECT min(ctid) FROM %1$s)',
            one.name, one.column_name
        );
    END LOOP;
    FOR one IN
        SELECT c.oid::regclass AS name FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'S' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    LOOP
        PERFORM setval(one.name, nextval(one.name) + 1000);
    END LOOP;
    SET LOCAL session_replication_role = origin;
END $$
"""


def shift(real_postgres: Any) -> None:
    """Advance all sequences, and move the first row of each table to its end."""
    # A COMMIT of its own would be answered by the script of the trial.
    with real_postgres.psycopg.connect_sync(autocommit=True) as connection:
        connection.execute(_SHIFT)


@contextmanager
def other_values(item: pytest.Item) -> Iterator[None]:
    """Give a test another name, and so other values where its rows or `faker` generate them.

    A trial is written as a test with another name, too.
    """
    location = item.location
    item.location = (*location[:2], f"{location[2]} shifted")
    try:
        yield
    finally:
        item.location = location


class _Plain(type):
    """Makes what a class inherits from, and takes that for its own."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.__mro__[1])

    def __call__(cls, *args: Any, **options: Any) -> Any:
        return cls.__mro__[1](*args, **options)


class _Date(dt.date, metaclass=_Plain):
    @classmethod
    def today(cls) -> dt.date:  # type: ignore[override] # not one of this class
        return dt.date.today() + _LATER


class _DateTime(dt.datetime, metaclass=_Plain):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override] # as above
        return dt.datetime.now(tz) + _LATER

    @classmethod
    def today(cls) -> dt.datetime:  # type: ignore[override] # as above
        return dt.datetime.today() + _LATER

    @classmethod
    def utcnow(cls) -> dt.datetime:  # type: ignore[override] # as above
        return dt.datetime.utcnow() + _LATER


_MODULE = ModuleType("datetime")
vars(_MODULE).update({**vars(dt), "date": _Date, "datetime": _DateTime})
_REPLACED = ((dt.date, _Date), (dt.datetime, _DateTime), (dt, _MODULE))


@contextmanager
def later(module: str, folder: Path) -> Iterator[None]:
    """Let the code of a project take today for another day.

    Args:
        module: the name of one of its modules.
        folder: the folder with its modules.
    """
    package = module.partition(".")[0]
    with pytest.MonkeyPatch.context() as patch:
        for name, of in list(sys.modules.items()):
            path = getattr(of, "__file__", None) or ""
            is_own = path and "site-packages" not in path and Path(path).is_relative_to(folder)
            if not is_own and name.partition(".")[0] != package:
                continue
            for key, value in list(vars(of).items()):
                for real, other in _REPLACED:
                    if value is real:
                        patch.setitem(vars(of), key, other)
        yield
