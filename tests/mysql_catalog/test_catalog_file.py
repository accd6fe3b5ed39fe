"""The committed file: a second run needs no server."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from tests.mysql_catalog.mutants import Judges
from tests.mysql_catalog.shop import STATEMENTS
from understudy.catalog.errors import StatementRefused, StatementUnknown
from understudy.catalog.run_catalog import Catalog, save
from understudy.mysql_catalog.checks import MysqlChecker
from understudy.mysql_catalog.describer import MysqlDescriber
from understudy.script.expectations import opened
from understudy.script.mysql_calls import MysqlCall


def no_server() -> NoReturn:
    raise AssertionError("a server was asked")


def test_a_second_run_needs_no_server(judges: Judges, tmp_path: Path) -> None:
    file = tmp_path / "understudy-catalog-mysql"
    first = Catalog(file, str, lambda: MysqlDescriber(judges.connect))
    checker = MysqlChecker(first)
    calls = [MysqlCall(statement) for statement in STATEMENTS]
    described = [checker.describe(call) for call in calls]
    with opened(), pytest.raises(StatementRefused):
        checker.describe(MysqlCall("SELECT nmae FROM users"))
    delta = first.delta()
    assert delta is not None
    save(file, [delta])
    first.close()

    second = MysqlChecker(Catalog(file, str, no_server, locked=True))

    assert [second.describe(call) for call in calls] == described
    assert second.server == "MariaDB"
    with opened(), pytest.raises(StatementRefused, match="Unknown column 'nmae'"):
        second.describe(MysqlCall("SELECT nmae FROM users"))
    with opened(), pytest.raises(StatementUnknown, match="does not hold this statement"):
        second.describe(MysqlCall("SELECT email FROM users"))


def test_the_file_names_the_server_and_no_database(judges: Judges, tmp_path: Path) -> None:
    catalog = Catalog(None, str, lambda: MysqlDescriber(judges.connect))
    catalog.verdict("SELECT 1 FROM usres")
    delta = catalog.delta()
    catalog.close()

    assert delta is not None
    first, *lines = delta.text.splitlines()
    assert first.startswith('{"understudy": 1, "server": "MariaDB 1')
    assert judges.database not in delta.text
    assert lines[-1] == (
        '{"sql": "SELECT 1 FROM usres", "refused": {"sqlstate": "42S02", '
        '"message": "Table \'usres\' doesn\'t exist", "hint": "Did you mean \'users\'?", '
        '"position": 15, "code": 1146}}'
    )
