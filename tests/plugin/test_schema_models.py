"""The summary of a run whose schema comes from the models."""

from __future__ import annotations

import understudy.fakes  # noqa: F401 # loaded once: pytester unloads what an inner run loads
from tests.plugin.conftest import Project

_LINE = (
    "the schema comes from the models (schema_maker:create calls create_all), which checks them "
    "against themselves: a schema from migrations would check them"
)
_MODELS = """
    from sqlalchemy import create_engine
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"
        nmae: Mapped[str] = mapped_column(primary_key=True)

    def create(dsn):
        Base.metadata.create_all(create_engine(dsn.replace("ql:", "ql+psycopg:")))
"""


def test_it_says_so_once(project: Project) -> None:
    project.configure("[tool.understudy]\nschema = 'schema_maker:create'")
    project.write(
        schema_maker=_MODELS,
        test_it="""
            def test_it(fake_postgres, real_postgres):
                fake_postgres.on("SELECT nmae FROM users").rows()
                for database in (fake_postgres, real_postgres):
                    connection = database.psycopg.connect_sync()
                    assert connection.execute("SELECT nmae FROM users").fetchall() == []
        """,
    )

    result = project.passes("-q")

    assert result.stdout.str().count(_LINE) == 1
