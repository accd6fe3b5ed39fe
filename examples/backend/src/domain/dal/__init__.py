"""The data access layer: connections and transactions."""

from src.domain.dal.connection import Connection, Row, Rows, Statements
from src.domain.dal.dal import DAL

__all__ = ["DAL", "Connection", "Row", "Rows", "Statements"]
