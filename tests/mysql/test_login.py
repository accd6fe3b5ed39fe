"""A client's login and the answers that it reads, packet by packet."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from understudy.mysql import handshake, packets
from understudy.mysql.fields import Malformed
from understudy.mysql.handshake import CACHING_SHA2, NATIVE, Capability, Greeting
from understudy.mysql.login import USUAL, log_in
from understudy.mysql.packets import Err, Ok, Prepared, Status
from understudy.mysql.results import read_prepared, read_result
from understudy.mysql.types import Column, Type
from understudy.pg.errors import ServerError

NONCE, OTHER = bytes(range(1, 21)), bytes(range(21, 41))
OK = packets.ok(Ok(status=2))
DENIED = packets.err(Err(1045, "28000", "Access denied"))
DEFINITION = packets.column_definition(Column("a", Type.LONG))
EOF, MORE = packets.eof(2), packets.eof(2 | Status.MORE_RESULTS)


def greeted(plugin: str, *, is_private: bool = True) -> Generator[bytes | None, bytes, Any]:
    steps = log_in("ana", "secret", "shop", is_private=is_private)
    next(steps)
    capabilities = USUAL | Capability.CONNECT_WITH_DB | Capability.SSL
    packet = handshake.greeting(Greeting("8.4.3", 7, NONCE, capabilities, plugin=plugin))
    answer = steps.send(packet)
    assert answer is not None
    response = handshake.read_response(answer)
    assert (response.user, response.database) == ("ana", "shop")
    known = plugin if plugin in (NATIVE, CACHING_SHA2) else NATIVE
    assert (response.plugin, response.proof) == (known, handshake.proof(known, "secret", NONCE))
    return steps


def ended(
    steps: Generator[None, bytes, Any] | Generator[bytes | None, bytes, Any], *sent: bytes
) -> Any:
    for packet in sent[:-1]:
        steps.send(packet)
    with pytest.raises(StopIteration) as end:
        steps.send(sent[-1])
    return end.value.value


def test_a_login_with_the_native_password() -> None:
    greeting, agreed = ended(greeted(NATIVE), OK)
    assert greeting.version == "8.4.3"
    assert agreed == USUAL | Capability.CONNECT_WITH_DB


def test_a_login_on_the_fast_path() -> None:
    steps = greeted(CACHING_SHA2)
    assert steps.send(handshake.FAST_AUTHENTICATION) is None
    ended(steps, OK)


def test_the_password_itself_is_sent_where_nobody_reads_along() -> None:
    steps = greeted(CACHING_SHA2)
    assert steps.send(handshake.FULL_AUTHENTICATION) == b"secret\0"
    ended(steps, OK)


def test_the_password_itself_is_not_sent_elsewhere() -> None:
    with pytest.raises(ServerError) as raised:
        greeted(CACHING_SHA2, is_private=False).send(handshake.FULL_AUTHENTICATION)
    assert raised.value.fields.message == (
        "Authentication plugin 'caching_sha2_password' reported error: the server asks for the "
        "password itself, which Understudy sends over a Unix socket only"
    )


@pytest.mark.parametrize("plugin", [NATIVE, CACHING_SHA2])
def test_a_server_may_want_another_plugin(plugin: str) -> None:
    steps = greeted("auth_gssapi_client")
    answer = steps.send(handshake.switch(plugin, OTHER))
    assert answer == handshake.proof(plugin, "secret", OTHER)
    ended(steps, OK)


def test_a_plugin_that_is_unknown() -> None:
    with pytest.raises(ServerError, match="'dialog' cannot be loaded"):
        greeted(NATIVE).send(handshake.switch("dialog", OTHER))


def test_a_login_that_is_refused() -> None:
    with pytest.raises(ServerError, match="Access denied"):
        greeted(NATIVE).send(DENIED)
    steps = log_in("ana", "", is_private=True)
    next(steps)
    with pytest.raises(ServerError, match="Too many connections"):
        steps.send(packets.err(Err(1040, "", "Too many connections"), before_login=True))


def result(*sent: bytes, deprecate_eof: bool = False) -> Any:
    steps = read_result(deprecate_eof=deprecate_eof)
    next(steps)
    return ended(steps, *sent)


def test_rows_are_read_with_and_without_eof() -> None:
    found = result(b"\1", DEFINITION, EOF, b"\x017", EOF)
    assert (found.columns, found.rows, found.status) == ([DEFINITION], [b"\x017"], 2)
    end = packets.ok(Ok(status=34, warnings=1), header=0xFE)
    found = result(b"\1", DEFINITION, b"\x017", end, deprecate_eof=True)
    assert (found.rows, found.status, found.warnings) == ([b"\x017"], 34, 1)


def test_a_change_is_read() -> None:
    found = result(packets.ok(Ok(3, 7, 2, 1, b"Rows matched: 3")))
    assert (found.affected, found.last_insert_id, found.warnings) == (3, 7, 1)
    assert (found.columns, found.info) == (None, "Rows matched: 3")


def test_errors_are_read_first_and_after_rows() -> None:
    assert result(DENIED).error.fields.code == 1045
    found = result(b"\1", DEFINITION, EOF, b"\x017", DENIED)
    assert (found.rows, found.error.fields.sqlstate) == ([b"\x017"], "28000")


def test_the_results_of_a_call_are_read() -> None:
    found = result(b"\1", DEFINITION, EOF, b"\x017", MORE, OK)
    assert [part.columns for part in found.following] == [None]
    found = result(b"\1", DEFINITION, EOF, MORE, DENIED)
    assert found.following[0].error.fields.code == 1045


def test_a_request_for_a_file_is_refused() -> None:
    steps = read_result(deprecate_eof=False)
    next(steps)
    with pytest.raises(Malformed):
        steps.send(b"\xfb/etc/passwd")


def test_a_prepared_statement_is_read() -> None:
    head = Prepared(5, 1, 2)
    steps = read_prepared(deprecate_eof=False)
    next(steps)
    found = ended(steps, packets.prepared(head), DEFINITION, DEFINITION, EOF, DEFINITION, EOF)
    assert found == (head, [DEFINITION] * 2, [DEFINITION])
    steps = read_prepared(deprecate_eof=True)
    next(steps)
    with pytest.raises(ServerError):
        steps.send(DENIED)
