"""A client of the identity service: callers and permissions."""

from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from src.domain.adapter.exception import AdapterException
from src.domain.dto.user import UserDTO

T = TypeVar("T")

_USER: TypeAdapter[UserDTO.Read] = TypeAdapter(UserDTO.Read)
_USERS: TypeAdapter[list[UserDTO.Read]] = TypeAdapter(list[UserDTO.Read])
_REFUSALS = {
    401: "credenciais inválidas ou expiradas",
    403: "acesso negado pelo serviço de identidade",
    404: "permissão desconhecida pelo serviço de identidade",
}


class UserAdapter:
    """A client of the identity service that passes on the credentials of the caller.

    The caller's Authorization header is passed on as it is: this backend neither issues nor
    verifies credentials.

    Raises:
        AdapterException: by every method; the status is the one to answer with.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get_caller(self, auth_header: str) -> UserDTO.Read:
        """Return the user to whom the header belongs."""
        return await self._get("/me", auth_header, _USER)

    async def get_users_by_permission(
        self, permission_id: str, auth_header: str, permission_scope: str
    ) -> list[UserDTO.Read]:
        """Return all users who hold a permission in a scope."""
        return await self._get(
            f"/permissions/{quote(permission_id, safe=':')}/users",
            auth_header,
            _USERS,
            scope=permission_scope,
        )

    async def _get(self, path: str, auth_header: str, expected: TypeAdapter[T], **query: Any) -> T:
        try:
            response = await self._client.get(
                path, params=query, headers={"Authorization": auth_header}
            )
        except httpx.TimeoutException as error:
            raise AdapterException(504, "Serviço de identidade não respondeu a tempo") from error
        except httpx.HTTPError as error:
            raise AdapterException(502, "Serviço de identidade indisponível") from error
        if reason := _REFUSALS.get(response.status_code):
            raise AdapterException(response.status_code, f"Erro de autorização: {reason}")
        if not response.is_success:
            raise AdapterException(
                502, f"Serviço de identidade respondeu com status {response.status_code}"
            )
        try:
            return expected.validate_json(response.content)
        except ValidationError as error:
            raise AdapterException(502, "Resposta inválida do serviço de identidade") from error
