"""The settings of the app."""

from pydantic import PostgresDsn
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """Read from the environment.

    Attributes:
        database_url: such as `postgresql+asyncpg://app:secret@localhost:5432/app`.
    """

    database_url: PostgresDsn
