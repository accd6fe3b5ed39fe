"""Keep the project's own schema code on Understudy's database server.

Migrations and schema functions may take a URL from the project's settings, which may name a
database with data. In the process that runs them, a database driver can reach the server of one URL
only. Any other connection is refused before a byte is sent, with the line that asked for it.

A driver written in Python connects by a socket, which an audit hook sees. A driver written in C or
Rust does not, so its functions for connecting are replaced. Connections that no database driver
opens are left alone: settings may come from a secret store.
"""

from __future__ import annotations

import functools
import importlib.util
import linecache
import os
import socket
import sys
import sysconfig
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from understudy.catalog import own_connection
from understudy.embedded.subprocesses import ROOT_VARIABLE

_PORT = "5432"
_MYSQL_PORT = "3306"
# Drivers that connect by Python's sockets, by the module whose code does.
_PYTHON_DRIVERS = {
    *("aiomysql", "aioredis", "asyncmy", "asyncpg", "clickhouse_driver", "mysql", "pg8000"),
    *("postgresql", "pymongo", "pymysql", "pytds", "redis", "valkey"),
}
# Drivers of other databases that connect in C.
_OTHER_DRIVERS = ("oracledb", "pymssql", "pyodbc")
# This process can run only what is installed.
_LIBRARIES = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)


class ForeignServer(Exception):
    """The project's schema code would connect to a server that Understudy did not start."""


