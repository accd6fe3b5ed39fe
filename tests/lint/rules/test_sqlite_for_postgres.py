from pathlib import Path

from ..cases import check, parametrized

ENGINE = """
import pytest
from sqlalchemy.ext.asyncio import create_async_engine
@pytest.fixture
async def engine():
    engine = create_async_engine("sqlite+aiosqlite:///:memory:")
    yield engine
async def test_it(engine):
    assert await engine.connect()
"""
FOUND = ENGINE.replace(':memory:")', ':memory:")  # here')
APP = """\
=== app/db.py
from sqlalchemy.ext.asyncio import create_async_engine
engine = create_async_engine("postgresql+asyncpg://localhost/app")
"""
CASES = {
    "the app's URL is PostgreSQL's": FOUND + APP,
    "the driver is required, and the URL of the tests has a name": """
from sqlmodel import create_engine
URL = "sqlite:///./test.db"
engine = create_engine(URL, connect_args={"check_same_thread": False})  # here
def test_it():
    assert engine
=== requirements.txt
sqlalchemy==2.0
psycopg2-binary==2.9.9
=== app/__init__.py
""",
    "the app's models have PostgreSQL's types, and the tests set its variable": """
import os
os.environ["DATABASE_URL"] = "sqlite:///test.db"  # here
from app.models import Base
def test_it():
    assert Base
=== app/models.py
from sqlalchemy.dialects.postgresql import JSONB
Base = JSONB
""",
    "a local name, an f-string, and an extra of SQLAlchemy": """
import pytest
from sqlalchemy import create_engine
@pytest.fixture
def engine(tmp_path):
    url = f"sqlite:///{tmp_path}/test.db"
    return create_engine(url)  # here
def test_it(engine):
    assert engine
=== pyproject.toml
[project]
dependencies = [
  "sqlalchemy[asyncio,postgresql-asyncpg]>=2",
]
""",
    "the app supports SQLite": ENGINE
    + """\
=== app/db.py
URL = os.environ.get("DATABASE_URL", "sqlite:///local.db")
=== requirements.txt
asyncpg
""",
    "the app's own .env names SQLite": ENGINE
    + APP
    + """\
=== .env.example
DATABASE_URL=sqlite+aiosqlite:///./app.db
""",
    "nothing says PostgreSQL": ENGINE
    + """\
=== app/db.py
URL = os.environ["DATABASE_URL"]
=== requirements.txt
sqlalchemy
""",
    "the app runs on MySQL, too": ENGINE
    + APP
    + """\
=== requirements.txt
asyncpg
aiomysql
""",
    "the tests run on PostgreSQL, too": """
import os
from sqlalchemy.ext.asyncio import create_async_engine
if os.environ.get("CI"):
    engine = create_async_engine("postgresql+asyncpg://localhost/test")
else:
    engine = create_async_engine("sqlite+aiosqlite://")
def test_it():
    assert engine
"""
    + APP,
    "the caller chooses": """
import os
from sqlalchemy.ext.asyncio import create_async_engine
from elsewhere import URL
engine = create_async_engine(os.environ.get("TEST_URL", "sqlite://"))
other = create_async_engine(URL)
third = create_async_engine()
def test_it():
    assert engine
"""
    + APP,
    "an engine of a single test": """
from sqlalchemy import create_engine
def test_it():
    engine = create_engine("sqlite://")
    assert engine.dialect.name == "sqlite"
"""
    + APP,
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND019", case, tmp_path)
