"""How a connection begins: encryption declined, the startup packet, the password."""

from __future__ import annotations

import re
import struct
from collections.abc import Generator
from typing import Any

from understudy.fake_postgres.protocol import backend_messages, errors, frontend_messages
from understudy.fake_postgres.protocol.backend import MORE, Backend, Work
from understudy.fake_postgres.protocol.scram import MECHANISM, Exchange
from understudy.serving.waits import ConnectionDropped, Pending

_CODE = struct.Struct("!HH")
_CANCEL = struct.Struct("!II")
_SSL = (1234, 5679)
_GSS = (1234, 5680)
_CANCEL_REQUEST = (1234, 5678)
_PASSWORD = ord("p")
_SASL, _SASL_CONTINUE, _SASL_FINAL = 10, 11, 12


def start(backend: Backend) -> Work:
    """Begin a connection, up to the first ReadyForQuery.

    Raises:
        ServerError: it is refused.
        ConnectionDropped: it was made for a CancelRequest, which is then in `backend`.
    """
    minor, options = yield from _startup_packet(backend)
    backend.started = True
    connection = backend.connection
    unknown = [name for name in options if name.startswith("_pq_.")]
    newest = 2 if int(backend.server_options.version.partition(".")[0]) >= 18 else 0
    if minor > newest or unknown:
        backend.send(backend_messages.negotiate_version(min(minor, newest), unknown))
    connection.user = options.get("user", "")
    if not connection.user:
        raise errors.fatal("28000", "no PostgreSQL user name specified in startup packet")
    connection.database = options.get("database") or connection.user
    if options.get("replication", "").lower() not in ("", "0", "off", "false", "no"):
        raise errors.unsupported("fake_postgres has no replication connections", severity="FATAL")
    admitted = backend.server_options.admit(connection)
    while isinstance(admitted, Pending):
        admitted = yield admitted
    login = backend.server_options.login
    is_known = login.user in (None, connection.user)
    if login.password is not None:
        yield from _authenticate(backend, login.password, login.hint, is_known=is_known)
    backend.send(backend_messages.AUTHENTICATION_OK)
    if not is_known:
        raise errors.fatal("28000", f'role "{connection.user}" does not exist')
    if login.database not in (None, connection.database):
        raise errors.fatal("3D000", f'database "{connection.database}" does not exist')
    given = _switches(options.get("options", ""))
    own = ("user", "database", "options", "replication", *unknown)
    given |= {name: value for name, value in options.items() if name not in own}
    connection.options = given
    first: Any = None if backend.forwarder is None else backend.forwarder.log_in(connection)
    while isinstance(first, Pending):
        first = yield first
    if first is None:
        defaults = backend.server_options.defaults(connection.user)
        backend.settings.start(given, connection.user, defaults)
    else:
        backend.settings.begin_with(first)
        backend.settings_are_forwarded = True
    backend.touched = True  # what is set now is what a rollback comes back to
    for name, value in backend.settings.changes():
        backend.send(backend_messages.parameter_status(name, value))
    backend.send(backend_messages.backend_key_data(connection.pid, connection.secret))
    connection.note_completed("")
    backend.ready()


def _startup_packet(backend: Backend) -> Generator[Any, Any, tuple[int, dict[str, str]]]:
    """Take packets until the startup packet; return its minor version and its options."""
    asked = set()
    while True:
        _, body = yield MORE
        version: tuple[int, int] = _CODE.unpack_from(body)
        if version == _CANCEL_REQUEST:
            if len(body) >= 12:
                backend.cancel_request = _CANCEL.unpack_from(body, 4)
            raise ConnectionDropped
        if version in (_SSL, _GSS) and version not in asked:
            asked.add(version)
            backend.send(backend_messages.NOT_HERE)
        elif version[0] != 3:
            asked_for = f"{version[0]}.{version[1]}"
            raise errors.fatal(
                "0A000", f"unsupported frontend protocol {asked_for}: server supports 3.0 to 3.2"
            )
        else:
            return version[1], _options(body[4:])


def _options(data: bytes) -> dict[str, str]:
    """Read the names and values of a startup packet."""
    options: dict[str, str] = {}
    position = 0
    while position < len(data):
        name, after = _string(data, position)
        if not name or after >= len(data):
            break
        options[name], position = _string(data, after)
    if position != len(data) - 1:
        raise errors.fatal(
            "08P01", "invalid startup packet layout: expected terminator as last byte"
        )
    return options


def _string(data: bytes, start: int) -> tuple[str, int]:
    end = data.find(b"\0", start)
    end = len(data) if end < 0 else end
    return data[start:end].decode(errors="replace"), end + 1


def _switches(text: str) -> dict[str, str]:
    """Read the command line that a startup packet may bring: `-c name=value --name=value`."""
    words = [re.sub(r"\\(.)", r"\1", word) for word in re.findall(r"(?:\\.|\S)+", text)]
    found: dict[str, str] = {}
    while words:
        word = words.pop(0)
        if word == "-c" and words:
            setting = words.pop(0)
            shown = f"-c {setting}"
        elif word.startswith(("-c", "--")):
            setting, shown = word[2:], word
        else:
            raise errors.fatal("42601", f"invalid command-line argument for server process: {word}")
        name, separator, value = setting.partition("=")
        if not separator:
            raise errors.fatal("42601", f"{shown} requires a value")
        found[name.replace("-", "_")] = value
    return found


def _authenticate(backend: Backend, password: str, hint: str | None, *, is_known: bool) -> Work:
    """Have the client prove that it knows the password.

    Args:
        backend: its connection.
        password: the password.
        hint: what a known client is told that does not know it.
        is_known: whether there is such a user; who is not is told no sooner than others.

    Raises:
        ServerError: it does not know it, or nobody knows the client.
    """
    exchange = Exchange(password)
    backend.send(backend_messages.sasl(_SASL, backend_messages.text(MECHANISM) + b"\0"))
    body = yield from _response()
    mechanism, _, rest = body.partition(b"\0")
    if mechanism.decode(errors="replace") != MECHANISM:
        raise errors.fatal("08P01", "client selected an invalid SASL authentication mechanism")
    answer = exchange.first(frontend_messages.decode(rest[4:]))
    backend.send(backend_messages.sasl(_SASL_CONTINUE, answer.encode()))
    body = yield from _response()
    proof = exchange.final(frontend_messages.decode(body))
    if proof is None or not is_known:
        user = backend.connection.user
        text = f'password authentication failed for user "{user}"'
        raise errors.fatal("28P01", text, hint=hint if is_known else None)
    backend.send(backend_messages.sasl(_SASL_FINAL, proof.encode()))


def _response() -> Generator[Any, Any, bytes]:
    kind, body = yield MORE
    if kind != _PASSWORD:
        raise errors.fatal("08P01", f"expected SASL response, got message type {kind}")
    assert isinstance(body, bytes)
    return body
