"""Examples for DAOs on a real driver: what can be called, and what is written of what was sent.

That such tests pass is shown by the whole runs of test_layouts.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from understudy.init import Findings, look
from understudy.init.example_driver import Recording, recorded_examples, recording_text, recordings
from understudy.init.examples import LayerExamples

from .projects import write

NOTE = {"number": 0, "answer": "None", "raised": None}


def project(folder: Path, source: str, **others: str) -> Findings:
    return look(
        write(
            folder,
            {
                "main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n",
                "repositories.py": source,
                **{f"{name}.py": text for name, text in others.items()},
            },
        )
    )


def found(
    folder: Path, source: str, driver: str | None = "asyncpg", **others: str
) -> list[Recording]:
    findings = project(folder, source, **others)
    return recordings(findings.layers["dao"], findings.modules, driver)


def calls(recorded: Sequence[Recording]) -> list[tuple[str, str]]:
    return [(recording.connection.line, recording.call) for recording in recorded]


def examples(folder: Path, source: str, **note: Any) -> LayerExamples:
    findings = project(folder, source)
    recorded = recordings(findings.layers["dao"], findings.modules, "asyncpg")
    return recorded_examples(recorded, [{**NOTE, **note}], findings.modules, "tests.fakes")


ASYNCPG = "conn = await fake_postgres.asyncpg.connect()"
SESSION = "with Session(fake_postgres.sqlalchemy.sync_engine()) as session:"


@pytest.mark.parametrize(
    ("imports", "annotation", "opening"),
    [
        ("import asyncpg", "asyncpg.Connection", ASYNCPG),
        ("from asyncpg.connection import Connection", "Connection", ASYNCPG),
        ("import asyncpg", '"asyncpg.Pool | None"',
         "async with fake_postgres.asyncpg.pool() as pool:"),
        ("import asyncpg", '"asyncpg.Pool["', None),
        ("import asyncpg", "asyncpg.Pool[asyncpg.Record]",
         "async with fake_postgres.asyncpg.pool() as pool:"),
        ("from psycopg_pool import AsyncConnectionPool", "AsyncConnectionPool",
         "async with fake_postgres.psycopg.pool() as pool:"),
        ("from psqlpy import ConnectionPool", "ConnectionPool",
         "pool = fake_postgres.psqlpy.pool()"),
        ("from sqlalchemy.ext.asyncio import async_sessionmaker", "async_sessionmaker[int]",
         "sessions = async_sessionmaker(fake_postgres.sqlalchemy.engine())"),
        ("from sqlalchemy.ext.asyncio import AsyncEngine", "AsyncEngine",
         "engine = fake_postgres.sqlalchemy.engine()"),
        ("from sqlalchemy.ext.asyncio import AsyncConnection", "AsyncConnection",
         "async with fake_postgres.sqlalchemy.engine().connect() as conn:"),
        ("from sqlalchemy.orm import sessionmaker", "sessionmaker",
         "sessions = sessionmaker(fake_postgres.sqlalchemy.sync_engine())"),
        ("from typing import Annotated\nfrom fastapi import Depends\nimport asyncpg\n"
         "Pool = Annotated[asyncpg.Pool, Depends()]", "Pool",
         "async with fake_postgres.asyncpg.pool() as pool:"),
        ("import asyncpg", "asyncpg.Pool | None",
         "async with fake_postgres.asyncpg.pool() as pool:"),
        ("from psycopg import AsyncConnection", "AsyncConnection",
         "conn = await fake_postgres.psycopg.connect()"),
        ("from sqlalchemy.ext.asyncio import AsyncSession", "AsyncSession",
         "async with AsyncSession(fake_postgres.sqlalchemy.engine()) as session:"),
        ("from typing import Annotated\nfrom sqlalchemy.ext.asyncio import AsyncSession",
         "Annotated[AsyncSession, 1]",
         "async with AsyncSession(fake_postgres.sqlalchemy.engine()) as session:"),
        ("from collections.abc import Iterator", "Iterator[int]", None),
        ("import redis", "redis.Redis", None),
    ],
)  # fmt: skip
def test_what_a_class_is_given(
    tmp_path: Path, imports: str, annotation: str, opening: str | None
) -> None:
    recorded = found(
        tmp_path,
        f"{imports}\n\n\nclass Repo:\n    def __init__(self, x: {annotation}): ...\n\n"
        "    async def get(self, *, id: int): ...\n",
    )

    assert [recording.connection.line for recording in recorded] == (
        [] if opening is None else [opening]
    )


def test_what_a_function_is_given(tmp_path: Path) -> None:
    recorded = found(
        tmp_path,
        """
            import uuid
            from typing import Optional

            from sqlmodel import Session


            def create(session: Session, name: str, email: str, age: int | None = None): ...


            def get(*, session: Session, id: uuid.UUID, ratio: Optional[float], on: bool): ...


            def by_positions(session: Session, name: str, /): ...


            def of_a_thing(session: Session, thing: dict): ...


            def of_nothing(name: str): ...


            @cached
            def get_decorated(session: Session): ...


            def _hidden(session: Session): ...
        """,
    )

    assert calls(recorded) == [
        (SESSION, "get(session=session, id=UUID(int=7), ratio=1.5, on=True)"),
        (SESSION, 'create(session=session, name="Ana", email="ana@example.com")'),
    ]
    assert [recording.is_async for recording in recorded] == [False, False]
    assert recorded[0].imports == (
        "from repositories import get",
        "from uuid import UUID",
        "from sqlmodel import Session",
    )


@pytest.mark.parametrize(
    ("driver", "signature", "opening"),
    [
        ("asyncpg", "async def get(conn)", ASYNCPG),
        ("asyncpg", "async def get(pool)", "async with fake_postgres.asyncpg.pool() as pool:"),
        ("psycopg", "async def get(connection)", "conn = await fake_postgres.psycopg.connect()"),
        ("psycopg", "def get(conn)", "conn = fake_postgres.psycopg.connect_sync()"),
        ("psycopg", "def get(pool)", None),
        (None, "async def get(conn)", None),
        ("asyncpg", "async def get(db)", None),
    ],
)
def test_an_argument_without_an_annotation(
    tmp_path: Path, driver: str | None, signature: str, opening: str | None
) -> None:
    recorded = found(tmp_path, f"{signature}: ...\n", driver)

    assert [recording.connection.line for recording in recorded] == (
        [] if opening is None else [opening]
    )


@pytest.mark.parametrize(
    ("signature", "opening"),
    [
        ("async def get(db)",
         'async with AsyncSession(fake_postgres.sqlalchemy.engine("psycopg")) as session:'),
        ("def get(session)", SESSION),
    ],
)  # fmt: skip
def test_a_session_without_an_annotation(tmp_path: Path, signature: str, opening: str) -> None:
    recorded = found(tmp_path, f"{signature}: ...\n", "psycopg", tables="import sqlalchemy\n")

    assert [recording.connection.line for recording in recorded] == [opening]


def test_how_an_object_is_made(tmp_path: Path) -> None:
    recorded = found(
        tmp_path,
        """
            from base import Base, BaseOfOthers
            from elsewhere import Unknown
            import asyncpg


            class ARepo(Base):
                async def get(self, id: int): ...

                @staticmethod
                async def find(conn: asyncpg.Connection): ...

                @classmethod
                async def load(cls, conn: asyncpg.Connection): ...


            class BRepo:
                def get(self, conn: asyncpg.Connection): ...


            class CRepo(Unknown):
                async def get(self, conn: asyncpg.Connection): ...


            class DRepo(BaseOfOthers):
                async def get(self): ...


            class ERepo:
                def __init__(self, size=3): ...

                async def fetch(self, conn: asyncpg.Connection): ...
        """,
        base="""
            from asyncpg import Connection


            class Base:
                def __init__(self, conn: Connection, size: int = 1) -> None: ...


            class BaseOfOthers:
                def __init__(self, conn: Connection, cache) -> None: ...
        """,
    )

    assert [recording.call for recording in recorded] == [
        "await ARepo(conn=conn).get(id=7)",
        "await ARepo.find(conn=conn)",
        "await ARepo.load(conn=conn)",
        "BRepo().get(conn=conn)",
        "await ERepo().fetch(conn=conn)",
    ]


def test_a_generic_base_is_called_on_its_subclasses(tmp_path: Path) -> None:
    """Without a subclass it has no model; another class that has subclasses comes last."""
    recorded = found(
        tmp_path,
        """
            from base import BaseRepository, OtherRepository


            class TaskRepository(BaseRepository["Task"]):
                model = dict


            class TeamRepository(OtherRepository):
                async def load(self): ...
        """,
        base="""
            from typing import Generic, TypeVar
            from sqlalchemy.ext.asyncio import AsyncSession

            T = TypeVar("T")


            class BaseRepository(Generic[T]):
                model: type[T]

                def __init__(self, session: AsyncSession) -> None: ...

                async def get(self, id_: int) -> T: ...

                async def create(self, one: T) -> T: ...


            class OtherRepository:
                def __init__(self, session: AsyncSession) -> None: ...

                async def find(self) -> None: ...
        """,
    )

    assert [recording.call for recording in recorded] == [
        "await TaskRepository(session=session).get(id_=7)",
        "await TeamRepository(session=session).load()",
        "await TeamRepository(session=session).find()",
        "await OtherRepository(session=session).find()",
    ]


@pytest.mark.parametrize(
    ("source", "call"),
    [
        ("class R:\n    def __init__(self, *, pool: Pool): ...", "R(pool=pool)"),
        ("class R:\n    def __init__(self, pool: Pool = Depends(get)): ...", "R(pool=pool)"),
        ("class R:\n    def __init__(self, pool: Pool | None = None): ...", "R(pool=pool)"),
        ("class R:\n    def __init__(self, table: str, pool: Pool, n=1): ...",
         'R(table="Ana", pool=pool)'),
        ("class R:\n    def __init__(self, pool: Pool, log: Logger): ...",
         "R(pool=pool, log=logging.getLogger())"),
        ("@dataclass\nclass R:\n    pool: Pool\n    size: int = 3", "R(pool=pool)"),
        ("@define(frozen=True)\nclass R:\n    kind: ClassVar[str]\n    pool: Pool", "R(pool=pool)"),
        ("class R:\n    pool: Pool", None),
        ("class R:\n    def __init__(self, pool: Pool, cache: Cache): ...", None),
    ],
)  # fmt: skip
def test_what_a_constructor_takes(tmp_path: Path, source: str, call: str | None) -> None:
    imports = (
        "from asyncpg import Pool\nfrom logging import Logger\nfrom attrs import define\n"
        "from dataclasses import dataclass\nfrom typing import ClassVar\n"
    )
    source = source.replace("class R:", "class Repo:")
    recorded = found(tmp_path, f"{imports}{source}\n    async def get(self, id: int): ...\n")

    assert [recording.call for recording in recorded] == (
        [] if call is None else [f"await {call.replace('R(', 'Repo(', 1)}.get(id=7)"]
    )


def test_the_test_that_records(tmp_path: Path) -> None:
    (recorded,) = found(tmp_path, "async def get_note(conn, note_id: int): ...\n")

    assert recording_text(recorded, 3) == dedent('''\
        """A recording."""

        import pytest
        from understudy.init.probe import recording

        from repositories import get_note


        @pytest.mark.asyncio
        async def test_recording(fake_postgres) -> None:
            """Record what get_note sends."""
            conn = await fake_postgres.asyncpg.connect()

            with recording(fake_postgres, 3) as record:
                record.answer = await get_note(conn=conn, note_id=7)
        ''')


GET = "async def get_note(conn, note_id: int): ...\n"


@pytest.mark.parametrize(
    ("statement", "parameters", "answer", "rule", "act"),
    [
        ("SELECT a FROM b WHERE c = $1", ["7"], "None",
         'fake_postgres.on("SELECT a FROM b WHERE c = $1", 7).rows()',
         "assert await get_note(conn=conn, note_id=7) is None"),
        ("INSERT INTO b VALUES ($1) RETURNING c", ["ANY"], "[]",
         'fake_postgres.on("INSERT INTO b VALUES ($1) RETURNING c", ANY).rows()',
         "assert await get_note(conn=conn, note_id=7) == []"),
        ("UPDATE b\n  SET c = 1", [], "'UPDATE 0'",
         'fake_postgres.on("UPDATE b SET c = 1").tag("UPDATE 1")',
         "await get_note(conn=conn, note_id=7)"),
        ("WITH a AS (SELECT 1) SELECT 2", [], "<Thing object>",
         'fake_postgres.on("WITH a AS (SELECT 1) SELECT 2").rows()',
         "await get_note(conn=conn, note_id=7)"),
    ],
)  # fmt: skip
def test_what_was_sent_is_what_is_expected(
    tmp_path: Path, statement: str, parameters: list[str], answer: str, rule: str, act: str
) -> None:
    layer = examples(tmp_path, GET, calls=[[statement, parameters]], answer=answer)

    (candidate,) = layer.candidates
    assert candidate.file == "test_repositories_dao.py"
    assert candidate.text.partition('nothing else."""\n')[2] == (
        f"    {rule}\n"
        "    conn = await fake_postgres.asyncpg.connect()\n"
        "\n"
        f"    {act}\n"
        "\n"
        "    assert len(fake_postgres.calls) == 1\n"
    )
    assert ("from tests.fakes import ANY\n" in candidate.text) is ("ANY" in parameters)


