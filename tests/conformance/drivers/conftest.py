from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.conformance.drivers.relay import Relay
from tests.conformance.drivers.servers import LOGIN, SEED, MakeReal, RealServer
from tests.conformance.parameters.schema import tables
from tests.fake_postgres.frontend import socket_path
from understudy.catalog import active_checker
from understudy.catalog.checks import Checker
from understudy.catalog.describer import Describer
from understudy.catalog.levels import Levels
from understudy.catalog.run_catalog import Catalog
from understudy.embedded import EmbeddedServer
from understudy.fake_postgres.server import Server
from understudy.real_postgres.rollback_server import RollbackServer


@pytest.fixture(scope="session")
def guarding() -> Iterator[Path]:
    """A pg_hba.conf that asks LOGIN's user for a password."""
    with tempfile.TemporaryDirectory(prefix="hba-") as folder:
        file = Path(folder) / "pg_hba.conf"
        file.write_text(f"local all /^{LOGIN.user} scram-sha-256\nlocal all all trust\n")
        Path(folder).chmod(0o755)
        file.chmod(0o644)
        yield file


@pytest.fixture(scope="session")
def postgres(guarding: Path) -> Iterator[EmbeddedServer]:
    """A server with a template: the tables of the scenarios, and one for each type."""
    schema = (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")
    with EmbeddedServer(settings={"hba_file": str(guarding)}) as server:
        server.admin.create("seeded")
        with psycopg.connect(server.socket_dsn("seeded"), autocommit=True) as connection:
            connection.execute(tables() + schema + SEED)
            connection.execute(f"CREATE ROLE {LOGIN.user} LOGIN PASSWORD '{LOGIN.password}'")
        yield server


@pytest.fixture(scope="session")
def drivers_dsn(postgres: EmbeddedServer) -> str:
    """One of its databases."""
    postgres.admin.clone("seeded", LOGIN.database)
    return postgres.socket_dsn(LOGIN.database)


@pytest.fixture(scope="session")
def rollback_server(postgres: EmbeddedServer) -> Iterator[RollbackServer]:
    """real_postgres on another database, and on a new one after a scenario escapes from it."""
    numbers = count()

    def database() -> str:
        name = f"rollback{next(numbers)}"
        postgres.admin.clone("seeded", name)
        return postgres.socket_dsn(name)

    server = RollbackServer(database)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def relay(drivers_dsn: str) -> Iterator[Relay]:
    """A relay between the drivers and that database."""
    with Relay(socket_path(drivers_dsn)) as relay:
        yield relay


@pytest.fixture(scope="session")
def tcp(drivers_dsn: str) -> Iterator[Relay]:
    """The way to that database by TCP."""
    with Relay(socket_path(drivers_dsn), tcp=True) as relay:
        yield relay


@pytest.fixture(scope="session")
def fakes_tcp(server: Server) -> Iterator[Relay]:
    """The way to the fakes by TCP."""
    with Relay(socket_path(server.socket_dsn), tcp=True) as relay:
        yield relay


@pytest.fixture(scope="session")
def rollback_server_tcp(rollback_server: RollbackServer) -> Iterator[Relay]:
    """The TCP address of the rollback server."""
    with Relay(socket_path(rollback_server.socket_dsn), tcp=True) as relay:
        yield relay


@pytest.fixture(scope="session")
def admin(drivers_dsn: str) -> Iterator[psycopg.Connection]:
    """A connection apart from those of the scenarios."""
    with psycopg.connect(drivers_dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def full_dsn() -> Iterator[str]:
    """A server whose every connection is taken."""
    settings = {"max_connections": "2", "superuser_reserved_connections": "0"}
    with (
        EmbeddedServer(settings=settings) as server,
        psycopg.connect(server.socket_dsn()),
        psycopg.connect(server.socket_dsn()),
    ):
        yield server.socket_dsn()


@pytest.fixture(scope="session")
def down_dsn() -> Iterator[str]:
    """A server that has left its socket behind."""
    with tempfile.TemporaryDirectory(prefix="down-") as folder:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{folder}/.s.PGSQL.5432")
        yield f"postgresql://postgres@/postgres?host={quote(folder)}&port=5432"


@pytest.fixture
def reals(
    drivers_dsn: str,
    admin: psycopg.Connection,
    relay: Relay,
    tcp: Relay,
    full_dsn: str,
    down_dsn: str,
) -> MakeReal:
    """Return a factory of real stages; the tables hold only their initial rows."""
    server = str(conninfo_to_dict(drivers_dsn)["host"])
    relayed = drivers_dsn.replace(quote(server), quote(relay.folder))

    def make(*, through_relay: bool = False) -> RealServer:
        dsn = relayed if through_relay else drivers_dsn
        return RealServer(dsn, admin, relay, tcp, full_dsn, down_dsn)

    return make


@pytest.fixture(scope="session")
def checker(drivers_dsn: str) -> Iterator[Checker]:
    """What the real server says of the statements of every fake."""
    dsn = f"{drivers_dsn}&application_name=catalog"  # by which it is spared when others are ended
    catalog = Catalog(None, lambda major: f"drivers {major}", lambda: Describer(dsn))
    yield Checker(catalog, Levels())
    catalog.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The server of every fake."""
    server = Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _checked(checker: Checker) -> Iterator[None]:
    """Have the statements of the fakes held against the real server, in this folder alone."""
    before = active_checker.POSTGRES.factory, active_checker.made()
    active_checker.use(lambda: checker)
    yield
    active_checker.use(*before)  # tests of other folders run in this process, too


@pytest.fixture(autouse=True)
def _quiet_panics(monkeypatch: pytest.MonkeyPatch) -> None:
    # psqlpy panics hundreds of times, and each backtrace takes milliseconds.
    monkeypatch.setenv("RUST_BACKTRACE", "0")
