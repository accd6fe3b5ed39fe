"""Whether the database answers."""

from src.domain.dal import DAL, Connection
from src.domain.dal.dao.exception import failing_as


class HealthDAO:
    """Raises DAOException where the database does not answer."""

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao consultar o banco de dados")
    async def ping(conn: Connection) -> None:
        """Ask the database for nothing in particular."""
        await conn.fetch_val("SELECT 1")
