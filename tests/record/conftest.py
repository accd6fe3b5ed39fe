from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

SETTINGS = """
    [tool.understudy]
    schema = ["db/*.sql"]

    [tool.pytest.ini_options]
    asyncio_mode = "auto"
    asyncio_default_fixture_loop_scope = "function"
"""
SCHEMA = """
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TABLE users (
        id serial PRIMARY KEY,
        name text NOT NULL,
        email text NOT NULL UNIQUE,
        mood mood NOT NULL DEFAULT 'happy',
        moods mood[] NOT NULL DEFAULT '{}',
        balance numeric(10, 2) NOT NULL DEFAULT 0,
        born date,
        seen timestamptz,
        token uuid,
        photo bytea,
        data jsonb,
        tags text[] NOT NULL DEFAULT '{}',
        visits int4range,
        address inet,
        waits interval
    );
    CREATE TABLE orders (
        id serial PRIMARY KEY,
        user_id int NOT NULL REFERENCES users,
        total numeric(10, 2) NOT NULL CHECK (total >= 0)
    );
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    """A project with a schema, and no tests."""
    project = Project(pytester).configure(SETTINGS)
    project.write_text(project.path / "db" / "1.sql", SCHEMA)
    return project
