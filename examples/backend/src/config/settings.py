"""Settings from environment variables that start with BACKEND_, or from a .env file."""

from typing import Literal

from pydantic import Field, HttpUrl, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The settings of one application. Every setting has a default for development."""

    model_config = SettingsConfigDict(env_prefix="BACKEND_", env_file=".env", extra="ignore")

    # repr=False: it may contain a password.
    database_url: str = Field("postgresql://postgres@localhost:5432/backend", repr=False)
    pool_size: int = Field(10, ge=2, le=100)  # psqlpy rejects a pool of one
    pool_timeout: float = Field(5.0, gt=0)
    statement_timeout_ms: int = Field(10_000, ge=0)  # 0: no limit
    identity_url: HttpUrl = HttpUrl("http://localhost:9000")
    identity_timeout: float = Field(5.0, gt=0)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    docs_enabled: bool = True

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, url: str) -> str:
        if not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("a URL do banco deve começar com postgresql://")
        return url
