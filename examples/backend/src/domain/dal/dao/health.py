"""The health check of the database."""

from src.domain.dal import DAL, Connection
from src.domain.dal.dao.exception import failing_as


class HealthDAO:
    """Raises DAOException if the database does not respond."""

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao consultar o banco de dados")
    async def ping(conn: Connection) -> None:
        """Run a trivial query."""
        await conn.fetch_val("SELECT 1")
