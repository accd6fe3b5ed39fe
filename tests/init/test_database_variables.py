"""The environment variables that tell an app the address of its database."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from understudy.init import look
from understudy.init.configuration import configuration
from understudy.init.modules import stays_local
from understudy.init.questions import decide

from .projects import write

APP = "import os\nimport asyncpg\nfrom fastapi import FastAPI\n\napp = FastAPI()\n"
PYDANTIC = (
    "from pydantic_settings import BaseSettings, SettingsConfigDict\nfrom pydantic import Field\n"
)
PARTS = (
    "DB_HOST: str\n    DB_PORT: int\n    DB_USER: str\n    DB_PASSWORD: str\n    DB_NAME: str\n    "
)
MADE = {
    "DB_HOST": "{host}",
    "DB_PORT": "{port}",
    "DB_USER": "{user}",
    "DB_PASSWORD": "{password}",
    "DB_NAME": "{database}",
}
URL = '"postgresql+asyncpg://app:app@localhost/app"'


def variables(folder: Path, source: str, **files: str) -> dict[str, str] | None:
    """What is found in an app with this module of settings."""
    named = {name.replace("_", "."): text for name, text in files.items()}
    found = look(write(folder, {"main.py": APP, "config.py": source, **named})).variables
    return None if found is None else dict(found.values)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (f"database_url: str = {URL}", {"DATABASE_URL": "{dsn:asyncpg}"}),
        ('DB_DSN: str = "postgresql://localhost/app"', {"DB_DSN": "{dsn}"}),
        ("postgres_url: PostgresDsn", {"POSTGRES_URL": "{dsn}"}),
        ('model_config = SettingsConfigDict(env_prefix="APP_")\n    db_url: str',
         {"APP_DB_URL": "{dsn}"}),
        ('model_config = {"env_prefix": "APP_", "case_sensitive": True}\n    db_url: str',
         {"APP_db_url": "{dsn}"}),
        ('class Config:\n        env_prefix = "my_"\n    db_url: str', {"MY_DB_URL": "{dsn}"}),
        (f'url: str = Field({URL}, validation_alias="PG_DSN")', {"PG_DSN": "{dsn:asyncpg}"}),
        ("POSTGRES_SERVER: str\n    POSTGRES_PORT: int = 5432\n    POSTGRES_USER: str\n"
         "    POSTGRES_PASSWORD: str\n    POSTGRES_DB: str",
         {"POSTGRES_SERVER": "{host}", "POSTGRES_PORT": "{port}", "POSTGRES_USER": "{user}",
          "POSTGRES_PASSWORD": "{password}", "POSTGRES_DB": "{database}"}),
        (PARTS + "POSTGRES_URI: str = f'{DB_USER}:{DB_PASSWORD}@{DB_HOST}'", MADE),
        ("DB_URL: str | None = None\n    SQLALCHEMY_DATABASE_URI: str | None = None",
         {"DB_URL": "{dsn}", "SQLALCHEMY_DATABASE_URI": "{dsn}"}),
        (PARTS + "DATABASE_URL: PostgresDsn", {**MADE, "DATABASE_URL": "{dsn}"}),
    ],
    ids=["url", "dsn", "annotated", "prefix", "exact", "old config", "alias", "parts", "made",
         "two", "required"],
)  # fmt: skip
def test_settings_of_pydantic(tmp_path: Path, fields: str, expected: dict[str, str]) -> None:
    source = f"{PYDANTIC}\n\nclass Settings(BaseSettings):\n    {fields}\n"

    assert variables(tmp_path, source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (f'import os\nurl = os.environ.get("DATABASE_URL", {URL})', "{dsn:asyncpg}"),
        ('import os\nurl = os.environ["DATABASE_URL"]', "{dsn}"),
        ('from os import getenv\nurl = getenv("DATABASE_URL")', "{dsn}"),
        ('from starlette.config import Config\nc = Config()\nu = c("DATABASE_URL")', "{dsn}"),
        ('from environs import Env\nenv = Env()\nu = env.str("DATABASE_URL")', "{dsn}"),
        ('from decouple import config\nu = config("DATABASE_URL")', "{dsn}"),
        ('import os\nfrom sqlalchemy.ext.asyncio import create_async_engine as create\n'
         'engine = create(os.environ["DATABASE_URL"])', "{dsn:asyncpg}"),
    ],
    ids=["default", "environ", "getenv", "starlette", "environs", "decouple", "SQLAlchemy"],
)  # fmt: skip
def test_variables_that_are_read(tmp_path: Path, source: str, expected: str) -> None:
    assert variables(tmp_path, f"{source}\n") == {"DATABASE_URL": expected}


KEYWORDS = (
    'user=get("PG_USER"), password=get("PG_PASS"), database=get("PG_DB"), host=get("PG_HOST")'
)


@pytest.mark.parametrize(
    ("connections", "has_port"),
    [
        (f"asyncpg.connect({KEYWORDS})", True),
        (f"asyncpg.create_pool({KEYWORDS}, min_size=1)\nasyncpg.connect({KEYWORDS})", True),
        (f"asyncpg.connect({KEYWORDS}, port=5432)", False),
        (f"asyncpg.connect({KEYWORDS}, **options)", False),
        (f'asyncpg.connect({KEYWORDS})\nasyncpg.connect("postgresql://there")', False),
        (
            "url = f\"postgresql://{get('PG_USER')}:{get('PG_PASS')}@{get('PG_HOST')}:5432/{get('PG_DB')}\"",
            False,
        ),
    ],
    ids=["connection", "pool", "port", "unknown", "another", "url"],
)
def test_a_driver_that_is_given_no_port_takes_that_of_its_variable(
    tmp_path: Path, connections: str, has_port: bool
) -> None:
    """If nothing else says which port it is."""
    source = f"from os import environ, getenv as get\nimport asyncpg\n\n{connections}\n"
    expected = {"PG_USER": "{user}", "PG_PASS": "{password}", "PG_DB": "{database}"}
    expected |= {"PG_HOST": "{host}", "PGPORT": "{port}"}

    assert variables(tmp_path, source) == (expected if has_port else None)


def test_settings_inside_of_settings(tmp_path: Path) -> None:
    source = f"""{PYDANTIC}from pydantic import BaseModel

