"""Every DAO method on a hand-written fake connection."""

import pytest
from src.domain.dal.dao.exception import DAOException

from .cases import CASES
from .fakes import FakeConnection, FakeRecord  # type: ignore[import-not-found]  # the file is copied there
from .steps import Case


def connection_for(case: Case) -> FakeConnection:
    conn = FakeConnection()
    for step in case.steps:
        answer = FakeRecord(step.answer) if step.call == "fetch_row" else step.answer
        if step.call != "execute_many":
            setattr(conn, f"{step.call}_return", answer)
    return conn


@pytest.mark.asyncio
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_asks_and_answers(case: Case) -> None:
    conn = connection_for(case)

    result = await getattr(case.dao, case.method).__wrapped__(conn, *case.arguments)

    calls = [*conn.execute_calls, *conn.fetch_calls, *conn.fetch_val_calls]
    assert len(calls) == len(case.steps)
    for step, (stmt, parameters) in zip(case.steps, calls, strict=True):
        for part in step.parts:
            assert part in stmt
        assert parameters == step.parameters
    assert result == case.result


@pytest.mark.asyncio
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_error_maps_to_500(case: Case) -> None:
    conn = FakeConnection()
    conn.execute_return = conn.fetch_return = Exception("db fail")
    conn.fetch_row_return = conn.fetch_val_return = Exception("db fail")

    with pytest.raises(DAOException) as exc:
        await getattr(case.dao, case.method).__wrapped__(conn, *case.arguments)

    assert exc.value.status_code == 500
    assert exc.value.detail.startswith("Erro ao")
