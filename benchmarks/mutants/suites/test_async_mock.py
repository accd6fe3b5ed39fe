"""Every DAO method on an AsyncMock."""

from unittest.mock import AsyncMock, MagicMock, Mock

import pytest
from src.domain.dal.dao.exception import DAOException

from .cases import CASES
from .steps import Case

METHODS = ("execute", "execute_many", "fetch", "fetch_row", "fetch_val")


def connection_for(case: Case) -> AsyncMock:
    conn = AsyncMock()
    conn.transaction = MagicMock()
    conn.transaction.return_value.__aenter__.return_value = conn
    for step in case.steps:
        answer = step.answer if step.call == "fetch_val" else Mock()
        if step.call != "fetch_val":
            answer.result.return_value = step.answer
        getattr(conn, step.call).return_value = answer
    return conn


@pytest.mark.asyncio
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_asks_and_answers(case: Case) -> None:
    conn = connection_for(case)

    result = await getattr(case.dao, case.method).__wrapped__(conn, *case.arguments)

    for step in case.steps:
        mock = getattr(conn, step.call)
        mock.assert_awaited_once()
        stmt, *parameters = mock.await_args.args
        for part in step.parts:
            assert part in stmt
        assert parameters == ([] if step.parameters is None else [step.parameters])
    assert result == case.result


@pytest.mark.asyncio
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_error_maps_to_500(case: Case) -> None:
    conn = connection_for(case)
    for name in METHODS:
        getattr(conn, name).side_effect = Exception("db fail")

    with pytest.raises(DAOException) as exc:
        await getattr(case.dao, case.method).__wrapped__(conn, *case.arguments)

    assert exc.value.status_code == 500
    assert exc.value.detail.startswith("Erro ao")
