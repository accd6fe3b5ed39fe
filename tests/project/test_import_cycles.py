"""Modules that import each other are imported from where their cycle works."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.write.imported import imports_from, written_modules
from understudy.project.import_cycles import imported

# app.bot works first: it is in sys.modules when app.users asks for a name that is there already.
CYCLE = {
    "bot": "ROLES = ['admin']\nfrom app.db import DB\n",
    "db": "from app.users import Users\n\nclass DB:\n    users = Users\n",
    "users": "from app.bot import ROLES\n\nclass Users:\n    roles = ROLES\n",
}


def test_the_module_is_named_that_has_to_come_first(tmp_path: Path) -> None:
    written_modules(tmp_path, CYCLE)
    with imports_from(tmp_path):
        module, first = imported("app.users")

    assert (module.Users.roles, first) == (["admin"], "app.bot")


def test_a_module_without_a_cycle_needs_no_other(tmp_path: Path) -> None:
    written_modules(tmp_path, CYCLE)
    with imports_from(tmp_path):
        assert imported("app.bot")[1] is None


def test_a_cycle_that_never_works_raises_its_first_error(tmp_path: Path) -> None:
    files = {"one": "from app.two import B\nA = 1\n", "two": "from app.one import A\nB = 2\n"}
    written_modules(tmp_path, files)
    with imports_from(tmp_path), pytest.raises(ImportError, match=r"name 'A' .* module 'app\.one'"):
        imported("app.one")


def test_another_error_is_raised(tmp_path: Path) -> None:
    written_modules(tmp_path, {"one": "from app.two import B\n", "two": ""})
    with imports_from(tmp_path), pytest.raises(ImportError, match="cannot import name 'B'"):
        imported("app.one")