class Database(BaseModel):
    hostname: str = "localhost"
    port: int = 5432
    username: str
    password: SecretStr
    db: str

class Settings(BaseSettings):
    database: Database = Field(default_factory=Database)
    model_config = SettingsConfigDict(env_nested_delimiter="__")
"""

    assert variables(tmp_path, source) == {
        "DATABASE__HOSTNAME": "{host}",
        "DATABASE__PORT": "{port}",
        "DATABASE__USERNAME": "{user}",
        "DATABASE__PASSWORD": "{password}",
        "DATABASE__DB": "{database}",
    }


def test_other_variables_that_the_app_requires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_THE_SHELL", "1")
    source = f"""{PYDANTIC}
class Settings(BaseSettings):
    database_url: PostgresDsn
    secret_key: SecretStr
    jwt_algorithm: str
    mail_from: EmailStr | None = Field(...)
    minutes: Optional[int]
    hours: int
    bcrypt_rounds: int
    level: Level
    stage: Stage
    mail: Mail
    postgres_drv: str
    from_a_file: str
    from_the_shell: str
    debug: bool = False

salt = os.environ["SALT"]
"""
    shown = "MINUTES=15 # of a session\nBCRYPT_ROUNDS=12\nSECRET_KEY=shown\nSTAGE=dev\nMAIL=a.b.c\n"
    files = {
        "main.py": APP,
        "config.py": f"import os\n{source}",
        ".env": "FROM_A_FILE=1\n",
        ".env.example": f"{shown}FROM_A_FILE=2\n",
    }

    found = look(write(tmp_path, files)).variables

    assert found is not None
    assert found.required == {
        "SECRET_KEY": "a-secret-for-tests-alone-of-32-bytes",
        "JWT_ALGORITHM": "HS256",
        "MAIL_FROM": "test@example.com",
        "MINUTES": "15",
        "HOURS": "1",
        "BCRYPT_ROUNDS": "4",
        "STAGE": "dev",
        "SALT": "a-secret-for-tests-alone-of-32-bytes",
    }


def test_a_number_is_that_of_the_repository_around_the_project(tmp_path: Path) -> None:
    fields = "database_url: PostgresDsn\n    minutes: int\n    days: int"
    source = f"{PYDANTIC}\nclass Settings(BaseSettings):\n    {fields}\n"
    app = {"requirements.txt": "asyncpg\n", "main.py": APP, "config.py": source}
    write(tmp_path, {".env.example": "DAYS=2\n", "repository/.git/HEAD": ""})
    write(tmp_path / "repository", {".env.example": "export MINUTES=15\n"})

    found = look(write(tmp_path / "repository" / "backend", app)).variables

    assert found is not None
    assert found.required == {"MINUTES": "15", "DAYS": "1"}


def test_a_long_table_has_a_line_for_each_variable(tmp_path: Path) -> None:
    source = f"{PYDANTIC}\nclass Settings(BaseSettings):\n    {PARTS}"
    root = write(tmp_path, {"main.py": APP, "config.py": source, "requirements.txt": "asyncpg\n"})
    findings = look(root)

    files = configuration(findings, decide(findings, {})).files

    (text,) = [file.text for file in files if file.path.name == "pyproject.toml"]
    assert 'fake_postgres_env.DB_HOST = "{host}"\nfake_postgres_env.DB_PORT = "{port}"\n' in text
    assert tomllib.loads(text)["tool"]["understudy"]["real_postgres_env"] == MADE


def test_the_driver_is_that_of_a_file_that_sets_the_variable(tmp_path: Path) -> None:
    source = 'import os\nurl = os.environ["DATABASE_URL"]\n'
    compose = "services:\n  app:\n    environment:\n      DATABASE_URL: postgresql+psycopg://db/a\n"

    assert variables(tmp_path, source, compose_yml=compose) == {"DATABASE_URL": "{dsn:psycopg}"}


@pytest.mark.parametrize(
    "source",
    [
        'import os\nurl = os.environ["REDIS_URL"]',
        'import os\nurl = os.environ["TEST_DATABASE_URL"]',
        'import os\nname = "DATABASE_URL"\nurl = os.environ[name]',
        'import os\nhost = os.environ["POSTGRES_HOST"]',
        'import os\nurl = os.environ["SQLITE_URI"]',
        f"{PYDANTIC}\nclass Settings(BaseSettings):\n    {PARTS.replace('DB_PORT: int', '')}",
        f"{PYDANTIC}\nclass Settings(BaseSettings):\n"
        "    model_config = SettingsConfigDict(env_prefix=PREFIX)\n    database_url: str",
        f"{PYDANTIC}\nclass Settings(BaseSettings):\n"
        "    url: str = Field(validation_alias=AliasChoices('DATABASE_URL', 'DB'))",
        "class Settings:\n    database_url: str",
    ],
    ids=[
        "redis",
        "tests",
        "unknown",
        "one part",
        "SQLite",
        "no port",
        "prefix",
        "aliases",
        "not settings",
    ],
)
def test_what_is_not_certain_is_left_out(tmp_path: Path, source: str) -> None:
    assert variables(tmp_path, f"{source}\n") is None


@pytest.mark.parametrize(
    ("imported", "expected"),
    [
        ("import sqlalchemy, jwt, logging, config\\nfrom http import HTTPStatus", True),
        ("import redis", False),
        ("import smtplib", False),
        ("from urllib.request import urlopen", False),
        ("import urllib.request", False),
    ],
    ids=["database", "redis", "mail", "http", "module"],
)
def test_code_that_reaches_more_than_its_database(
    tmp_path: Path, imported: str, expected: bool
) -> None:
    files = {"main.py": APP, "config.py": f"{imported}\n", "tests/test_a.py": "import redis\n"}

    assert stays_local(look(write(tmp_path, files)).modules) is expected


def test_the_address_of_another_database(tmp_path: Path) -> None:
    main = "import os\nfrom fastapi import FastAPI\napp = FastAPI()\nos.environ['DATABASE_URL']\n"

    assert look(write(tmp_path, {"main.py": main})).variables is None
