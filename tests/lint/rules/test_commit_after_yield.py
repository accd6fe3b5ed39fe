"""UND034: dependencies that commit when the response has been sent."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "an override": """
from app.main import app, get_session, sessions
async def override():
    async with sessions() as session:
        yield session
        await session.commit()  # here
def test_a(client):
    app.dependency_overrides[get_session] = override
    assert client.get("/users")
""",
    "a dependency of the test's own app": """
from fastapi import Depends, FastAPI
app = FastAPI()
def get_db():
    db = connect()
    yield db
    db.commit()  # here
@app.get("/users")
def users(db=Depends(get_db)):
    return db
""",
    "in finally, in a fixture": """
import pytest
from app.main import app, get_session, sessions
@pytest.fixture
def client():
    async def override():
        session = sessions()
        try:
            yield session
        finally:
            await session.commit()  # here
            await session.close()
    app.dependency_overrides[get_session] = override
    yield app
""",
    "a fixture is no dependency": """
import pytest
@pytest.fixture
async def session(sessions):
    async with sessions() as session:
        yield session
        await session.commit()
""",
    "before the yield, and a rollback after it": """
from app.main import app, get_session, sessions
async def override():
    async with sessions() as session:
        session.add(user())
        await session.commit()
        yield session
        await session.rollback()
app.dependency_overrides[get_session] = override
""",
    "before the response": """
from fastapi import Depends, FastAPI
app = FastAPI()
async def get_db():
    db = await connect()
    yield db
    await db.commit()
@app.get("/users")
async def users(db=Depends(get_db, scope="function")):
    return db
""",
    "a FastAPI that runs it before the response": """
from app.main import app, get_session, sessions
async def override():
    async with sessions() as session:
        yield session
        await session.commit()
app.dependency_overrides[get_session] = override
=== requirements.txt
fastapi==0.115.2
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND034", case, tmp_path)
