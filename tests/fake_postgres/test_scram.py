from __future__ import annotations

import base64

import pytest

from tests.fake_postgres.frontend import Message, message, query, read, startup
from tests.fake_postgres.responders import Known
from understudy.fake_postgres.protocol.login import ServerOptions
from understudy.fake_postgres.protocol.session import Session
from understudy.serving.login import Login


@pytest.fixture
def session() -> Session:
    session = Known().connect(ServerOptions(login=Login(password="secret")))
    assert session.feed(startup()) == message(b"R", b"\0\0\0\x0aSCRAM-SHA-256\0\0")
    return session


def first(text: str, mechanism: str = "SCRAM-SHA-256") -> bytes:
    body = mechanism.encode() + b"\0" + len(text).to_bytes(4, "big") + text.encode()
    return message(b"p", body)


def fatal(text: str, sqlstate: str = "08P01", **more: str) -> list[Message]:
    return [("E", {"V": "FATAL", "C": sqlstate, "M": text, **more})]


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (query("select 1"), "expected SASL response, got message type 81"),
        (first("n,,n=,r=abc", "PLAIN"), "client selected an invalid SASL authentication mechanism"),
        (
            first("p=tls-server-end-point,,n=,r=abc"),
            "client requires SCRAM channel binding, but it is not supported",
        ),
        (first("n,,n="), "malformed SCRAM message"),
        (first("n,a=x,n=,r=abc"), "malformed SCRAM message"),
        (first("z,,n=,r=abc"), "malformed SCRAM message"),
        (first(""), "malformed SCRAM message"),
        (message(b"p"), "client selected an invalid SASL authentication mechanism"),
    ],
)
def test_a_first_message_that_is_none(session: Session, step: bytes, text: str) -> None:
    assert read(session.feed(step)) == fatal(text)
    assert session.closed


def nonce_of(session: Session) -> str:
    answer = session.feed(first("n,,n=,r=abc"))
    assert answer[:9] == b"R" + len(answer[1:]).to_bytes(4, "big") + b"\0\0\0\x0b"
    nonce, salt, iterations = answer[9:].decode().split(",")
    assert nonce.startswith("r=abc")
    assert len(base64.b64decode(salt.removeprefix("s="))) == 16
    assert iterations == "i=1"
    return nonce


@pytest.mark.parametrize("proof", ["", "!", base64.b64encode(bytes(32)).decode(), "YQ=="])
def test_a_proof_that_is_none(session: Session, proof: str) -> None:
    said = read(session.feed(message(b"p", f"c=biws,{nonce_of(session)},p={proof}".encode())))
    if proof == "!":
        assert said == fatal("malformed SCRAM message")
    else:
        assert said == fatal('password authentication failed for user "postgres"', "28P01")
    assert session.closed


@pytest.mark.parametrize("final", ["", "c=biws,r=abc", "c=biws,p=YQ==", "r=abc,p=YQ=="])
def test_a_final_message_that_is_none(session: Session, final: str) -> None:
    nonce_of(session)
    assert read(session.feed(message(b"p", final.encode()))) == fatal("malformed SCRAM message")


@pytest.mark.parametrize("binding", ["biws", "eSws"])
def test_a_final_message_of_another_exchange(session: Session, binding: str) -> None:
    nonce = nonce_of(session) if binding == "eSws" else "r=other"
    if binding == "biws":
        nonce_of(session)
    final = f"c={binding},{nonce},p=YQ=="
    assert read(session.feed(message(b"p", final.encode()))) == fatal(
        "invalid SCRAM response", D="Nonce does not match."
    )


def test_two_connections_never_get_the_same_nonce() -> None:
    known = Known()
    sessions = [known.connect(ServerOptions(login=Login(password="secret"))) for _ in range(2)]
    for session in sessions:
        session.feed(startup())
    assert nonce_of(sessions[0]) != nonce_of(sessions[1])
