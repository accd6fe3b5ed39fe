"""UserDAO on a real PostgreSQL."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from faker import Faker

from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.user import UserDAO
from src.domain.dto.user import UserDTO, UserStatus

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("database")]


@pytest.mark.asyncio
async def test_created_user_is_found(faker: Faker) -> None:
    """A created user is read back unchanged and is pending."""
    dto = UserDTO.Create(name=faker.name(), email=faker.email(), cpf=faker.ssn())

    await UserDAO.create(dto)
    user = await UserDAO.fetch_by_email(dto.email.upper())
    detail = await UserDAO.fetch_detail(user.id)

    assert (detail.name, detail.email, detail.cpf) == (dto.name, dto.email, dto.cpf)
    assert detail.status is UserStatus.PENDING


@pytest.mark.asyncio
async def test_created_at_is_utc_without_zone(ana: UserDTO.Read) -> None:
    """Timestamps are UTC for every time zone of the server."""
    assert ana.created_at is not None
    assert ana.created_at.tzinfo is None
    now = datetime.now(UTC).replace(tzinfo=None)
    assert abs(now - ana.created_at) < timedelta(minutes=1)


@pytest.mark.asyncio
async def test_email_is_taken_whatever_its_case(ana: UserDTO.Read) -> None:
    """The email is unique regardless of case, and the message names the constraint."""
    with pytest.raises(DAOException) as exc:
        await UserDAO.create(UserDTO.Create(name="Outra", email="ANA@EXAMPLE.COM"))

    assert (exc.value.status_code, exc.value.detail) == (
        409,
        "Erro ao criar usuário: registro duplicado (users_email_key)",
    )


@pytest.mark.asyncio
async def test_cpf_is_taken_whatever_its_spelling() -> None:
    """A CPF with and without punctuation is a duplicate."""
    await UserDAO.create(UserDTO.Create(name="Ana", email="ana@example.com", cpf="529.982.247-25"))

    with pytest.raises(DAOException, match="users_cpf_key"):
        await UserDAO.create(UserDTO.Create(name="Bia", email="bia@example.com", cpf="52998224725"))


@pytest.mark.asyncio
async def test_many_users_may_lack_a_cpf() -> None:
    """Several users can have no CPF."""
    await UserDAO.create(UserDTO.Create(name="Ana", email="ana@example.com"))
    await UserDAO.create(UserDTO.Create(name="Bia", email="bia@example.com"))

    assert len(await UserDAO.fetch_all()) == 2


@pytest.mark.asyncio
async def test_blank_name_is_refused_without_dto() -> None:
    """Check constraints reject values that bypass the DTO."""
    unchecked = UserDTO.Create(name="Ana", email="ana@example.com").model_copy(
        update={"name": "  "}
    )

    with pytest.raises(DAOException) as exc:
        await UserDAO.create(unchecked)

    assert exc.value.detail == "Erro ao criar usuário: valor não permitido (users_name_check)"


@pytest.mark.asyncio
async def test_missing_name_is_refused_without_dto() -> None:
    """The error names the missing column."""
    unchecked = UserDTO.Create(name="Ana", email="ana@example.com").model_copy(
        update={"name": None}
    )

    with pytest.raises(DAOException) as exc:
        await UserDAO.create(unchecked)

    assert exc.value.detail == "Erro ao criar usuário: valor obrigatório ausente (name)"


@pytest.mark.asyncio
async def test_sync_brings_known_users_up_to_date() -> None:
    """A known email is updated, a new one inserted, and a stored CPF is kept or replaced."""
    await UserDAO.create(UserDTO.Create(name="Ana", email="ana@example.com", cpf="52998224725"))
    await UserDAO.create(UserDTO.Create(name="Caio", email="caio@example.com", cpf="11144477735"))

    await UserDAO.sync(
        [
            UserDTO.Create(name="Ana Lima", email="ana@example.com"),
            UserDTO.Create(name="Bia", email="bia@example.com"),
            UserDTO.Create(name="Caio", email="caio@example.com", cpf="39053344705"),
        ]
    )

    users = [await UserDAO.fetch_detail(user.id) for user in await UserDAO.fetch_all()]
    assert [(user.name, user.cpf) for user in users] == [
        ("Ana Lima", "52998224725"),
        ("Caio", "39053344705"),
        ("Bia", None),
    ]


@pytest.mark.asyncio
async def test_sync_writes_all_or_none() -> None:
    """A duplicate CPF in the list means that no user is written."""
    same_cpf = [
        UserDTO.Create(name="Ana", email="ana@example.com", cpf="52998224725"),
        UserDTO.Create(name="Bia", email="bia@example.com", cpf="52998224725"),
    ]

    with pytest.raises(DAOException, match="users_cpf_key"):
        await UserDAO.sync(same_cpf)

    assert await UserDAO.fetch_all() == []


@pytest.mark.asyncio
async def test_fetch_by_ids_leaves_strangers_out(ana: UserDTO.Read) -> None:
    """Unknown IDs and an empty list are not errors."""
    assert await UserDAO.fetch_by_ids([ana.id, 2**62]) == [ana]
    assert await UserDAO.fetch_by_ids([]) == []


@pytest.mark.asyncio
async def test_oldest_users_come_first(ana: UserDTO.Read, bia: UserDTO.Read) -> None:
    """The order does not depend on where PostgreSQL stores a row: an update moves it."""
    await UserDAO.change_status(ana.id, UserStatus.APPROVED)

    assert await UserDAO.fetch_all() == [ana, bia]
    assert await UserDAO.fetch_by_ids([bia.id, ana.id]) == [ana, bia]


@pytest.mark.asyncio
async def test_search_ignores_case_and_treats_wildcards_as_letters() -> None:
    """The search matches part of a name, and % has no special meaning."""
    for number, name in enumerate(["José Ávila", "Maria", "100% Bia"]):
        await UserDAO.create(UserDTO.Create(name=name, email=f"u{number}@example.com"))

    pages = {text: await UserDAO.search(UserDTO.Filter(name=text)) for text in ("josé", "IA", "%")}

    found = {text: [user.name for user in page.items] for text, page in pages.items()}
    assert found == {"josé": ["José Ávila"], "IA": ["100% Bia", "Maria"], "%": ["100% Bia"]}
    assert [page.total for page in pages.values()] == [1, 2, 1]


@pytest.mark.asyncio
async def test_search_finds_a_status(ana: UserDTO.Read, bia: UserDTO.Read) -> None:
    """A name and a status must both match."""
    await UserDAO.create(UserDTO.Create(name="Bia Lima", email="bia.lima@example.com"))
    await UserDAO.change_status(bia.id, UserStatus.APPROVED)

    approved = await UserDAO.search(UserDTO.Filter(status=UserStatus.APPROVED))
    pending = await UserDAO.search(UserDTO.Filter(name="bia", status=UserStatus.PENDING))

    assert (approved.items, approved.total) == ([bia], 1)
    assert ([user.name for user in pending.items], pending.total) == (["Bia Lima"], 1)


@pytest.mark.asyncio
async def test_search_pages_through_all() -> None:
    """Each user is on exactly one page, and every page has the total."""
    for number in range(5):
        await UserDAO.create(UserDTO.Create(name="Ana", email=f"ana{number}@example.com"))

    pages = [await UserDAO.search(UserDTO.Filter(limit=2, offset=offset)) for offset in (0, 2, 4)]

    assert [len(page.items) for page in pages] == [2, 2, 1]
    assert {page.total for page in pages} == {5}
    ids = [user.id for page in pages for user in page.items]
    assert ids == sorted(set(ids))


@pytest.mark.asyncio
async def test_status_moves_counts(ana: UserDTO.Read, bia: UserDTO.Read) -> None:
    """A status change changes the counts."""
    before = await UserDAO.count_by_status("pending")

    await UserDAO.change_status(ana.id, UserStatus.APPROVED)

    assert before == 2
    assert await UserDAO.count_by_status("pending") == 1
    assert await UserDAO.some_method(ana.id) == [{"id": ana.id, "status": "approved"}]


@pytest.mark.asyncio
async def test_unknown_status_is_refused_by_the_table(ana: UserDTO.Read) -> None:
    """The error names the check constraint."""
    with pytest.raises(DAOException, match="users_status_check"):
        await UserDAO.change_status(ana.id, "deleted")


@pytest.mark.asyncio
async def test_update_keeps_what_is_left_out(ana: UserDTO.Read, bia: UserDTO.Read) -> None:
    """Only the given fields of one user change."""
    everything = UserDTO.Update(name="Ana Souza", email="souza@example.com", cpf="52998224725")
    await UserDAO.update(ana.id, everything)

    await UserDAO.update(ana.id, UserDTO.Update(email="lima@example.com", cpf="11144477735"))
    updated = await UserDAO.update(ana.id, UserDTO.Update(name="Ana S. Lima"))

    after = await UserDAO.fetch_detail(ana.id)
    changed = ("Ana S. Lima", "lima@example.com", "11144477735")
    assert (after.name, after.email, after.cpf) == changed
    assert (updated.name, updated.email) == changed[:2]
    assert await UserDAO.fetch_by_id(bia.id) == bia


@pytest.mark.parametrize(
    "change",
    [
        lambda user: UserDAO.update(user.id, UserDTO.Update(name="Ana Souza")),
        lambda user: UserDAO.change_status(user.id, UserStatus.APPROVED),
        lambda user: UserDAO.deactivate(user.id),
        lambda user: UserDAO.sync([UserDTO.Create(name="Ana Souza", email=user.email)]),
    ],
    ids=["update", "change_status", "deactivate", "sync"],
)
@pytest.mark.asyncio
async def test_change_is_dated(real_postgres: Any, change: Callable[[Any], Awaitable[Any]]) -> None:
    """Each change of a user sets the update timestamp."""
    long_ago = datetime(2020, 1, 1)  # within one transaction, now() stands still
    user = real_postgres.insert("users", status="pending", created_at=long_ago, updated_at=long_ago)

    await change(user)

    detail = await UserDAO.fetch_detail(user.id)
    assert detail.created_at == long_ago
    assert detail.updated_at > long_ago


@pytest.mark.asyncio
async def test_deactivated_user_cannot_be_deactivated_again(
    ana: UserDTO.Read, bia: UserDTO.Read
) -> None:
    """Deactivating twice is a 404, and others stay as they are."""
    await UserDAO.deactivate(ana.id)

    with pytest.raises(DAOException) as exc:
        await UserDAO.deactivate(ana.id)

    assert exc.value.status_code == 404
    assert await UserDAO.count_by_status("pending") == 1


@pytest.mark.asyncio
async def test_deleted_user_is_gone(ana: UserDTO.Read, bia: UserDTO.Read) -> None:
    """A deleted user is a 404 afterwards, and all others are still there."""
    await UserDAO.delete(ana.id)

    with pytest.raises(DAOException, match="Erro ao buscar usuário: registro não encontrado"):
        await UserDAO.fetch_by_id(ana.id)
    with pytest.raises(DAOException, match="Erro ao excluir usuário: registro não encontrado"):
        await UserDAO.delete(ana.id)
    assert await UserDAO.fetch_all() == [bia]
