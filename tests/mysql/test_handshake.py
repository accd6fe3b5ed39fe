from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.mysql import charsets, handshake
from understudy.mysql.fields import Malformed
from understudy.mysql.handshake import CACHING_SHA2, NATIVE, Capability, Greeting, Response

NONCE = bytes(range(1, 21))
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def test_the_greeting_of_mariadb_is_read_and_written() -> None:
    sent = bytes.fromhex(
        "0a352e352e352d31302e31312e31382d4d61726961444200"  # the version
        "0b0000004d5544362244702a00fef7080200ff8115" "000000000000" "1d000000"
        "7b5162795c3e5f457953746c00"
    ) + b"mysql_native_password\0"  # fmt: skip
    found = handshake.read_greeting(sent)
    assert found.version == "5.5.5-10.11.18-MariaDB"
    assert (found.connection, found.plugin, len(found.nonce)) == (11, NATIVE, 20)
    assert found.capabilities & Capability.DEPRECATE_EOF
    # MariaDB has capabilities of its own in bytes that are zero in MySQL.
    assert handshake.greeting(found) == sent.replace(b"\x1d\0\0\0", bytes(4))


@pytest.mark.parametrize("plugin", [NATIVE, CACHING_SHA2])
def test_a_greeting_comes_back(plugin: str) -> None:
    packet = Greeting("8.4.3", 7, NONCE, 0x81FF_F7FE & 0xFFFF_FFFF, plugin=plugin)
    assert handshake.read_greeting(handshake.greeting(packet)) == packet


@given(NAMES, st.binary(max_size=32), NAMES, st.lists(st.tuples(st.text("ab"), NAMES)).map(tuple))
def test_a_response_comes_back(
    user: str, proof: bytes, database: str, attributes: tuple[tuple[str, str], ...]
) -> None:
    flags = (
        Capability.PROTOCOL_41
        | Capability.PLUGIN_AUTH
        | Capability.PLUGIN_AUTH_LENENC
        | Capability.CONNECT_WITH_DB
        | Capability.CONNECT_ATTRS
    )
    packet = Response(flags, 45, user, proof, database, CACHING_SHA2, attributes)
    assert handshake.read_response(handshake.response(packet)) == packet


def test_a_client_older_than_mysql_4_1_is_malformed() -> None:
    with pytest.raises(Malformed):
        handshake.read_response(bytes(32))


@given(st.binary(max_size=80))
def test_bytes_that_are_no_handshake_are_malformed_and_nothing_else(data: bytes) -> None:
    for read in (
        handshake.read_greeting,
        handshake.read_response,
        handshake.read_switch,
        lambda data: handshake.read_change_user(data, 0xFFFF_FFFF),
    ):
        with contextlib.suppress(Malformed):
            read(data)


def test_a_request_for_tls_has_no_user() -> None:
    flags = Capability.SSL | Capability.PROTOCOL_41
    assert handshake.is_tls_request(flags.to_bytes(4, "little") + bytes(28))
    assert not handshake.is_tls_request(flags.to_bytes(4, "little") + bytes(40))


def test_a_switch_to_another_plugin_comes_back() -> None:
    assert handshake.read_switch(handshake.switch(NATIVE, NONCE)) == (NATIVE, NONCE)


def test_the_proof_is_the_one_of_pymysql() -> None:
    pymysql = pytest.importorskip("pymysql._auth", reason="PyMySQL is an extra")
    assert handshake.proof(NATIVE, "sécret", NONCE) == pymysql.scramble_native_password(
        "sécret".encode(), NONCE
    )
    assert handshake.proof(CACHING_SHA2, "sécret", NONCE) == pymysql.scramble_caching_sha2(
        "sécret".encode(), NONCE
    )
    assert handshake.proof(NATIVE, "", NONCE) == b""


def test_a_character_set_is_found_by_its_names_and_collations() -> None:
    found = charsets.by_name("UTF8")
    assert found is not None
    assert found.name == "utf8mb3"
    for number in (45, 46, 224, 255):
        assert charsets.by_collation(number) == charsets.by_name("utf8mb4")
    assert charsets.by_name("klingon") is None
    assert charsets.by_collation(9999) is None
