"""The address of a server, as a URL."""

from __future__ import annotations

import pytest

from understudy.mysql_server.address import Address, read_url
from understudy.mysql_server.errors import MysqlUnavailable

ADDRESS = Address("db.example", 3307, "ana@x", "p/w:?", "app", "/run/my sql/s")


def test_a_url_is_read_as_it_was_written() -> None:
    assert read_url(ADDRESS.url) == ADDRESS


def test_a_url_for_a_message_has_no_password() -> None:
    assert ADDRESS.shown == "mysql://ana%40x:***@db.example:3307/app?unix_socket=/run/my%20sql/s"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mysql://localhost", Address("localhost")),
        ("mysql+aiomysql://u:p@h/d", Address("h", 3306, "u", "p", "d")),
        ("mariadb://u@[::1]:3307/", Address("::1", 3307, "u")),
    ],
)
def test_what_a_url_leaves_out(url: str, address: Address) -> None:
    assert read_url(url) == address


@pytest.mark.parametrize("url", ["postgresql://u:secret@h/d", "mysql://u:secret@h:port/d"])
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(MysqlUnavailable) as raised:
        read_url(url)

    assert str(raised.value) == (
        f"{url.replace('secret', '***')!r} is not the URL of a MySQL or MariaDB.\n"
        "Expected mysql://user:password@host:3306/database."
    )


@pytest.mark.parametrize(
    "demand", ["ssl-mode=REQUIRED", "ssl_mode=VERIFY_CA", "ssl=true", "ssl_ca=/ca.pem"]
)
def test_a_url_that_asks_for_tls_is_refused(demand: str) -> None:
    with pytest.raises(MysqlUnavailable) as raised:
        read_url(f"mysql://u:secret@h/d?{demand}")

    assert str(raised.value) == (
        f"'mysql://u:***@h/d?{demand}' asks for TLS, and Understudy connects to MySQL without it.\n"
        f"Take {demand} out if the server may be reached without TLS; without a URL, "
        "Understudy starts a server of its own."
    )


@pytest.mark.parametrize("query", ["ssl_mode=DISABLED", "ssl=false", "charset=utf8mb4"])
def test_a_url_that_does_not_ask_for_tls(query: str) -> None:
    assert read_url(f"mysql://u@h/d?{query}") == Address("h", 3306, "u", "", "d")
