"""The settings, from environment variables that begin with HOTEL_."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the database is."""

    model_config = SettingsConfigDict(env_prefix="HOTEL_")

    db_host: str = "127.0.0.1"
    db_port: int = 3306
    db_user: str = "hotel"
    db_password: str = ""
    db_name: str = "hotel"