class ConnectionGuard:
    """Refuses connections to all database servers but those that are allowed.

    Understudy's own connections are never refused.

    Args:
        dsns: The URLs of those that are allowed.
        advice: What to connect to instead, as a sentence.

    Attributes:
        refusals: What was refused, in the words of the exceptions.
    """

    def __init__(self, dsns: Iterable[str], advice: str) -> None:
        self._advice = advice
        self._allowed: set[tuple[str, str]] = set()
        self.refusals: list[str] = []
        for dsn in dsns:
            self._allow(dsn)

    def _allow(self, dsn: str) -> None:
        if dsn.startswith("mysql:"):
            url = urlsplit(dsn)
            host, port = url.hostname or "", str(url.port)
            self._allowed |= {(path, _PORT) for path in parse_qs(url.query).get("unix_socket", ())}
        else:
            from psycopg.conninfo import conninfo_to_dict

            parameters = conninfo_to_dict(dsn)
            host, port = str(parameters["host"]), str(parameters.get("port", _PORT))
        self._allowed.add((host, port))
        if not host.startswith("/"):
            known = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
            self._allowed |= {(str(address[4][0]), port) for address in known}

    def hold(self) -> None:
        """Begin to refuse, until the process ends."""
        for module, wrap in (
            ("psycopg", self._wrap_psycopg),
            ("psycopg2", self._wrap_psycopg2),
            ("asyncpg", self._wrap_asyncpg),
            ("psqlpy", self._wrap_psqlpy),
            ("MySQLdb", self._wrap_mysqlclient),
            *((name, self._wrap_other) for name in _OTHER_DRIVERS),
        ):
            driver = imported(module)
            if driver is not None:
                wrap(driver)
        sys.addaudithook(self._audit)

    # Checks --------------------------------------------------------------------------------------

    def check(self, host: str, port: str) -> None:
        """Raise ForeignServer unless this is the address of a server that is allowed."""
        if (host, port or _PORT) in self._allowed or _is_own(sys._getframe(1)):
            return
        where = f"{host}:{port}" if port and not host.startswith("/") else host
        raise ForeignServer(self._refusal(f"the database server at {where}"))

    def check_libpq(self, conninfo: bytes) -> None:
        """Raise ForeignServer unless libpq would connect to the server by this text.

        Raises:
            ForeignServer: It would connect elsewhere.
        """
        from psycopg import OperationalError
        from psycopg.pq import Conninfo

        try:
            given = {option.keyword: option.val for option in Conninfo.parse(conninfo)}
        except OperationalError:
            return  # libpq refuses it, too
        if given.get(b"service"):
            name = (given[b"service"] or b"").decode()
            raise ForeignServer(self._refusal(f"the database server of the service {name!r}"))
        # The defaults are what libpq takes from the environment, and from the file of PGSERVICE.
        values = {
            option.keyword: (given.get(option.keyword) or option.val or b"").decode()
            for option in Conninfo.get_defaults()
        }
        self._check_lists(*(values[name].split(",") for name in (b"host", b"hostaddr", b"port")))

    def check_psqlpy(self, options: Mapping[str, Any]) -> None:
        """Raise ForeignServer unless psqlpy would connect to the server with these arguments."""
        if options.get("dsn"):
            from psycopg.pq import Conninfo

            parts = Conninfo.parse(options["dsn"].encode())
            parsed = {part.keyword: (part.val or b"").decode() for part in parts}
            lists = [parsed[name].split(",") for name in (b"host", b"hostaddr", b"port")]
        else:
            hosts = options.get("hosts") or [options.get("host") or ""]
            ports = options.get("ports") or [options.get("port") or _PORT]
            lists = [list(hosts), [""], [str(port) for port in ports]]
        self._check_lists(*lists)

    def _check_lists(
        self, hosts: Sequence[str], addresses: Sequence[str], ports: Sequence[str]
    ) -> None:
        number = max(len(hosts), len(addresses))
        for place in range(number):
            host = _at(addresses, place) or _at(hosts, place) or "the default address"
            self.check(host, _at(ports, place))

    def _check_socket(self, address: object) -> None:
        if isinstance(address, tuple):
            self.check(str(address[0]), str(address[1]))
        elif isinstance(address, str | bytes):
            path = address.decode() if isinstance(address, bytes) else address
            folder, _, port = path.rpartition("/.s.PGSQL.")
            if (folder, port) not in self._allowed:
                self.check(path, "")

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and _driver_on_stack(sys._getframe(1)):
            self._check_socket(arguments[1])

    def _refusal(self, what: str) -> str:
        place = user_line(sys._getframe(1))
        lines = [
            f"{place[0] if place else 'Code of the project'} connects to {what}, which is not the "
            "one that Understudy prepares. Nothing was sent to it.",
            f"    {place[1]}" if place else "",
            self._advice,
        ]
        text = "\n".join(filter(None, lines))
        self.refusals.append(text)
        return text

    # Drivers -------------------------------------------------------------------------------------

    def _wrap_psycopg(self, psycopg: Any) -> None:
        connect = importlib.import_module("psycopg.generators").connect

        def checked(conninfo: str, *rest: Any, **options: Any) -> Any:
            self.check_libpq(conninfo.encode())
            return connect(conninfo, *rest, **options)

        replace_everywhere("psycopg", connect, checked)
        guard = self

        class CheckedPGconn(psycopg.pq.PGconn):  # type: ignore[misc] # its class depends on libpq
            """libpq's connection, for code that uses it without psycopg's."""

            @classmethod
            def connect(cls, conninfo: bytes) -> Any:
                guard.check_libpq(conninfo)
                return super().connect(conninfo)

            @classmethod
            def connect_start(cls, conninfo: bytes) -> Any:
                guard.check_libpq(conninfo)
                return super().connect_start(conninfo)

        psycopg.pq.PGconn = CheckedPGconn

    def _wrap_psycopg2(self, psycopg2: Any) -> None:
        connect = psycopg2._connect

        def checked(dsn: str, *rest: Any, **options: Any) -> Any:
            self.check_libpq((dsn or "").encode())
            return connect(dsn, *rest, **options)

        psycopg2._connect = checked

    def _wrap_asyncpg(self, asyncpg: Any) -> None:
        # uvloop's sockets are not Python's.
        utils = asyncpg.connect_utils
        connect = utils._connect_addr

        @functools.wraps(connect)
        async def checked(*, addr: object, **options: Any) -> Any:
            self._check_socket(addr)
            return await connect(addr=addr, **options)

        utils._connect_addr = checked

    def _wrap_psqlpy(self, psqlpy: Any) -> None:
        guard, pool_class = self, psqlpy.ConnectionPool

        class PoolType(type):
            """The type of a class that stands for psqlpy's, which older versions do not extend."""

            def __instancecheck__(cls, instance: object) -> bool:
                return isinstance(instance, pool_class)

        class ConnectionPool(metaclass=PoolType):
            """Makes psqlpy's pools, which connect when they are first used."""

            def __new__(cls, dsn: str | None = None, *rest: Any, **options: Any) -> Any:
                guard.check_psqlpy({"dsn": dsn, **options})
                return pool_class(dsn, *rest, **options)

        def checked(connect: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(connect)
            def call(dsn: str | None = None, *rest: Any, **options: Any) -> Any:
                self.check_psqlpy({"dsn": dsn, **options})
                return connect(dsn, *rest, **options)

            return call

        def refused() -> None:
            raise ForeignServer(
                self._refusal("a database server through psqlpy.ConnectionPoolBuilder")
            )

        psqlpy.ConnectionPool = ConnectionPool
        psqlpy.ConnectionPoolBuilder = refused
        for name in ("connect", "connect_pool"):
            if hasattr(psqlpy, name):
                setattr(psqlpy, name, checked(getattr(psqlpy, name)))

    def _wrap_mysqlclient(self, driver: Any) -> None:
        connect = driver.connect

        def checked(host: str = "localhost", *rest: Any, **options: Any) -> Any:
            path = options.get("unix_socket", "")
            self.check(path or host, "" if path else str(options.get("port", _MYSQL_PORT)))
            return connect(host, *rest, **options)

        driver.connect = checked

    def _wrap_other(self, driver: Any) -> None:
        def refused(*_: object, **__: object) -> None:
            raise ForeignServer(self._refusal(f"a database through {driver.__name__}"))

        driver.connect = refused


def replace_everywhere(package: str, original: object, replacement: object) -> None:
    """Replace a function in every module of a package that has imported it."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == package:
            for attribute, value in list(vars(module).items()):
                if value is original:
                    setattr(module, attribute, replacement)


def user_line(frame: FrameType | None) -> tuple[str, str] | None:
    """Return the innermost line of the project on the stack, as "file:line in function", and it."""
    while frame is not None:
        file = frame.f_code.co_filename
        if is_project_file(file):
            line = linecache.getline(file, frame.f_lineno).strip()
            return f"{shown(file)}:{frame.f_lineno} in {frame.f_code.co_name}", line
        frame = frame.f_back
    return None


def is_project_file(file: str) -> bool:
    """Return whether a file belongs to the project, and not to a library or to Understudy."""
    own = str(Path(__file__).parents[1])
    return not file.startswith(("<", own, *_LIBRARIES)) and "site-packages" not in file


def shown(file: str) -> str:
    """Return the path of a file, relative to the project's folder if it is below it."""
    path, root = Path(file).resolve(), os.environ[ROOT_VARIABLE]
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else file


def _is_own(frame: FrameType | None) -> bool:
    """Return whether Understudy itself connects."""
    while frame is not None:
        if frame.f_code.co_filename == own_connection.__file__:
            return True
        frame = frame.f_back
    return False


def _driver_on_stack(frame: FrameType | None) -> bool:
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.partition(".")[0] in _PYTHON_DRIVERS:
            return True
        frame = frame.f_back
    return False


def imported(name: str) -> ModuleType | None:
    """Return a module; None if it is not installed, or cannot be imported."""
    if importlib.util.find_spec(name) is None:
        return None
    try:
        return importlib.import_module(name)
    except ImportError:
        return None  # as it will be for the project


def _at(values: Iterable[str], place: int) -> str:
    """Return a value of a list like libpq's, in which a single value stands for all."""
    known = list(values)
    return known[place] if place < len(known) else known[0] if len(known) == 1 else ""
