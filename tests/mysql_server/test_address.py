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