def test_a_long_statement_and_an_exception_of_the_project(tmp_path: Path) -> None:
    source = """
        from uuid import UUID

        import asyncpg


        class Missing(Exception): ...


        class NoteRepo:
            def __init__(self, pool: asyncpg.Pool): ...

            async def get(self, note_id: UUID): ...
    """
    sent = """
            SELECT id, title, body, author
            FROM notes WHERE id = $1 AND NOT gone
    """
    layer = examples(
        tmp_path,
        source,
        calls=[[sent, ["UUID(int=7)"]]],
        raised=["repositories", "Missing", "Missing: 7"],
    )

    (candidate,) = layer.candidates
    assert candidate.text == dedent('''\
        """Tests for repositories."""

        from uuid import UUID

        import pytest
        from understudy import FakePostgres

        from repositories import Missing, NoteRepo


        @pytest.mark.asyncio
        async def test_get_sends_its_statement(fake_postgres: FakePostgres) -> None:
            """NoteRepo.get sends this SQL with these parameters, and nothing else."""
            fake_postgres.on(
                """
                SELECT id, title, body, author
                FROM notes WHERE id = $1 AND NOT gone
                """,
                UUID(int=7),
            ).rows()

            async with fake_postgres.asyncpg.pool() as pool:
                with pytest.raises(Missing):
                    await NoteRepo(pool=pool).get(note_id=UUID(int=7))

            assert len(fake_postgres.calls) == 1
        ''')


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        ({"calls": [["SELECT 1", []], ["SELECT 2", []]]},
         "get_note sends 2 statements if nothing is found, not one"),
        ({"calls": []}, "get_note sends 0 statements if nothing is found, not one"),
        ({"calls": [["SELECT 1", []]], "raised": ["builtins", "TypeError", "TypeError: no row"]},
         "get_note fails if nothing is found: TypeError: no row"),
    ],
)  # fmt: skip
def test_what_makes_no_example(tmp_path: Path, note: dict[str, Any], reason: str) -> None:
    layer = examples(tmp_path, GET, **note)

    assert (list(layer.candidates), layer.reason) == ([], reason)


def test_an_exception_that_is_raised_on_purpose(tmp_path: Path) -> None:
    raised = ["fastapi.exceptions", "HTTPException", "HTTPException: 404"]

    layer = examples(tmp_path, GET, calls=[["SELECT 1", []]], raised=raised)

    (candidate,) = layer.candidates
    assert "from fastapi.exceptions import HTTPException\n" in candidate.text
    assert (
        "    with pytest.raises(HTTPException):\n        await get_note(conn=conn, note_id=7)\n"
    ) in candidate.text
