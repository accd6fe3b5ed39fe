"""A small shop: a DAO, its service and its routes, each tested to the last branch."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from understudy.cli.write import write

SHOP = Path(__file__).parent / "shop"

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(folder)
    return folder


def written(module: str) -> dict[str, Any]:
    result = CliRunner().invoke(write, [module, "--format", "json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    assert document["not_reached"] == []
    assert [file["dropped"] for file in document["files"]] == [{} for _ in document["files"]]
    return document


def assert_passes(folder: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout


def test_a_dao_has_every_branch_and_no_wrong_sql_unnoticed(shop: Path) -> None:
    document = written("app/orders_dao.py")

    mutants = document["mutants"]
    assert mutants["killed"] == mutants["killable"] > 8
    text = (shop / "tests/test_orders_dao.py").read_text(encoding="utf-8")
    assert 'status="cancelled"' in text  # read from the comparison in the source
    assert "pytest.raises(OrderClosed)" in text
    assert "pytest.raises(UniqueViolationError)" in text
    assert_passes(shop)


def test_a_service_gets_a_dummy_that_answers_what_the_dao_did(shop: Path) -> None:
    written("app/orders_service.py")

    text = (shop / "tests/test_orders_service.py").read_text(encoding="utf-8")
    assert "dummy(OrderDAO)" in text
    assert 'result == "This order is closed."' in text
    assert_passes(shop)


def test_routes_and_models_are_tested_by_what_they_answer(shop: Path) -> None:
    document = written("app.main")

    assert {file["layer"] for file in document["files"]} >= {"router", "dto"}
    routes = (shop / "tests/test_main_router.py").read_text(encoding="utf-8")
    for status in (200, 201, 204, 401, 403, 404, 409, 410):
        assert f"assert response.status_code == {status}\n" in routes
    assert '{"detail": "too much"}' in routes  # from a comparison in the DAO
    assert 'code="orders:delete"' in routes  # what the caller needs, from a dependency
    models = (shop / "tests/test_main_dto.py").read_text(encoding="utf-8")
    assert "string_too_short" in models
    assert_passes(shop)
