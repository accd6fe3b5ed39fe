"""What is found in projects of many kinds. Nothing of them is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.init import Findings, InitError, look

from .projects import write

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"


def found(folder: Path, files: dict[str, str]) -> Findings:
    return look(write(folder, {"main.py": APP, **files}))


def apps(findings: Findings) -> list[str]:
    return [app.target for app in findings.apps]


def schemas(findings: Findings) -> list[tuple[tuple[str, ...], str, str]]:
    return [(schema.setting, schema.what, str(schema.place)) for schema in findings.schemas]


def drivers(findings: Findings) -> list[tuple[str, str]]:
    return [(driver.name, str(driver.place)) for driver in findings.drivers]


# The app


def test_the_app_that_a_command_starts_comes_first(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        {"other/server.py": APP, "other/__init__.py": "", "run.sh": "uvicorn other.server:app\n"},
    )

    assert apps(findings) == ["other.server:app", "main:app"]
    assert findings.apps[0].score - findings.apps[1].score == 50


def test_an_app_that_is_mounted_comes_last(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        {
            "main.py": f"""{APP}
api = FastAPI()


@api.get("/")
def index(): ...


app.mount("/", api)
"""
        },
    )

    assert apps(findings) == ["main:app", "main:api"]


@pytest.mark.parametrize(
    ("source", "needs", "is_async", "usable"),
    [
        ("def create(debug=False) -> FastAPI:\n    return FastAPI(debug=debug)\n", (), False, True),
        ("def create(settings, *, name, debug=False):\n    return FastAPI()\n",
         ("settings", "name"), False, False),
        ("async def create() -> FastAPI:\n    return FastAPI()\n", (), True, False),
    ],
    ids=["with defaults", "with needs", "async"],
)  # fmt: skip
def test_a_factory(
    tmp_path: Path, source: str, needs: tuple[str, ...], is_async: bool, usable: bool
) -> None:
    findings = found(tmp_path, {"main.py": f"from fastapi import FastAPI\n\n\n{source}"})

    (app,) = findings.apps
    assert (app.target, str(app.place)) == ("main:create", "main.py:4")
    assert (app.needs, app.is_async, app.usable) == (needs, is_async, usable)


def test_the_app_of_a_private_factory_comes_first(tmp_path: Path) -> None:
    source = "def _create():\n    return FastAPI()\n\n\napp = _create()\n"

    findings = found(tmp_path, {"main.py": f"from fastapi import FastAPI\n\n\n{source}"})

    assert apps(findings) == ["main:app", "main:_create"]


@pytest.mark.parametrize(
    "source",
    [
        "def fixture():\n    yield FastAPI()\n",
        "def start() -> None:\n    FastAPI()\n",
        "def client() -> str:\n    return str(FastAPI())\n",
    ],
)
def test_what_makes_an_app_and_is_no_factory(tmp_path: Path, source: str) -> None:
    findings = found(tmp_path, {"tools.py": f"from fastapi import FastAPI\n\n\n{source}"})

    assert apps(findings)[0] == "main:app"
    assert [app for app in apps(findings) if "fixture" in app or "start" in app] == []


def test_an_app_of_a_class_of_the_project_behind_a_condition(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        {
            "base.py": "from fastapi import FastAPI\n\n\nclass Shop(FastAPI):\n    pass\n",
            "main.py": """
                from base import Shop

                if True:
                    web: Shop = Shop()

                if __name__ == "__main__":
                    other = Shop()
            """,
        },
    )

    assert apps(findings) == ["main:web"]


def test_the_project_is_the_nearest_folder_that_says_so(tmp_path: Path) -> None:
    findings = look(
        write(
            tmp_path,
            {
                "pyproject.toml": "[project]\nname = 'all'\n",
                "services/web/requirements.txt": "fastapi\nasyncpg\n",
                "services/web/app/__init__.py": "",
                "services/web/app/main.py": APP,
            },
        )
    )

    assert apps(findings) == ["app.main:app"]
    assert findings.root == tmp_path / "services" / "web"
    assert findings.package == "app"
    assert drivers(findings) == [("asyncpg", "services/web/requirements.txt:2")]


# The schema


def test_alembic(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        {
            "alembic.ini": "[alembic]\nscript_location = db:scripts\n",
            "db/scripts/versions/1.py": "",
            "db/scripts/versions/2.py": "",
            "db/scripts/versions/__init__.py": "",
        },
    )

    assert schemas(findings) == [(("alembic",), "Alembic, 2 migrations", "alembic.ini:2")]


def test_alembic_without_a_migration_or_a_location(tmp_path: Path) -> None:
    findings = found(tmp_path, {"alembic.ini": "[alembic]\nscript_location = db\n"})

    assert schemas(findings) == [
        ((), "Alembic without a migration: there is none in db/versions", "alembic.ini:2")
    ]
    (tmp_path / "alembic.ini").write_text("[alembic]\n")
    assert schemas(look(tmp_path)) == []


def test_several_configurations_of_alembic(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        {
            "a/alembic.ini": "[alembic]\nscript_location = m\n",
            "a/m/versions/1.py": "",
            "b/alembic.ini": "[alembic]\nscript_location = m\n",
            "b/m/versions/1.py": "",
        },
    )

    assert schemas(findings) == [
        (("alembic:a/alembic.ini",), "Alembic, 1 migration", "a/alembic.ini:2"),
        (("alembic:b/alembic.ini",), "Alembic, 1 migration", "b/alembic.ini:2"),
    ]


@pytest.mark.parametrize("location", ["src/app/migrations", "%(here)s/migrations"])
def test_alembic_comes_before_the_models_wherever_it_is(tmp_path: Path, location: str) -> None:
    findings = found(
        tmp_path,
        {
            "src/app/alembic.ini": f"[alembic]\nscript_location = {location}\n",
            "src/app/migrations/versions/1.py": "",
            "src/app/models.py": (
                "from sqlalchemy.orm import DeclarativeBase\n"
                "class Base(DeclarativeBase): pass\n"
                "class User(Base):\n    __tablename__ = 'users'\n"
            ),
        },
    )

    assert [setting for setting, _, _ in schemas(findings)] == [
        ("alembic:src/app/alembic.ini",),
        ("tests.schema:create",),
    ]


@pytest.mark.parametrize(
    ("files", "setting"),
    [
        (["1.up.sql", "1.down.sql", "2.up.sql"], "db/*.up.sql"),
        (["V1__a.sql", "V2__b.sql"], "db/*.sql"),
        (["tables.sql", "queries.sql"], "db/tables.sql"),
    ],
)
def test_sql(tmp_path: Path, files: list[str], setting: str) -> None:
    written = {f"db/{name}": "SELECT 1;\n" for name in files}
    written[f"db/{files[0]}"] = "-- first\nCREATE UNLOGGED TABLE t (id int);\n"

    assert schemas(found(tmp_path, written)) == [
        ((setting,), "SQL, 1 file with CREATE TABLE", f"db/{files[0]}:2")
    ]


def test_sql_that_goes_both_ways(tmp_path: Path) -> None:
    text = "-- migrate:up\nCREATE TABLE t (id int);\n-- migrate:down\nDROP TABLE t;\n"

    assert schemas(found(tmp_path, {"db/1.sql": text})) == [
        (
            (),
            "SQL with both directions: db/1.sql also contains the downgrade, and loading the file "
            "would run it",
            "db/1.sql:2",
        )
    ]


def test_tables_of_sqlmodel(tmp_path: Path) -> None:
    source = "import sqlmodel\n\n\nclass A(sqlmodel.SQLModel, table=True):\n    id: int\n"
    findings = found(tmp_path, {"models.py": source})

    assert schemas(findings) == [
        (("tests.schema:create",), "sqlmodel.SQLModel.metadata, tables in 1 module", "models.py:4")
    ]
    (schema,) = findings.schemas
    assert schema.metadata is not None
    assert (schema.metadata.source, schema.metadata.modules) == (
        "sqlmodel:SQLModel.metadata",
        ("models",),
    )


def test_tables_of_core(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        {
            "db.py": """
                from sqlalchemy import Column, Integer, MetaData, Table

                meta = MetaData()
                notes = Table("notes", meta, Column("id", Integer))
            """
        },
    )

    assert schemas(findings) == [
        (("tests.schema:create",), "db.meta, tables in 1 module", "db.py:4")
    ]


def test_tables_in_several_collections(tmp_path: Path) -> None:
    source = """
        from sqlalchemy.orm import DeclarativeBase


        class {0}(DeclarativeBase):
            pass


        class T({0}):
            __tablename__ = "t"
    """
    findings = found(tmp_path, {"a.py": source.format("A"), "b.py": source.format("B")})

    assert schemas(findings) == [
        ((), "tables in several collections: a:A.metadata, b:B.metadata", "a.py:8")
    ]


def test_models_of_tortoise(tmp_path: Path) -> None:
    source = "from tortoise.models import Model\n\n\nclass T(Model):\n    pass\n"

    assert schemas(found(tmp_path, {"models.py": source})) == [
        ((), "models of Tortoise ORM, from which no schema can be taken yet", "models.py:4")
    ]


def test_the_url_of_a_database_is_shown_without_its_password(tmp_path: Path) -> None:
    source = 'URL = "postgresql://me:secret@db.example.com/shop?password=secret"\n'

    assert schemas(found(tmp_path, {"settings.py": source})) == [
        ((), "a database, postgresql://me:***@db.example.com/shop?password=***", "settings.py:1")
    ]


# The driver


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"Pipfile": '[packages]\nfastapi = "*"\npsycopg = "*"\n'}, [("psycopg", "Pipfile:3")]),
        ({"Pipfile": "[packages\n"}, []),
        ({"requirements/base.txt": "# asyncpg\n-r x\nTortoise_ORM[asyncpg]>=0.2\n"},
         [("asyncpg", "requirements/base.txt:3")]),
        ({"pyproject.toml": '[dependency-groups]\ndev = ["psqlpy", {include-group = "x"}]\n'},
         [("psqlpy", "pyproject.toml:2")]),
        ({"pyproject.toml": '[project.optional-dependencies]\ndb = [\n  "psycopg-binary",\n]\n'},
         [("psycopg", "pyproject.toml:3")]),
        ({"pyproject.toml": '[tool.poetry.group.x.dependencies]\ndatabases = "1"\n'},
         [("asyncpg", "pyproject.toml:2")]),
        ({"config.yml": "url: postgresql+psycopg://a@b/c\n", "requirements.txt": "asyncpg\n"},
         [("psycopg", "config.yml:1"), ("asyncpg", "requirements.txt:1")]),
        ({"a.py": "import psqlpy\n", "b.py": "import asyncpg\n", "c.py": "from asyncpg import x\n"},
         [("asyncpg", "b.py:1"), ("psqlpy", "a.py:1")]),
        ({"requirements.txt": "psycopg2-binary\n"}, []),
    ],
)  # fmt: skip
def test_the_driver(tmp_path: Path, files: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert drivers(found(tmp_path, files)) == expected


# The layers


def test_the_layers(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        {
            "code.py": """
                from abc import ABC
                from typing import Generic, TypeVar

                from pydantic import BaseModel
                from pydantic_settings import BaseSettings
                from sqlmodel import SQLModel


                class Settings(BaseSettings):
                    pass


                class Row(SQLModel, table=True):
                    pass


                class In(SQLModel):
                    pass


                class Outer:
                    class Inner(BaseModel):
                        pass


                class AbstractRepository(ABC):
                    def get(self): ...


                class NoteRepo:
                    def get(self): ...


                class EmptyRepo:
                    pass


                class MailService:
                    def send(self): ...
            """,
            "services/notes.py": """
                def remind(): ...


                def _hidden(): ...


                class Failed(Exception):
                    def __str__(self): ...


                class MailError(ValueError):
                    def __str__(self): ...
            """,
            "crud/notes.py": "def get_note(conn): ...\n",
            "tests/helpers.py": "class FakeRepo:\n    def get(self): ...\n",
            "routes.py": "@router.get(path='/a')\n@router.post('/b')\ndef a(): ...\n",
        },
    )

    assert {layer: [part.name for part in parts] for layer, parts in findings.layers.items()} == {
        "router": ["GET /a", "POST /b"],
        "service": ["MailService", "remind", "Failed"],
        "dao": ["NoteRepo", "get_note"],
        "dto": ["In", "Outer.Inner"],
    }


def test_sql_in_the_source_says_what_is_a_dao(tmp_path: Path) -> None:
    """A function with a decorator is a route, a command or a task, whatever it sends."""
    source = """
        SQL = "SELECT 1"

        class UsersTable:
            "SELECT id FROM users: the users."

            async def remove(self, user_id: int) -> None:
                await self.connection.execute("DELETE FROM users WHERE id = %s", [user_id])

        class Report:
            def title(self, name: str) -> str:
                return f"Select one from {name}"

        async def names(conn, column: str):
            return await conn.fetch(f"SELECT {column} FROM users")

        def shown() -> str:
            return SQL

        @command
        async def reset(conn):
            await conn.execute("UPDATE users SET banned = false")
        """

    findings = found(tmp_path, {"users.py": source})

    assert [part.name for part in findings.layers["dao"]] == ["UsersTable", "names"]


# Configuration


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pytest.toml": "[pytest]\ntestpaths = ['checks']\n", "pytest.ini": ""},
         ("pytest.toml", "[pytest]")),
        ({"pytest.ini": ""}, ("pytest.ini", "[pytest]")),
        ({"pyproject.toml": "[tool.pytest]\ntestpaths = ['checks']\n"},
         ("pyproject.toml", "[tool.pytest]")),
        ({"tox.ini": "[tox]\n", "setup.cfg": "[tool:pytest]\ntestpaths = checks\n"},
         ("setup.cfg", "[tool:pytest]")),
        ({"tox.ini": "[pytest]\ntestpaths = checks\n"}, ("tox.ini", "[pytest]")),
        ({"tox.ini": "[tox]\n"}, (None, "")),
    ],
)  # fmt: skip
def test_where_pytest_is_configured(
    tmp_path: Path, files: dict[str, str], expected: tuple[str | None, str]
) -> None:
    (tmp_path / "checks").mkdir()

    configured = found(tmp_path, files).configured

    assert (configured.pytest.file, configured.pytest.section) == expected
    wants = any("checks" in text for text in files.values())
    assert configured.tests == Path("checks" if wants else "tests")


def test_rules_of_lint_alone_do_not_configure_understudy(tmp_path: Path) -> None:
    text = "[tool.understudy.lint]\nignore = ['UND001']\n"
    assert found(tmp_path, {"pyproject.toml": text}).configured.understudy is None

    (tmp_path / "pyproject.toml").write_text(f"[tool.understudy]\n{text}")
    assert look(tmp_path).configured.understudy is not None


def test_a_broken_pytest_toml(tmp_path: Path) -> None:
    with pytest.raises(InitError) as raised:
        found(tmp_path, {"pytest.toml": "[pytest"})

    assert str(raised.value).startswith(f"{tmp_path}/pytest.toml cannot be read: Expected ")
    assert str(raised.value).endswith("\nNothing was written. Fix the file first.")


def test_a_module_that_nothing_imports_is_found_from_the_path_of_pytest(tmp_path: Path) -> None:
    config = '[tool.pytest.ini_options]\npythonpath = ["."]\n'
    files = {"pyproject.toml": config, "app/notes.py": "import asyncpg\n"}

    findings = look(write(tmp_path, files))

    assert [module.name for module in findings.modules] == ["app.notes"]
