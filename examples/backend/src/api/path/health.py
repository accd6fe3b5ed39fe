"""/health: for load balancers."""

from fastapi import APIRouter

from src.api.errors import responses
from src.domain.dal.dao.health import HealthDAO

router = APIRouter(prefix="/health", tags=["health"])


@router.get("", responses=responses(503))
async def get_health() -> dict[str, str]:
    """Report whether the application and its database respond."""
    await HealthDAO.ping()
    return {"status": "ok"}
