"""The reference backend, unchanged, on its own psqlpy pool, pointed at `fake_postgres`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backend_copy import Folder, copy_backend

TESTS = '''
"""The app's own pool, of psqlpy, connects to the scripted server."""

from datetime import datetime

import pytest

from src.domain.dal import DAL
from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.user import UserDAO
from src.config.settings import Settings
from understudy import db_error

pytestmark = pytest.mark.asyncio
ONE = "SELECT id, name, email, cpf, status, created_at, updated_at FROM users WHERE id = $1"


async def test_endpoint(async_client, fake_postgres, identity):
    moment = datetime(2026, 1, 2)
    fake_postgres.on(ONE, 7).row(
        id=7, name="Ana", email="ana@example.com", cpf=None, status="approved",
        created_at=moment, updated_at=moment,
    )

    response = await async_client.get("/users/7", headers={"Authorization": "Bearer x"})

    assert response.status_code == 200, response.text
    assert response.json()["name"] == "Ana"
    fake_postgres.assert_called(ONE, 7, times=1)


async def test_lost_connection(async_client, fake_postgres, identity):
    fake_postgres.on(ONE, 7).drops()

    response = await async_client.get("/users/7", headers={"Authorization": "Bearer x"})

    assert response.status_code >= 500, response.text


async def test_one_line_is_enough(fake_postgres):
    fake_postgres.on(ONE, 7).raises(db_error("57014"))

    async with DAL.pool(Settings(database_url=fake_postgres.dsn)):
        with pytest.raises(DAOException) as raised:
            await UserDAO.fetch_detail(7)

    assert "statement timeout" in str(raised.value.__cause__)


async def test_impossible_answer(async_client, fake_postgres, identity):
    fake_postgres.on(ONE, 7).row(id=7, nome="Ana")

    response = await async_client.get("/users/7", headers={"Authorization": "Bearer x"})

    assert response.status_code == 500
'''


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What became of those tests in a copy of the backend: one line of configuration was added."""
    folder = copy_backend(tmp_path_factory.mktemp("backend") / "backend")
    _configure(folder)
    folder.write("tests/test_fake_postgres.py", TESTS)
    found = folder.outcomes("tests/test_fake_postgres.py", "--understudy-locked")
    return {name.rpartition("::")[2]: outcome for name, outcome in found.items()}


def _configure(folder: Folder) -> None:
    file = Path(folder.path / "pyproject.toml")
    text = file.read_text(encoding="utf-8")
    line = 'fake_postgres_env = {BACKEND_DATABASE_URL = "{dsn}"}'
    file.write_text(text.replace("[tool.understudy]\n", f"[tool.understudy]\n{line}\n"))


@pytest.mark.parametrize(
    "test", ["test_endpoint", "test_lost_connection", "test_one_line_is_enough"]
)
def test_the_apps_own_pool_is_answered_from_the_script(outcomes: dict[str, str], test: str) -> None:
    assert outcomes[test] == "passed"


def test_what_the_statement_could_not_return_fails_the_test(outcomes: dict[str, str]) -> None:
    assert (
        "AnswerImpossible: the statement could not return this: 7 columns differ"
        in (outcomes["test_impossible_answer"])
    )
